// SPDX-License-Identifier: MIT
#include "fermata/machine/in_process_guest.hpp"

#include <utility>

#include "fermata/base/contract.hpp"
#include "fermata/wire/qqq_guest_session.hpp"

namespace fermata::machine {
namespace {

// Nobody reads while the machine runs, so all that its channels' bounds let it send in between has room.
constexpr std::size_t capacity = std::size_t{1} << 30;

}  // namespace

InProcessGuest::InProcessGuest(Config config, const guest::Follower::Options& options, Protocol protocol)
    : InProcessGuest(std::move(config), options, protocol, transport::DirectStream::make_pair(capacity)) {}

InProcessGuest::InProcessGuest(Config config, const guest::Follower::Options& options, Protocol protocol,
                               std::pair<transport::DirectStream, transport::DirectStream> ends)
    : machine_(std::move(config)),
      executor_(machine_),
      channels_(protocol == Protocol::link ? std::make_unique<link::Channels>(machine_, executor_) : nullptr),
      session_(channels_ != nullptr ? channels_->make_session("embedded machine")
                                    : std::make_unique<wire::QqqGuestSession>()),
      simulator_end_(std::move(ends.first)),
      end_(std::move(ends.second)),
      follower_(*session_, end_, executor_, options) {
  executor_.set_observer(follower_);
  end_.set_readable_handler([this] { serve(); });
}

std::unique_ptr<transport::Stream> InProcessGuest::connect() {
  base::expects(simulator_end_.has_value(), "InProcessGuest: connected once");
  auto end = std::make_unique<transport::DirectStream>(std::move(*simulator_end_));
  simulator_end_.reset();
  return end;
}

// Within the simulator's write. The follower resumes the executor for each kept grant, so the loop ends only when all
// have been answered or the machine cannot go on.
void InProcessGuest::serve() {
  if (ended_) {
    return;
  }
  follower_.serve({});
  while (const auto stop = executor_.work()) {
    if (stop->reason == StopReason::powered_off || stop->reason == StopReason::stuck ||
        stop->reason == StopReason::end_of_time) {
      ended_ = stop;
      end_.close();
      return;
    }
  }
}

}  // namespace fermata::machine
