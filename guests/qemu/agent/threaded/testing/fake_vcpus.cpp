// SPDX-License-Identifier: GPL-2.0-or-later
//
// How the agent holds a fake machine's vCPUs.
#include <algorithm>
#include <thread>

#include "guests/qemu/agent/threaded/testing/fake_machine.hpp"

namespace fermata::qemu {

void FakeMachine::Halting::pause() {
  machine_.pause_all();
  machine_.is_caught_ = false;
}

bool FakeMachine::Halting::catch_at_lock() {
  if (!machine_.can_be_caught || !machine_.is_running_) {
    return false;
  }
  machine_.catcher_ = std::this_thread::get_id();
  machine_.is_caught_ = true;
  while (std::ranges::any_of(machine_.states_, [](const auto& vcpu) { return vcpu->is_in_block.load(); })) {
    std::this_thread::yield();
  }
  if (std::ranges::any_of(machine_.states_, [](const auto& vcpu) { return vcpu->waits_in_block.load(); })) {
    machine_.is_caught_ = false;
  }
  return machine_.is_caught_;
}

bool FakeMachine::Halting::hold_others() {
  machine_.let_in_alone_ = machine_.this_vcpu();
  const auto stands = [this](const auto& vcpu) {
    return &*vcpu == &machine_.which(machine_.this_vcpu()) || !vcpu->is_in_block.load();
  };
  while (!std::ranges::all_of(machine_.states_, stands)) {
    std::this_thread::yield();
  }
  return true;
}

void FakeMachine::Halting::let_others_go() { machine_.let_in_alone_ = -1; }

void FakeMachine::Halting::resume() {
  if (machine_.is_caught_.exchange(false)) {
    ++machine_.went_on_from_lock_;
  } else {
    machine_.resume_all();
  }
}

void FakeMachine::Halting::run_timers() {
  ++machine_.timer_runs_;
  if (machine_.timer_ && !machine_.is_timer_of_another_thread_ && *machine_.timer_ <= machine_.timer_clock()) {
    machine_.timer_.reset();
    machine_.on_timer();
  }
}

void FakeMachine::Halting::bar(const std::function<void()>& wait) {
  for (int i = 0; i < machine_.count(); ++i) {
    machine_.which(i).is_barred = true;
    machine_.queue(i, [this, i, wait] {
      wait();
      machine_.which(i).is_barred = machine_.which(i).must_stop.load();
    });
  }
}

time::Duration FakeMachine::Halting::running_clock() const {
  const time::Duration standing = time::Duration::nanoseconds(machine_.clock_ns_.load());
  return machine_.is_running_ ? standing + machine_.start_takes : standing;
}

bool FakeMachine::Halting::set_running_clock(time::Duration reading) {
  machine_.clock_ns_ = reading.ns();
  return machine_.can_save_clock;
}

}  // namespace fermata::qemu
