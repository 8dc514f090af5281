// SPDX-License-Identifier: MIT
#include "guests/machine/linked_run.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <memory>
#include <utility>

#include "fermata/guest/follower.hpp"
#include "fermata/machine/link/channels.hpp"
#include "fermata/machine/machine_executor.hpp"
#include "fermata/record/recording_stream.hpp"
#include "fermata/transport/unix_socket.hpp"
#include "fermata/wire/qqq_guest_session.hpp"

namespace fermata::machine_program {
namespace {

using loop::EventLoop;

// Between two looks at signals and serial lines: some milliseconds of the host's.
constexpr std::uint64_t piece = 1'000'000;

transport::UnixSocket connect(const LinkOption& link) {
  return link.path.empty() ? transport::UnixSocket::adopt(link.sock) : transport::UnixSocket::connect(link.path);
}

std::unique_ptr<transport::Stream> make_stream(transport::UnixSocket socket, const LinkOption& link) {
  auto stream = std::make_unique<transport::UnixSocket>(std::move(socket));
  if (link.record.empty()) {
    return stream;
  }
  return record::recorded(std::move(stream), link.record, record::End::guest);
}

std::unique_ptr<wire::GuestSession> make_session(const LinkOption& link, machine::link::Channels* channels) {
  if (channels == nullptr) {
    return std::make_unique<wire::QqqGuestSession>(link.is_exit_at_zero ? wire::ZeroRequest::exit
                                                                        : wire::ZeroRequest::answer);
  }
  return channels->make_session("fermata-machine");
}

class LinkedRun {
 public:
  LinkedRun(Emulation& emulation, const LinkOption& link)
      : emulation_(emulation),
        executor_(emulation.machine()),
        channels_(link.protocol == LinkOption::Protocol::link
                      ? std::make_unique<machine::link::Channels>(emulation.machine(), executor_)
                      : nullptr),
        session_(make_session(link, channels_.get())),
        stream_(watch(connect(link), link)),
        follower_(*session_, *stream_, executor_) {
    executor_.set_observer(follower_);
    executor_.set_before_report([this] { emulation_.flush(); });
    executor_.set_run(
        [this](time::Instant horizon, const machine::RunLimits& limits) { return emulation_.run(horizon, limits); });
  }
  ~LinkedRun() { emulation_.loop().forget(descriptor_); }

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
      emulation_.loop().turn(executor_.is_running() && !is_stuck ? EventLoop::Wait::no : EventLoop::Wait::yes);
    }
    if (executor_.left() && executor_.left()->is_fault) {
      fmt::print(stderr, "fermata-machine: {}\n", executor_.left()->why);
      return 1;
    }
    return 0;
  }

  // Throws base::Error if a recording could not be finished.
  void close() {
    emulation_.loop().forget(descriptor_);
    stream_->close();
  }

 private:
  std::unique_ptr<transport::Stream> watch(transport::UnixSocket socket, const LinkOption& link) {
    descriptor_ = socket.descriptor();
    emulation_.loop().watch(descriptor_, {.readable = [this] { follower_.serve({}); }, .writable = {}});
    return make_stream(std::move(socket), link);
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
  std::unique_ptr<wire::GuestSession> session_;
  int descriptor_ = -1;
  std::unique_ptr<transport::Stream> stream_;
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
