// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "fermata/guest/kept_clocks.hpp"
#include "fermata/guest/pending_inputs.hpp"
#include "fermata/wire/link/guest_session.hpp"
#include "guests/qemu/agent/device/device_in_qemu.hpp"
#include "guests/qemu/agent/held_machine.hpp"
#include "guests/qemu/agent/link/end.hpp"
#include "guests/qemu/stock/qemu_host.hpp"

namespace fermata::qemu::link {

/// How a window's reads wait on `machine`, which outlives it.
[[nodiscard]] inline WindowEnd::Wait wait_on(HeldMachine& machine) {
  return {.may_wait = [&machine] { return machine.may_wait_within_instruction(); },
          .until = [&machine](const auto& is_answered) { return machine.wait_within_instruction(is_answered); }};
}

/// A QEMU's devices as channels of a link v1 session (docs/protocol.md): gives inputs at their instants, tells outputs
/// with theirs, has QEMU make checkpoints.
///
/// Thread rule: the session belongs to the thread that obeys the simulator, or to the main thread while the vCPUs have
/// stopped. What a device sends where the machine is not exact (in QEMU's main thread; anywhere, if each vCPU has a
/// thread) waits until the machine stands, and is stamped with where that is.
class Channels final : public wire::link::GuestSession::Port, public Inputs {
 public:
  /// Of a machine that counts instructions; one with a thread for each vCPU is not exact and tells no progress.
  static constexpr std::uint32_t abilities = wire::link::ability_exact | wire::link::ability_reactive |
                                             wire::link::ability_present | wire::link::ability_checkpoints |
                                             wire::link::ability_raise | wire::link::ability_progress;
  static constexpr std::uint32_t threaded_abilities =
      abilities & ~(wire::link::ability_exact | wire::link::ability_progress);
  static constexpr std::size_t most_checkpoints = 64;

  /// All outlive it. The ends are the channels 1, 2, 3 ...
  Channels(QemuHost& host, HeldMachine& machine, Snapshots& snapshots, std::vector<std::unique_ptr<End>> ends);

  /// A device of ours in the guest's machine, which is reset, saved and restored with it.
  void add_device(DeviceInQemu& device) { devices_.push_back(&device); }
  /// The session whose port this is, which says that the machine has these abilities; once, to go before this does.
  /// With `clocks` it can be told to keep to others of them.
  [[nodiscard]] std::unique_ptr<wire::GuestSession> make_session(const std::string& name, std::uint32_t with,
                                                                 const guest::KeptClocks* clocks = nullptr);

  // wire::link::GuestSession::Port
  /// Throws base::Error (protocol_violation) for an answer to no read, which the session refuses.
  void input(const wire::link::Datum& input) override;
  void checkpoint(const std::string& name) override;
  void restore(const std::string& name) override;

  // Inputs
  [[nodiscard]] std::optional<time::Instant> next() const override { return inputs_.next(); }
  void deliver(time::Instant now) override;
  void standing(time::Instant now) override;
  void waiting() override;
  [[nodiscard]] time::Instant last_output() const override { return last_output_; }
  void reset() override;

 private:
  struct Saved {
    time::Instant now;
    std::vector<std::byte> bytes;
  };
  struct Late {
    std::uint16_t channel;
    std::vector<std::byte> payload;
  };

  [[nodiscard]] bool must_wait(std::uint16_t channel) const;
  void output(std::uint16_t channel, std::span<const std::byte> payload);
  void keep(std::uint16_t channel, std::span<const std::byte> payload);
  void tell(std::uint16_t channel, time::Instant at, std::span<const std::byte> payload);
  [[nodiscard]] std::string why_not_saved(const std::string& name) const;
  [[nodiscard]] Saved save() const;
  void load(const Saved& saved);
  [[nodiscard]] std::function<void(std::string)> when_done();
  void finish(const std::string& error);

  QemuHost* host_;
  HeldMachine* machine_;
  Snapshots* snapshots_;
  std::vector<std::unique_ptr<End>> ends_;
  std::vector<DeviceInQemu*> devices_;
  guest::PendingInputs inputs_;
  wire::link::GuestSession* session_ = nullptr;

  time::Instant last_output_;
  std::vector<Late> late_;          // not told yet; under QEMU's lock
  std::vector<std::size_t> kept_;   // by channel: its bytes in late_
  std::vector<std::size_t> rooms_;  // by channel: bytes of output before the machine is to stand
  bool has_told_late_ = false;

  std::map<std::string, Saved> checkpoints_;
  std::string underway_;         // the checkpoint that is made or restored
  std::optional<Saved> saving_;  // if it is made
  std::string error_;            // valid once is_done_
  std::atomic<bool> is_done_{false};
};

}  // namespace fermata::qemu::link
