// SPDX-License-Identifier: MIT
//
// What is waited for, turn by turn:
//
//   busy:  a piece is executed, then the loop is looked at without waiting
//   idle:  sleep=on   the loop waits on virtual_rt until virtual time may get to the next deadline, or for input
//          sleep=off  virtual time jumps to the next deadline; without one it stands, and the loop waits for input
//   ahead of real time with align=on: the loop waits until it is no more
#include "guests/machine/free_run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <optional>

#include "fermata/clock/timer.hpp"

namespace fermata::machine_program {
namespace {

using loop::EventLoop;
using machine::IdleTime;
using machine::StopReason;

constexpr std::uint64_t piece = 1'000'000;  // instructions: some milliseconds of the host's
constexpr std::uint64_t aligned_piece = 50'000;

class FreeRun {
 public:
  FreeRun(Emulation& emulation, const Ruling& ruling)
      : emulation_(emulation),
        machine_(emulation.machine()),
        ruling_(ruling),
        wait_end_(emulation.loop().timers().list(clock::ClockKind::virtual_rt), [] {}, {.is_external = true}) {
    emulation_.set_before_input([this] { catch_up(); });
    machine_.set_deadline_handler([this] {
      if (is_waiting_.load()) {
        emulation_.loop().wake();
      }
    });
    if (ruling_.is_aligned) {
      emulation_.set_alignment(&alignment_);
    }
  }
  ~FreeRun() {
    emulation_.set_before_input({});
    machine_.set_deadline_handler({});
    emulation_.set_alignment(nullptr);
  }

  int run() {
    while (!emulation_.is_ended()) {
      const machine::Stop stop = emulation_.run(
          time::Instant::max(), {.work = ruling_.is_aligned ? aligned_piece : piece, .idle = IdleTime::stop});
      emulation_.flush();
      switch (stop.reason) {
        case StopReason::powered_off: return stop.exit_status;
        case StopReason::idle:
          is_waiting_ = true;  // before it looks for the deadline that it is going to wait for
          pass_idle_time();
          is_waiting_ = false;
          break;
        case StopReason::stuck: wait_for_input(stop); break;
        case StopReason::horizon:
        case StopReason::end_of_time: return tell_end_of_time();
        default: look_around(); break;
      }
    }
    return 0;
  }

 private:
  static int tell_end_of_time() {
    fmt::print(stderr, "fermata-machine: virtual time has come to its end, 2^63 ns after the guest's start\n");
    return 1;
  }

  void look_around() {
    if (ruling_.is_aligned) {
      const auto decision = alignment_.align(emulation_.reading());
      if (decision.warning) {
        fmt::print(stderr, "fermata-machine: {}\n", *decision.warning);
      }
      if (decision.sleep > time::Duration::zero()) {
        wait_until(emulation_.reading().real_now + decision.sleep);
        return;
      }
    }
    emulation_.loop().turn(EventLoop::Wait::no);
  }

  void pass_idle_time() {
    const auto deadline = machine_.next_deadline();
    if (!ruling_.does_sleep) {
      if (deadline) {
        skip_to(*deadline);
        emulation_.loop().turn(EventLoop::Wait::no);
      } else {
        tell_idle();
        wait_until(std::nullopt);
      }
      return;
    }
    idle_.begin(emulation_.reading(), deadline);
    wait_until(idle_.wait_until());
    catch_up();
  }

  // Idle time that has passed in reality has passed for the guest.
  void catch_up() {
    if (idle_.is_begun()) {
      skip_to(idle_.end(emulation_.reading(), ruling_.is_shift_adapted));
    }
  }

  void skip_to(time::Instant at) {
    if (at > machine_.now() && machine_.is_idle()) {
      static_cast<void>(machine_.run_until(at, {.work = piece}));
    }
  }

  // Waits for input, this instant of virtual_rt, or a timer of the machine that follows a clock of the host's.
  void wait_until(std::optional<time::Instant> real) {
    const time::Instant now = emulation_.reading().real_now;
    if (const auto span = machine_.timers().host_deadline(); span && *span <= time::Instant::max() - now) {
      real = std::min(real.value_or(time::Instant::max()), now + *span);
    }
    if (real) {
      wait_end_.arm(*real);
    }
    emulation_.loop().turn(EventLoop::Wait::yes);
    wait_end_.cancel();
  }

  void tell_idle() {
    if (!has_told_idle_) {
      has_told_idle_ = true;
      fmt::print(stderr,
                 "fermata-machine: the guest waits and no timer of it is armed: virtual time stands still until there "
                 "is input (sleep=off)\n");
    }
  }

  void wait_for_input(const machine::Stop& stop) {
    if (!has_told_stuck_) {
      has_told_stuck_ = true;
      fmt::print(stderr,
                 "fermata-machine: the guest traps for ever without executing anything, at {} ns; look at its trap "
                 "vector (-d int)\n",
                 stop.now.since_origin().ns());
    }
    emulation_.loop().turn(EventLoop::Wait::yes);
  }

  Emulation& emulation_;
  machine::Machine& machine_;
  Ruling ruling_;
  clock::Timer wait_end_;
  clock::IdleSleep idle_;
  clock::Alignment alignment_;
  std::atomic<bool> is_waiting_{false};  // who arms a timer in another thread then has to wake the loop
  bool has_told_stuck_ = false;
  bool has_told_idle_ = false;
};

}  // namespace

int run_free(Emulation& emulation, const Ruling& ruling) {
  FreeRun run(emulation, ruling);
  const int status = run.run();
  emulation.finish();  // the report that it may write is of this run's alignment
  return status;
}

}  // namespace fermata::machine_program
