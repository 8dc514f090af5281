// SPDX-License-Identifier: MIT
//
// Each recorded message of the simulator is sent again when the guest has come as far as the recorded one had come when
// it was sent. How far that is, is told in the guest's time and in stops at which a simulator can answer, which are the
// same in each run; how many grants and reports there were on the way is not, where a simulator keeps its horizon
// ahead. So the messages are not played back byte for byte but said anew by a session of our own.
#include "fermata/sim/replay/replay.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>
#include <variant>

#include "fermata/base/error.hpp"
#include "fermata/record/guest_trace.hpp"
#include "fermata/record/message_tap.hpp"
#include "fermata/sim/replay/recorded.hpp"
#include "fermata/time/units.hpp"
#include "fermata/wire/link/simulator_session.hpp"

namespace fermata::sim {

namespace link = wire::link;
using link::MessageType;
using record::Direction;
using Side = record::Comparison::Side;

namespace {

constexpr host::HostDuration glance = std::chrono::milliseconds(100);

class Replayer {
 public:
  Replayer(record::Reader& recording, Connection& connection, const ReplayOptions& options)
      : recording_(recording), connection_(connection), options_(options), comparison_(options.context) {}

  Replay run() {
    if (recording_.protocol() != record::Protocol::link) {
      cannot("it is one of qqq, which carries no inputs: run the guest again and compare by fermata diff");
    }
    while (const record::Message* message = is_over() ? nullptr : recording_.next()) {
      if (message->from == Direction::from_simulator) {
        say(*message);
      }
      if (!is_over()) {
        recorded_.take(*message);
        expected_.take(message->from, message->frame());
        compare(expected_, Side::first);
      }
    }
    if (!is_over()) {
      finish();
    }
    return {.difference = comparison_.difference(),
            .equal = comparison_.equal(),
            .reached = progress_.now,
            .damage = recording_.damage(),
            .is_cancelled = is_cancelled_};
  }

 private:
  [[noreturn]] void cannot(const std::string& why) const {
    throw base::Error(base::ErrorCode::unsupported, recording_.name() + " cannot be replayed: " + why);
  }
  [[nodiscard]] bool is_over() const { return comparison_.difference().has_value() || is_cancelled_; }

  void compare(record::GuestTrace& trace, Side side) {
    while (auto event = trace.next()) {
      comparison_.add(side, line_of(*event));
    }
  }

  void say(const record::Message& message) {
    const link::Frame frame = message.frame();
    if (frame.header.type == MessageType::hello && !session_) {
      const auto hello = link::parse<link::Hello>(frame, link::max_text);
      session_.emplace(hello.text(), hello.body.needs & ~std::uint32_t{link::ability_clocks});
      flush();
      wait_for([this] { return session_->is_open(); });
      progress_.now = session_->now();
      return;
    }
    if (!session_) {
      cannot("it does not begin with the hand-shake");
    }
    catch_up();
    if (is_over() || wire::ends_the_guest(last_reason_)) {
      return;  // a grant may have crossed the guest's last report
    }
    try {
      say_now(frame);
    } catch (const base::BadArgument& error) {
      cannot(fmt::format("what its simulator did at {} s cannot be done here: {}{}",
                         time::to_seconds_string(recorded_.progress().now), error.what(),
                         options_.quantum ? "; leave the quantum to the recording" : ""));
    }
  }

  void say_now(const link::Frame& frame) {
    switch (frame.header.type) {
      case MessageType::select:
        if (link::parse<link::Select>(frame).flags == link::select_reactive) {
          session_->select_reactive(frame.header.channel);
        }
        return;
      case MessageType::input: {
        const auto data = link::parse<link::Data>(frame, link::max_payload);
        static_cast<void>(session_->input(frame.header.channel, link::instant(data.body.at_ns), data.tail));
        ++inputs_said_;
        if (inputs_ahead_) {
          grant_some();
        }
        return;
      }
      case MessageType::grant:
        target_ = link::instant(link::parse<link::Grant>(frame).horizon_ns);
        stops_answered_ = recorded_.stops_known_to(link::parse<link::Grant>(frame));
        grant_some();
        return;
      case MessageType::milestones: {
        const auto asked = link::parse<link::AskMilestones>(frame);
        if ((session_->abilities() & link::ability_progress) != 0) {
          session_->ask_milestones({link::instant(asked.first_ns), time::Duration::nanoseconds(asked.interval_ns)});
        }
        break;
      }
      case MessageType::follow:
        if (!inputs_ahead_) {
          inputs_ahead_.emplace(recording_.name());
        }
        return;
      case MessageType::checkpoint:
      case MessageType::restore: say_named(frame); return;
      case MessageType::bye: session_->bye(); break;
      default: return;
    }
    flush();
  }

  void say_named(const link::Frame& frame) {
    const std::string name = link::parse<link::Named>(frame, link::max_checkpoint_name).text();
    if (frame.header.type == MessageType::checkpoint) {
      session_->checkpoint(name);
    } else {
      session_->restore(name);
      if (inputs_ahead_) {
        inputs_ahead_->pass_restore();
      }
    }
    waits_for_done_ = true;
    flush();
    wait_for([this] { return !waits_for_done_; });
    progress_.now = session_->now();
    target_ = session_->horizon();
  }

  // Towards the recorded horizon; all the way, unless a quantum was asked for, or the guest followed the clocks of
  // others: it was sent inputs while it ran, for instants before its horizon, and is let go to one after the other
  // here. Not past a stop that the recorded grant did not know of, for they crossed: the one that answers it comes
  // later.
  void grant_some() {
    if (!session_->is_running() && progress_.stops > stops_answered_) {
      return;
    }
    const time::Instant target = target_until_input();
    const bool is_there = session_->is_running()
                              ? target <= session_->horizon()
                              : last_reason_ == wire::StopReason::horizon && session_->now() >= target;
    if (target < target_ && is_there) {
      return;  // the input comes next
    }
    time::Instant horizon = target;
    if (options_.quantum) {
      if (session_->is_running()) {
        return;  // its report asks for more
      }
      if (target - session_->now() > *options_.quantum) {
        horizon = std::min(target, std::max(session_->horizon(), session_->now() + *options_.quantum));
      }
    }
    session_->grant(horizon);
    progress_.is_running = true;
    flush();
  }

  [[nodiscard]] time::Instant target_until_input() {
    const auto input = inputs_ahead_ ? inputs_ahead_->earliest_from(inputs_said_) : std::nullopt;
    return std::max(session_->horizon(), std::min(target_, input.value_or(target_)));
  }

  void flush() {
    taps_.feed(Direction::from_simulator, session_->outgoing());
    connection_.now = session_->now();
    static_cast<void>(connection_.flush(*session_, progress_.is_running ? 1 : 0));  // that it has gone is read
  }

  void catch_up() {
    wait_for([this] { return is_over() || progress_.has_reached(recorded_.progress()); });
  }

  // Receives until `is_there`. Ends with a difference, too, if the guest stands where nobody will move it.
  template <typename IsThere>
  void wait_for(IsThere is_there) {
    host::Deadline deadline(host::HostClock::monotonic(), options_.limit);
    for (take_events(); !is_there(); take_events()) {
      const bool stands = session_->is_open() && !progress_.is_running && !waits_for_done_;
      if (stands && !goes_on_when_full()) {
        end_stalled();
        return;
      }
      if (receive(std::min(glance, deadline.remaining()))) {
        deadline = host::Deadline(host::HostClock::monotonic(), options_.limit);
      } else if (deadline.has_passed()) {
        connection_.throw_timed_out(session_->is_open() ? "report" : "introduce itself", options_.limit,
                                    progress_.is_running ? 1 : 0);
      } else if (options_.is_cancelled && options_.is_cancelled()) {
        is_cancelled_ = true;
        return;
      }
    }
  }

  bool receive(host::HostDuration wait) {
    std::array<std::byte, 4096> buffer;  // NOLINT(cppcoreguidelines-pro-type-member-init): filled by read
    const transport::IoResult result = connection_.stream->read(buffer, wait);
    const auto bytes = std::span<const std::byte>(buffer).first(result.count);
    session_->receive(bytes);
    taps_.feed(Direction::from_guest, bytes);
    compare(actual_, Side::second);
    if (result.is_end) {
      end_gone();
    }
    return result.count > 0;
  }

  void take_events() {
    while (auto event = session_ ? session_->take() : std::nullopt) {
      if (std::holds_alternative<link::Output>(*event)) {
        ++progress_.outputs;
      } else if (const auto* progress = std::get_if<link::Progress>(&*event)) {
        connection_.now = progress_.now = progress->now;
      } else if (const auto* stop = std::get_if<wire::Stop>(&*event)) {
        take_stop(*stop);
      } else if (std::holds_alternative<link::Finished>(*event)) {
        waits_for_done_ = false;
      }
    }
  }

  void take_stop(const wire::Stop& stop) {
    connection_.now = progress_.now = stop.now;
    last_reason_ = stop.reason;
    progress_.stops += can_be_answered(stop.reason) ? 1U : 0U;
    progress_.is_running = session_->is_running() || session_->has_stop();  // the session knows later stops already
    if (stop.reason == wire::StopReason::horizon && !progress_.is_running && session_->horizon() < target_) {
      grant_some();
    }
  }

  // A guest that stands because a channel is full, where the recorded one did not or went on: so does this one.
  bool goes_on_when_full() {
    if (last_reason_ != wire::StopReason::full) {
      return false;
    }
    last_reason_ = wire::StopReason::horizon;
    grant_some();
    return true;
  }

  void finish_traces() {
    expected_.finish();
    compare(expected_, Side::first);
    actual_.finish();
    compare(actual_, Side::second);
    comparison_.finish();
  }

  void end_stalled() {
    finish_traces();
    if (!is_over()) {
      const Progress& there = recorded_.progress();
      cannot(fmt::format(
          "the guest stands at {} s ({}), where nothing of the recording moves it; the recorded one came "
          "to {} s, and nothing was different until then",
          time::to_seconds_string(progress_.now), wire::to_string(last_reason_), time::to_seconds_string(there.now)));
    }
  }

  // In order if it said so before. Otherwise that it is gone says more than what is missing.
  void end_gone() {
    take_events();
    if (wire::ends_the_guest(last_reason_)) {
      waits_for_done_ = false;
      return;
    }
    actual_.finish();
    compare(actual_, Side::second);
    if (!is_over()) {
      connection_.throw_gone();
    }
  }

  // The recording is at its end, be it that its run was over or that it was cut.
  void finish() {
    const Progress there = recorded_.progress();
    if (!session_) {
      return;
    }
    if (!there.is_running) {
      catch_up();
      if (!is_over()) {
        finish_traces();
      }
      return;
    }
    // Cut while the guest ran: it did at least so much.
    expected_.finish();
    compare(expected_, Side::first);
    wait_for([&] {
      const bool has_done_as_much = progress_.outputs >= there.outputs && progress_.now >= there.now;
      return is_over() || !progress_.is_running || has_done_as_much;
    });
    if (!is_over()) {
      actual_.finish();
      compare(actual_, Side::second);
    }
    if (comparison_.waiting(Side::first) > 0) {
      comparison_.finish();
    }
  }

  record::Reader& recording_;
  Connection& connection_;
  const ReplayOptions& options_;
  record::Comparison comparison_;
  Recorded recorded_;
  record::GuestTrace expected_;
  record::GuestTrace actual_;
  record::MessageTap taps_{[this](Direction from, const link::Frame& message) { actual_.take(from, message); }};
  std::optional<link::SimulatorSession> session_;
  Progress progress_;
  time::Instant target_;
  std::uint64_t inputs_said_ = 0;
  std::optional<InputsAhead> inputs_ahead_;  // of a guest that follows others' clocks
  std::uint64_t stops_answered_ = 0;         // by the recorded grant that was said last
  wire::StopReason last_reason_ = wire::StopReason::horizon;
  bool waits_for_done_ = false;  // after a checkpoint or restore
  bool is_cancelled_ = false;
};

}  // namespace

Replay replay(record::Reader& recording, Connection& connection, const ReplayOptions& options) {
  return Replayer(recording, connection, options).run();
}

}  // namespace fermata::sim
