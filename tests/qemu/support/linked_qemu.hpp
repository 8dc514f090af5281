// SPDX-License-Identifier: MIT
#pragma once

#include "fermata/sim/link_guest.hpp"
#include "tests/qemu/support/fixture.hpp"

namespace fermata::qemu_test {

/// What a serial line sent, with its instants in ns.
using Outputs = std::vector<std::pair<std::int64_t, std::string>>;
/// Put together.
[[nodiscard]] std::string text_of(const Outputs& outputs);

/// How a test guest on a real QEMU is linked.
struct LinkedOptions {
  std::string arch = "riscv64";
  std::string guest = "spin";
  std::vector<std::string> more{};      ///< further arguments of QEMU
  std::vector<std::string> channels{};  ///< besides the serial line "console"
  std::vector<int> descriptors{};       ///< that QEMU inherits
  sim::LinkOptions link{};
  /// Multi-threaded TCG whose time comes from there; otherwise one thread and counted instructions.
  std::optional<sim::TimeFrom> threads{};
};

/// A test guest on a real QEMU over link v1, its first serial port the channel "console".
class LinkedQemu {
 public:
  LinkedQemu(const Qemu& qemu, const LinkedOptions& options);
  sim::LinkGuest* operator->() { return &guest_; }
  sim::LinkGuest& operator*() { return guest_; }

  /// Grants `quantum` by `quantum` until `end`.
  void run_in_quanta(time::Instant end, time::Duration quantum);
  /// Grants `quantum` by `quantum` until what it has sent and nobody has taken yet has `what` in it, which is expected
  /// within 20 s of its time. Takes the outputs.
  Outputs run_until_it_says(const std::string& what, time::Duration quantum);
  /// What the guest has sent since this was asked last.
  Outputs take_outputs() { return std::exchange(*outputs_, {}); }
  /// What QEMU has printed so far.
  [[nodiscard]] std::string messages() const { return read_file(folder_.path("messages")); }

 private:
  TempFolder folder_;
  std::unique_ptr<Outputs> outputs_ = std::make_unique<Outputs>();
  sim::LinkGuest guest_;
};

}  // namespace fermata::qemu_test
