// SPDX-License-Identifier: MIT
#include "guests/machine/linked_run.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <memory>
#include <utility>

#include "fermata/guest/follower.hpp"
#include "fermata/guest/kept_clocks.hpp"
#include "fermata/machine/link/channels.hpp"
#include "fermata/machine/machine_executor.hpp"
#include "fermata/record/recording_stream.hpp"
#include "fermata/transport/endpoint.hpp"
#include "fermata/wire/qqq_guest_session.hpp"

namespace fermata::machine_program {
namespace {

using loop::EventLoop;

// Between two looks at signals and serial lines: some milliseconds of the host's.
constexpr std::uint64_t piece = 1'000'000;

// Between two looks at them while grants come over shared memory, or other guests' clocks are kept to: neither wakes
// the event loop.
constexpr host::HostDuration look_interval = std::chrono::milliseconds(2);

std::unique_ptr<wire::GuestSession> make_session(const LinkOption& link, machine::link::Channels* channels,
                                                 const guest::KeptClocks* clocks) {
  if (channels == nullptr) {
    return std::make_unique<wire::QqqGuestSession>(link.is_exit_at_zero ? wire::ZeroRequest::exit
                                                                        : wire::ZeroRequest::answer);
  }
  return channels->make_session("fermata-machine", clocks);
}

class LinkedRun {
 public:
  LinkedRun(Emulation& emulation, const LinkOption& link)
      : emulation_(emulation),
        executor_(emulation.machine()),
        channels_(link.protocol == LinkOption::Protocol::link
                      ? std::make_unique<machine::link::Channels>(emulation.machine(), executor_)
                      : nullptr),
        stream_(open(link)),
        session_(make_session(link, channels_.get(), clocks_ ? &*clocks_ : nullptr)),
        follower_(*session_, *stream_, executor_, {.clocks = clocks_ ? &*clocks_ : nullptr}) {
    executor_.set_observer(follower_);
    executor_.set_before_report([this] { emulation_.flush(); });
    executor_.set_run(
        [this](time::Instant horizon, const machine::RunLimits& limits) { return emulation_.run(horizon, limits); });
  }
  ~LinkedRun() { forget(); }

  int run() {
    while (!emulation_.is_ended() && !executor_.left()) {
      const auto stop = executor_.work(piece);
      if (stop && stop->reason == machine::StopReason::powered_off) {
        return stop->exit_status;
      }
      if (stop && stop->reason == machine::StopReason::end_of_time) {
        fmt::print(stderr, "fermata-machine: virtual time has come to its end, 2^63 ns after the guest's start\n");
        return 1;
      }
      const bool is_stuck = stop && stop->reason == machine::StopReason::stuck;
      if (is_stuck) {
        tell_stuck(*stop);
      }
      look_around(executor_.is_running() && !is_stuck);
    }
    if (executor_.left() && executor_.left()->is_fault) {
      fmt::print(stderr, "fermata-machine: {}\n", executor_.left()->why);
      return 1;
    }
    return 0;
  }

  // Throws base::Error if a recording could not be finished.
  void close() {
    forget();
    stream_->close();
  }

 private:
  std::unique_ptr<transport::Stream> open(const LinkOption& link) {
    transport::OpenedEndpoint opened = transport::open(link.endpoint);
    if (opened.clocks) {
      clocks_.emplace(std::move(*opened.clocks), static_cast<std::size_t>(link.endpoint.clock));
    }
    if (!link.endpoint.is_memory() && !clocks_) {
      descriptor_ = opened.hangup;
      emulation_.loop().watch(descriptor_, {.readable = [this] { follower_.serve({}); }, .writable = {}});
    }
    return link.record.empty() ? std::move(opened.stream)
                               : record::recorded(std::move(opened.stream), link.record, record::End::guest);
  }

  void forget() {
    if (descriptor_ >= 0) {
      emulation_.loop().forget(std::exchange(descriptor_, -1));
    }
  }

  // Signals, serial lines, and what the simulator sends.
  void look_around(bool is_busy) {
    if (descriptor_ >= 0) {
      emulation_.loop().turn(is_busy ? EventLoop::Wait::no : EventLoop::Wait::yes);
      return;
    }
    follower_.serve(is_busy ? host::HostDuration{} : look_interval);
    if (until_next_look_.has_passed()) {
      until_next_look_ = host::Deadline(host::HostClock::monotonic(), look_interval);
      emulation_.loop().turn(EventLoop::Wait::no);
    }
  }

  void tell_stuck(const machine::Stop& stop) {
    if (!has_told_) {
      has_told_ = true;
      fmt::print(stderr,
                 "fermata-machine: the guest traps for ever without executing anything, at {} ns: virtual time stands "
                 "still, and the simulator waits; look at its trap vector (-d int)\n",
                 stop.now.since_origin().ns());
    }
  }

  Emulation& emulation_;
  machine::MachineExecutor executor_;
  std::unique_ptr<machine::link::Channels> channels_;  // of a link v1 session
  int descriptor_ = -1;                                // of a socket, which the event loop watches
  std::optional<guest::KeptClocks> clocks_;            // shared with other guests
  host::Deadline until_next_look_{host::HostClock::monotonic(), {}};
  std::unique_ptr<transport::Stream> stream_;
  std::unique_ptr<wire::GuestSession> session_;
  guest::Follower follower_;
  bool has_told_ = false;
};

}  // namespace

int run_linked(Emulation& emulation, const LinkOption& link) {
  LinkedRun run(emulation, link);
  const int status = run.run();
  emulation.finish();  // before the link closes: who sees its end finds all of the output
  run.close();
  return status;
}

}  // namespace fermata::machine_program
