// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "fermata/bus/registers.hpp"
#include "fermata/clock/timer.hpp"
#include "fermata/time/frequency.hpp"

namespace fermata::device {

/// Software and timer interrupts of a machine's harts, and its time (RISC-V ACLINT specification: MSWI and MTIMER, laid
/// out in one window as in the older CLINT and in QEMU's virt board): msip at 0x0, 4 bytes a hart; mtimecmp at 0x4000,
/// 8 bytes a hart; mtime at 0xbff8; accesses of 4 and 8 bytes.
///
/// As in QEMU: mtimecmp is 0 after reset, so the timer interrupts are pending then; a write of mtimecmp arms the
/// interrupt in whole ticks from the instant of the write, so it may come up to a tick after mtime has reached it. An
/// mtimecmp that virtual time never reaches, 2^64 - 1 for one, is no deadline.
class Aclint final : public bus::Device, public bus::Window {
 public:
  static constexpr std::uint64_t window_size = 0x10000;
  static constexpr unsigned max_harts = 4095;

  struct Config {
    std::string name = "aclint";
    time::Frequency timebase{10'000'000};
  };
  /// The lines into one hart; both outlive the device.
  struct HartLines {
    bus::IrqLine* software = nullptr;
    bus::IrqLine* timer = nullptr;
  };

  /// Needs `ports.timers`. One hart for each element of `harts`; base::BadArgument if there is none or too many.
  Aclint(Config config, const bus::Ports& ports, std::vector<HartLines> harts);

  [[nodiscard]] std::string_view name() const override { return config_.name; }
  void reset() override;
  void save(state::Writer& writer) const override;
  void load(state::Reader& reader) override;

  [[nodiscard]] std::uint64_t read(bus::Address offset, unsigned size) override;
  void write(bus::Address offset, unsigned size, std::uint64_t value) override;
  [[nodiscard]] bus::AccessRules rules() const override { return {.min_size = 4, .max_size = 8}; }

  /// mtime now, as the window gives it: for the harts' time CSR.
  [[nodiscard]] std::uint64_t read_mtime() const;

  [[nodiscard]] static std::string describe_registers();

 private:
  struct HartTimer {
    HartLines lines;
    std::uint64_t mtimecmp = 0;
    std::unique_ptr<clock::Timer> timer;
  };
  static const bus::Register<Aclint> table[3];

  [[nodiscard]] time::Instant now() const;
  [[nodiscard]] std::uint64_t ticks() const;
  [[nodiscard]] std::optional<time::Instant> instant_after(std::uint64_t ticks) const;
  [[nodiscard]] HartTimer* hart(unsigned index, std::string_view what);
  void set_mtimecmp(HartTimer& hart, std::uint64_t value);

  std::uint64_t read_msip(unsigned index);
  void msip_written(unsigned index, std::uint64_t value);
  std::uint64_t read_mtimecmp(unsigned index);
  void mtimecmp_written(unsigned index, std::uint64_t value);
  std::uint64_t read_mtime_register(unsigned index);
  void mtime_written(unsigned index, std::uint64_t value);

  Config config_;
  bus::Ports ports_;
  bus::Registers<Aclint> registers_;
  std::vector<HartTimer> harts_;
  std::uint64_t mtime_offset_ = 0;  // added to the ticks of the clock, modulo 2^64
};

}  // namespace fermata::device
