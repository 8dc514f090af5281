// SPDX-License-Identifier: MIT
#include "tests/firmware/machine_emulator.hpp"

#include <algorithm>
#include <utility>

#include "fermata/base/error.hpp"

namespace fermata::firmware_test {
namespace {

// The grant is a call: its report is there when it returns.
constexpr host::HostDuration no_wait = host::HostDuration::zero();

std::string text_of(std::span<const std::byte> bytes) {
  std::string text;
  std::transform(bytes.begin(), bytes.end(), std::back_inserter(text),
                 [](std::byte byte) { return std::to_integer<char>(byte); });
  return text;
}

}  // namespace

MachineEmulator::MachineEmulator(machine::Config config)
    : guest_(std::move(config)), handle_(sim::Guest::attach(guest_.connect(), "the machine")) {
  machine().serial().set_receiver([this](time::Instant at, std::span<const std::byte> bytes) {
    received_.push_back({.at = at, .bytes = text_of(bytes)});
  });
}

std::vector<Output> MachineEmulator::advance(time::Duration span) {
  try {
    static_cast<void>(handle_.advance(span, no_wait));
  } catch (const base::Error& error) {
    if (error.code() != base::ErrorCode::peer_gone || received_.empty()) {
      throw;
    }
  }
  return std::exchange(received_, {});
}

void MachineEmulator::send(std::string_view bytes) {
  machine().serial().send(bytes);
  if (machine().serial().pending() > 0) {
    throw base::Error(base::ErrorCode::timed_out, "the guest's serial port did not take what was typed");
  }
}

int MachineEmulator::exit_status() {
  const auto& end = guest_.ended();
  if (!end || end->reason != machine::StopReason::powered_off) {
    throw base::Error(base::ErrorCode::peer_gone, "the machine did not power itself off");
  }
  return end->exit_status;
}

}  // namespace fermata::firmware_test
