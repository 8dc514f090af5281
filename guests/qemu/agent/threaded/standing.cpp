// SPDX-License-Identifier: GPL-2.0-or-later
//
// What a machine whose vCPUs have a thread each does where it stands, with channels:
//
//   vCPU threads                    agent's thread                              simulator
//   guest code                        sleep until the next input's instant
//     sends: kept                       (the clock stops there by itself)
//                                     pause them
//   stand                             what was sent is told, with this instant -> OUTPUT
//                                     inputs of this instant to the devices
//   guest code                        and so on, without a report
//     sends on a reactive channel
//                                     pause them, the clock with them
//   stand                             told, with this instant -----------------> OUTPUT, REPORT
//
// Only the agent's thread speaks to the session. What happens to the machine in QEMU's main thread (a stop, a reset) is
// news for it to tell; QEMU's end is told by whoever brings it, because the process is gone after that.
#include <algorithm>
#include <utility>

#include "guests/qemu/agent/threaded/threaded_executor.hpp"

namespace fermata::qemu {
namespace {

// For the session, on QEMU's way out: more than the follower waits for a simulator that does not read.
constexpr auto longest_goodbye = std::chrono::seconds(11);

}  // namespace

// The agent's thread has the session nearly all the time: who tells of QEMU's end would hardly ever find it free.
void ThreadedExecutor::give_way_to_the_end() {
  while (is_end_coming_ && !is_over()) {
    host_.pause();
  }
}

// Not once QEMU has ended, whose last word is told. With QEMU's lock or without: whoever has the session may want that,
// so it is asked for again and again.
template <typename Use>
void ThreadedExecutor::in_turn(Use use) {
  give_way_to_the_end();
  std::unique_lock guard(following_, std::try_to_lock);
  while (!guard.owns_lock() && !is_over()) {
    host_.pause();
    static_cast<void>(guard.try_lock());
  }
  if (!is_over()) {
    use();
  }
}

void ThreadedExecutor::with_follower(const std::function<void(guest::Follower&)>& use) {
  in_turn([&] { use(*follower_); });
}

void ThreadedExecutor::with_inputs(const std::function<void(Inputs&)>& use) {
  if (inputs_ != nullptr) {
    in_turn([&] { use(*inputs_); });
  }
}

void ThreadedExecutor::report(const wire::Stop& stop) {
  reported_at_ = stop.now;
  with_follower([&stop](guest::Follower& follower) { follower.stopped(stop); });
}

// Lock held, vCPUs stand, and the clock.
void ThreadedExecutor::come_to_stand(bool is_early) {
  if (is_early) {
    horizon_ = std::clamp(now(), reported_at_, horizon_);
  }
  deliver_due();
}

// What was sent goes first; what the devices answer at once has this instant, too.
void ThreadedExecutor::deliver_due() {
  with_inputs([this](Inputs& inputs) {
    inputs.standing(horizon_);
    if (const auto input = inputs.next(); input && *input <= horizon_ && !reason_) {
      inputs.deliver(horizon_);
      inputs.standing(horizon_);
    }
  });
}

// True if the vCPUs can stay where they are caught: there is nothing to do but to report and to go on.
bool ThreadedExecutor::is_undisturbed() const {
  return !has_news_ && !must_pause_ && !is_leaving_ && host_.is_running() && !host_.is_lock_wanted() &&
         !caught_until_->has_passed();
}

bool ThreadedExecutor::is_all_sent() {
  bool is_so = false;
  with_follower([&is_so](const guest::Follower& follower) { is_so = follower.unsent_bytes() == 0; });
  return is_so;
}

// With the lock, which whoever wants it gets.
void ThreadedExecutor::await_grant_at_lock() {
  while (!granted_ && !is_over() && is_undisturbed() && is_all_sent()) {
    with_follower([](guest::Follower& follower) { follower.serve(caught_look_interval); });
  }
}

// The machine stands where the simulator is to know of it, or only on the way there. What was told is written here,
// where nothing runs on however long that takes.
void ThreadedExecutor::arrive() {
  if (vcpus_.are_caught() && !is_undisturbed()) {
    pause_caught();
  }
  static_cast<void>(tell_news());
  if (std::exchange(is_told_, false)) {
    return;
  }
  const auto reason = std::exchange(reason_, std::nullopt);
  if (!reason && horizon_ < target_) {
    with_follower([](guest::Follower& follower) { follower.serve({}); });
    granted_ = std::max(target_, granted_.value_or(target_));
    return;
  }
  granted_.reset();  // the session says anew what it grants
  report({.now = horizon_, .reason = reason.value_or(wire::StopReason::horizon)});
  if (vcpus_.are_caught()) {
    await_grant_at_lock();
  }
}

void ThreadedExecutor::stop_here(time::Instant /*at*/, wire::StopReason reason) { reason_ = reason; }

void ThreadedExecutor::stop_soon() {
  if (!is_held_ && !is_stop_wanted_.exchange(true)) {
    time_.hurry();
  }
}

void ThreadedExecutor::return_to(time::Instant now) {
  zero_ = time_.reading() - now.since_origin();
  horizon_ = target_ = reported_at_ = now;
  reason_.reset();
}

// Lock held.
void ThreadedExecutor::keep_news(wire::StopReason reason) {
  if (inputs_ != nullptr && has_started_) {
    news_.push_back(reason);
    has_news_ = true;
    time_.hurry();
  }
}

// Where the machine is, as far as the simulator is to know. Lock held, or on QEMU's way out.
time::Instant ThreadedExecutor::standing_at() const {
  const time::Instant at = is_held_at_horizon() ? horizon_ : is_started_ ? now() : instant_of(stopped_at_);
  return std::max({std::min(at, horizon_), reported_at_, inputs_->last_output()});
}

// False if there is nothing to tell, or the machine runs. Where its user has stopped it on the way, what the guest has
// sent waits until the agent has it stand.
bool ThreadedExecutor::tell_news() {
  if (!has_news_) {
    return false;
  }
  host_.lock();
  const bool stands = !is_over() && (is_held_ || !is_started_);
  const time::Instant at = standing_at();
  std::vector<wire::StopReason> news;
  if (stands) {
    has_news_ = false;
    news.swap(news_);
    if (is_held_) {
      with_inputs([at](Inputs& inputs) { inputs.standing(at); });
    }
  }
  host_.unlock();
  for (const wire::StopReason reason : news) {
    report({.now = at, .reason = reason});
  }
  return stands;
}

// Some devices of QEMU 7.2 end the process themselves, from within a guest's instruction.
void ThreadedExecutor::ended(int exit_status) {
  is_end_coming_ = true;
  std::unique_lock guard(following_, std::defer_lock);
  const host::Deadline deadline(host::HostClock::monotonic(), longest_goodbye);
  while (!guard.try_lock() && !deadline.has_passed()) {  // no timed lock: ThreadSanitizer does not see those
    host_.pause();
  }
  if (guard.owns_lock() && inputs_ != nullptr && has_started_ && !is_over() && !is_leaving_ &&
      (!is_started_ || host_.is_vcpu_thread())) {
    const time::Instant at = standing_at();
    follower_->set_hasty(false);
    inputs_->standing(at);
    const bool has_panicked = host_.has_panicked() && exit_status == 0;  // a test device says so, too, with a status
    follower_->stopped({.now = at,
                        .reason = has_panicked ? wire::StopReason::panicked : wire::StopReason::powered_off,
                        .next = {},
                        .exit_status = has_panicked ? 0 : exit_status});
  }
  is_over_ = true;
}

}  // namespace fermata::qemu
