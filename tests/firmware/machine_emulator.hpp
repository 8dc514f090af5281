// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "fermata/machine/in_process_guest.hpp"
#include "fermata/sim/guest.hpp"
#include "tests/firmware/emulator.hpp"

namespace fermata::firmware_test {

/// An embedded machine in this process, its UART as the serial port. Instants of output are exact.
class MachineEmulator final : public Emulator {
 public:
  explicit MachineEmulator(machine::Config config);

  std::vector<Output> advance(time::Duration span) override;
  [[nodiscard]] time::Instant now() const override { return handle_.now(); }
  void send(std::string_view bytes) override;
  [[nodiscard]] int exit_status() override;

  [[nodiscard]] machine::Machine& machine() { return guest_.machine(); }

 private:
  std::vector<Output> received_;
  machine::InProcessGuest guest_;
  sim::Guest handle_;
};

}  // namespace fermata::firmware_test
