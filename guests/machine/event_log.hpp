// SPDX-License-Identifier: MIT
#pragma once

#include <cstdio>
#include <memory>
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

  /// The observer for a machine's config; null if traps are not logged.
  [[nodiscard]] riscv::HartObserver* hart_observer() { return option_.interrupts ? this : nullptr; }
  /// Begins to log of this machine, which outlives it.
  void connect(machine::Machine& machine);

  void trapped(std::uint64_t hart, const riscv::Trap& trap) override;
  /// Where an instruction was executed, and when it began.
  struct Place {
    time::Instant at;
    std::uint64_t hart = 0;
    std::uint64_t pc = 0;
  };
  void executed(const Place& place);
  void write(std::string_view text);
  [[nodiscard]] const LogOption& option() const { return option_; }

 private:
  struct Closer {
    void operator()(std::FILE* file) const { static_cast<void>(std::fclose(file)); }
  };
  [[nodiscard]] std::string now() const;

  LogOption option_;
  std::unique_ptr<std::FILE, Closer> file_;
  machine::Machine* machine_ = nullptr;
};

}  // namespace fermata::machine_program
