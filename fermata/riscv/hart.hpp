// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "fermata/bus/address_space.hpp"
#include "fermata/clock/instruction_time.hpp"
#include "fermata/riscv/code_cache.hpp"
#include "fermata/riscv/types.hpp"
#include "fermata/state/reader.hpp"
#include "fermata/state/writer.hpp"

namespace fermata::riscv {

namespace core {
struct HartState;
}
class ExecutionEngine;

/// One RISC-V hart: RV64GC, M, S and U mode, Sv39 and Sv48, PMP. Executes an exact number of instructions and says why
/// it stopped. Instructions are counted as QEMU counts them under -icount, so that virtual time is the same: an
/// instruction that faults in a load, store, fetch or CSR access is not counted, ECALL, EBREAK and an illegal
/// instruction are (though they do not retire: minstret leaves them out).
///
/// One thread, but for `leave`.
class Hart {
 public:
  struct Config {
    std::uint64_t id = 0;
    unsigned pmp_entries = 16;  ///< 0 to 16
  };
  /// What it is connected to; all outlive it. `time` is shared by all harts of a machine, `code` too.
  struct Ports {
    bus::AddressSpace* memory = nullptr;
    clock::InstructionTime* time = nullptr;
    CodeCache* code = nullptr;
    std::function<std::uint64_t()> read_mtime;  ///< for the time CSR
    HartObserver* observer = nullptr;           ///< may be null
  };

  Hart(const Config& config, const Ports& ports);
  ~Hart();
  Hart(const Hart&) = delete;
  Hart& operator=(const Hart&) = delete;

  [[nodiscard]] std::uint64_t id() const;
  /// Reset state, the next instruction at `pc`, in machine mode.
  void reset(std::uint64_t pc);

  /// Executes up to `budget` instructions, which begins at `time->executed()`; sets that before anything in the guest
  /// can look at the time, and at the end. Not from within a window.
  [[nodiscard]] RunResult run(std::uint64_t budget);
  /// Has `run` come back soon: after the present instruction if called from a window or an interrupt line's handler, at
  /// the next block of instructions if called from another thread. A call while it does not run has the next run come
  /// back at once.
  void leave();

  /// From within a window's read, where the rules allow it (bus::AccessRules::may_answer_later): the value comes later.
  /// The load is counted, `run` comes back after it, and is not to be called again before `finish_load`.
  void defer_load();
  /// True from `defer_load` until `finish_load`, `reset` or `load`. The hart is not to be saved meanwhile.
  [[nodiscard]] bool awaits_load() const;
  /// Gives the load that was deferred its value, of which it takes as many of the lower bytes as it loads.
  void finish_load(std::uint64_t value);

  void set_interrupt(Interrupt line, bool level);
  /// True if it waits in a WFI and nothing has ended that yet.
  [[nodiscard]] bool is_waiting() const;
  /// Ends an LR's reservation: another hart is about to run.
  void break_reservation();

  [[nodiscard]] std::uint64_t pc() const;
  void set_pc(std::uint64_t pc);
  [[nodiscard]] Privilege privilege() const;
  /// x0 to x31; x0 is 0 and ignores writes.
  [[nodiscard]] std::uint64_t x(unsigned index) const;
  void set_x(unsigned index, std::uint64_t value);
  /// The 64 bits of f0 to f31.
  [[nodiscard]] std::uint64_t f(unsigned index) const;
  void set_f(unsigned index, std::uint64_t value);
  /// A CSR as machine mode reads it; nothing if it does not exist.
  [[nodiscard]] std::optional<std::uint64_t> csr(unsigned number);

  void save(state::Writer& writer) const;
  void load(state::Reader& reader);

 private:
  std::unique_ptr<core::HartState> state_;
  std::unique_ptr<ExecutionEngine> engine_;
  bool is_running_ = false;
};

}  // namespace fermata::riscv
