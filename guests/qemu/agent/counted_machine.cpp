// SPDX-License-Identifier: GPL-2.0-or-later
#include <cstdlib>
#include <optional>

#include "guests/qemu/agent/icount_executor.hpp"
#include "guests/qemu/agent/link/channels.hpp"
#include "guests/qemu/agent/link/stock_channels.hpp"
#include "guests/qemu/agent/machine.hpp"
#include "guests/qemu/stock/doctor.hpp"
#include "guests/qemu/stock/quiet_clock.hpp"

namespace fermata::qemu {
namespace {

class CountedMachine final : public Machine {
 public:
  CountedMachine(const AgentOptions& options, const Symbols& symbols) : Machine(options, symbols) {
    if (options.protocol == AgentOptions::Protocol::link) {
      devices_.emplace(options.channels, program_lookup());
    }
  }

  void take_over() override {
    check(true);
    executor_.set_follower(follow(make_session(), executor_));
    qemu().connect(executor_);
    qemu().set_quiet_clock(quiet_clock_);
    if (const std::string shortfall = quiet_clock_.install();
        !shortfall.empty() && std::getenv("FERMATA_VERBOSE") != nullptr) {
      tell("note: each quantum wakes QEMU's main thread, because " + shortfall);
    }
    watch([this] { return executor_.has_left_for_a_fault(); });
  }

  void ended(int exit_status) override {
    executor_.ended(exit_status);
    close_link();
  }

 private:
  std::unique_ptr<wire::GuestSession> make_session() {
    if (!devices_) {
      return std::make_unique<wire::QqqGuestSession>(options().zero);
    }
    if (devices_->has_windows()) {
      qemu().set_clock_shift(shift_.emplace(symbols(), program_lookup()));
    }
    channels_.emplace(qemu(), executor_, devices_->snapshots(), devices_->open(link::wait_on(executor_)));
    devices_->add_devices(symbols(), qemu());
    for (const auto& device : devices_->devices()) {
      channels_->add_device(*device);
    }
    const std::string name = "QEMU " + to_string(query_version(symbols()));
    // Whether a guest of several vCPUs stands at an instant shows in whose turn is next, so that must not depend on how
    // soon the simulator raises the horizon, nor on other guests' clocks.
    if (qemu().do_vcpus_take_turns()) {
      return channels_->make_session(name, link::Channels::abilities & ~std::uint32_t{wire::link::ability_progress});
    }
    return channels_->make_session(name, link::Channels::abilities, clocks());
  }

  QuietClock quiet_clock_{symbols()};
  IcountExecutor executor_{qemu()};
  std::optional<link::StockChannels> devices_;  // of a link v1 session, as are the next
  std::optional<ClockShift> shift_;
  std::optional<link::Channels> channels_;
};

}  // namespace

std::unique_ptr<Machine> make_counted_machine(const AgentOptions& options, const Symbols& symbols) {
  return std::make_unique<CountedMachine>(options, symbols);
}

}  // namespace fermata::qemu
