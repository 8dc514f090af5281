// SPDX-License-Identifier: MIT
#pragma once

#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "fermata/machine/machine.hpp"
#include "fermata/riscv/types.hpp"
#include "guests/machine/options/options.hpp"

namespace fermata::machine_program {

/// What `-d` asks for, one line each with its instant, to standard error or the file of `-D`. One thread.
class EventLog final : public riscv::HartObserver {
 public:
  /// Throws base::Error (host_failure) if the file cannot be written.
  explicit EventLog(LogOption option);

  /// The observer for a machine's config; null if neither traps nor instructions are logged.
  [[nodiscard]] riscv::HartObserver* hart_observer() { return option_.interrupts || option_.executed ? this : nullptr; }
  /// Begins to log of this machine, which outlives it.
  void connect(machine::Machine& machine);

  void trapped(std::uint64_t hart, const riscv::Trap& trap) override;
  /// Where an instruction is executed, and when it begins.
  struct Place {
    time::Instant at;
    std::uint64_t hart = 0;
    std::uint64_t pc = 0;
  };
  /// One instruction at most is about to be executed: this one, or if traps come first, that where they lead.
  void begin_step(const Place& next) { step_ = next; }
  /// Logs it if it was.
  void end_step(bool is_executed);
  void write(std::string_view text);
  /// Writes out what is left.
  void finish();
  /// True if something could not be written; standard error was told.
  [[nodiscard]] bool has_lost_output() const { return has_lost_output_; }
  [[nodiscard]] const LogOption& option() const { return option_; }

 private:
  struct Closer {
    void operator()(std::FILE* file) const { static_cast<void>(std::fclose(file)); }
  };
  [[nodiscard]] std::string now() const;
  void write_executed(const Place& place);
  void tell_lost_output(int error);

  LogOption option_;
  std::unique_ptr<std::FILE, Closer> file_;
  machine::Machine* machine_ = nullptr;
  std::optional<Place> step_;  // not logged yet
  bool has_lost_output_ = false;
};

}  // namespace fermata::machine_program
