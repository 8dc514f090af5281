// SPDX-License-Identifier: GPL-2.0-or-later
#include "guests/qemu/agent/threaded/threaded_machine.hpp"

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <optional>
#include <thread>
#include <utility>

#include "fermata/base/error.hpp"
#include "fermata/host/punctual_thread.hpp"
#include "fermata/host/quiet_thread.hpp"
#include "guests/qemu/agent/link/channels.hpp"
#include "guests/qemu/agent/link/stock_channels.hpp"
#include "guests/qemu/agent/threaded/host_time.hpp"
#include "guests/qemu/agent/threaded/instruction_time.hpp"
#include "guests/qemu/agent/threaded/threaded_executor.hpp"
#include "guests/qemu/stock/doctor.hpp"
#include "guests/qemu/stock/time/accelerator_clock.hpp"
#include "guests/qemu/stock/time/kvm_clocks.hpp"
#include "guests/qemu/stock/time/notices.hpp"
#include "guests/qemu/stock/time/offset_probe.hpp"
#include "guests/qemu/stock/time/plugin_counters.hpp"
#include "guests/qemu/stock/time/stock_vcpus.hpp"

namespace fermata::qemu {
namespace {

// Says what of the guest's clocks is not held, as soon as it is known.
class ToldClocks final : public GuestClocks {
 public:
  using Tell = std::function<void(const std::string&)>;
  ToldClocks(const Symbols& symbols, const TimeSymbols& time, Tell tell)
      : clocks_(symbols, time, do_guests_see_offsets()), tell_(std::move(tell)) {}

  void hold() override { clocks_.hold(); }
  void show(time::Duration reading) override {
    clocks_.show(reading);
    tell_news();
  }
  void adopt(time::Duration reading) override {
    clocks_.adopt(reading);
    tell_news();
  }

 private:
  void tell_news() {
    if (!clocks_.take_news()) {
      return;
    }
    for (const std::string& shortfall : clocks_.shortfalls()) {
      if (std::ranges::find(told_, shortfall) == told_.end()) {
        tell_("note: " + shortfall);
        told_.push_back(shortfall);
      }
    }
  }

  KvmClocks clocks_;
  Tell tell_;
  std::vector<std::string> told_;
};

class ThreadedMachine final : public Machine, AcceleratorClock::Reader {
 public:
  ThreadedMachine(std::uint64_t plugin, const AgentOptions& options, const Symbols& symbols)
      : Machine(options, symbols), time_symbols_(find_time_symbols(program_lookup())) {
    const std::vector<std::string> missing = missing_for(feature(), program_lookup());
    if (!missing.empty()) {
      std::string names;
      for (const std::string& name : missing) {
        names += " " + name;
      }
      throw base::Error(base::ErrorCode::unsupported, std::string(to_string(feature())) + ": this QEMU (" +
                                                          to_string(query_version(symbols)) +
                                                          ") does not export:" + names);
    }
    if (options.protocol == AgentOptions::Protocol::link) {
      devices_.emplace(options.channels, program_lookup());
    }
    if (options.time_from_instructions) {
      counters_.emplace(plugin, symbols, time_symbols_, program_lookup());
    }
  }

  void take_over() override {
    check(false);
    vcpus_.emplace(symbols(), time_symbols_);
    time_ = make_time();
    executor_.emplace(qemu(), *vcpus_, *time_);
    if (const std::string failure = connect_clock(); !failure.empty()) {
      tell(failure);
      tell("QEMU " + to_string(query_version(symbols())) + " cannot be held at virtual instants as it was started");
      std::exit(EXIT_FAILURE);
    }
    executor_->set_follower(follow(make_session(), *executor_));
    qemu().connect(*executor_);
    watch([this] { return executor_->has_left_for_a_fault(); });
    host::start_quiet_thread("holds the machine", [this] { run(); }).detach();
  }

  void ended(int exit_status) override {
    if (executor_) {  // QEMU may refuse its options before that
      executor_->ended(exit_status);
    }
    close_link();
  }

 private:
  // AcceleratorClock::Reader
  [[nodiscard]] std::int64_t virtual_ns() const override { return time_->reading().ns(); }

  // Why QEMU's clock cannot be ours; empty if it is.
  std::string connect_clock() {
    if (const std::string failure = AcceleratorClock::install(time_symbols_, *this, !is_kvm()); !failure.empty()) {
      return failure;
    }
    try {
      executor_->listen();
    } catch (const base::Error& error) {
      return error.what();
    }
    return {};
  }

  std::unique_ptr<wire::GuestSession> make_session() {
    if (!devices_) {
      return std::make_unique<wire::QqqGuestSession>(options().zero);
    }
    check_windows();
    auto ends = devices_->open(link::wait_on(*executor_));
    for (const auto& end : ends) {
      end->declare_late();
    }
    channels_.emplace(qemu(), *executor_, devices_->snapshots(), std::move(ends));
    devices_->add_devices(symbols(), qemu());
    for (const auto& device : devices_->devices()) {
      channels_->add_device(*device);
    }
    return channels_->make_session("QEMU " + to_string(query_version(symbols())), link::Channels::threaded_abilities);
  }

  // A read of one holds all vCPUs, one of them within an instruction.
  void check_windows() const {
    if (devices_->has_windows() && !vcpus_->can_hold_others()) {
      throw base::Error(base::ErrorCode::unsupported,
                        "window=, ports=: this QEMU does not let the threads of several vCPUs be held within an "
                        "instruction; count instructions (-accel tcg -icount 3,sleep=off), or leave them out");
    }
  }

  std::unique_ptr<MachineTime> make_time() {
    if (counters_) {
      return make_instruction_time();
    }
    if (is_kvm()) {
      kvm_clocks_.emplace(symbols(), time_symbols_, [](const std::string& line) { tell(line); });
    }
    return std::make_unique<HostTime>(*vcpus_, HostTime::Options{.factor = options().dilation,
                                                                 .guest_clocks = kvm_clocks_ ? &*kvm_clocks_ : nullptr,
                                                                 .statistics = statistics()});
  }

  std::unique_ptr<MachineTime> make_instruction_time() {
    std::vector<std::int64_t> instruction_ns;
    for (const time::Duration span : options().instruction) {
      instruction_ns.push_back(span.ns());
    }
    auto time = std::make_unique<InstructionTime>(
        qemu(), *vcpus_, *counters_,
        InstructionTime::Options{.instruction_ns = std::move(instruction_ns), .longest_slice = options().slice});
    counters_->connect(*time);
    notices_.emplace(symbols());
    if (const std::string why = notices_->install(*time, program_lookup()); !why.empty()) {
      tell("note: a timer that is armed within a slice may be late by as much as that is long: " + why);
    }
    return time;
  }

  [[nodiscard]] bool is_kvm() const { return time_symbols_.kvm_allowed != nullptr && *time_symbols_.kvm_allowed; }
  [[nodiscard]] TimeFeature feature() const {
    return is_kvm()                           ? TimeFeature::kvm
           : options().time_from_instructions ? TimeFeature::instruction_time
                                              : TimeFeature::host_time;
  }

  // It runs timers and gives inputs to devices: QEMU is to know it as a reader of what it frees in time.
  void run() {
    if (time_symbols_.rcu_register_thread != nullptr) {
      time_symbols_.rcu_register_thread();
    }
    if (const std::string shortfall = host::make_punctual(); !shortfall.empty()) {
      tell("note: the guest may run on for longer at its horizons: " + shortfall);
    }
    executor_->run();
  }

  TimeSymbols time_symbols_;
  std::optional<StockVcpus> vcpus_;
  std::optional<ToldClocks> kvm_clocks_;
  std::optional<PluginCounters> counters_;
  std::optional<Notices> notices_;
  std::unique_ptr<MachineTime> time_;
  std::optional<ThreadedExecutor> executor_;
  std::optional<link::StockChannels> devices_;  // of a link v1 session, as is the next
  std::optional<link::Channels> channels_;
};

}  // namespace

std::unique_ptr<Machine> make_threaded_machine(std::uint64_t plugin, const AgentOptions& options,
                                               const Symbols& symbols) {
  return std::make_unique<ThreadedMachine>(plugin, options, symbols);
}

}  // namespace fermata::qemu
