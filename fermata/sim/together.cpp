// SPDX-License-Identifier: MIT
#include "fermata/sim/together.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <tuple>

#include "fermata/base/contract.hpp"
#include "fermata/base/error.hpp"
#include "fermata/sim/link_state.hpp"

namespace fermata::sim {
namespace {

// Between two looks whether all of them live.
constexpr host::HostDuration longest_sleep = std::chrono::milliseconds(4);

class Together {
 public:
  Together(std::vector<LinkState*> links, time::Instant horizon, host::HostDuration limit)
      : shared_(*links.front()->clocks), horizon_(horizon), limit_(limit) {
    for (LinkState* link : links) {
      members_.push_back({.link = link});
    }
  }

  std::vector<wire::Stop> run() {
    for (const Member& member : members_) {
      member.link->grant(horizon_);
    }
    host::Deadline deadline(host::HostClock::monotonic(), limit_);
    while (!std::ranges::all_of(members_, [](const Member& member) { return member.end.has_value(); })) {
      const std::uint32_t heard = shared_.bell();
      receive();
      const auto first = first_to_stand();
      const auto awaited = first ? one_not_beyond(*first) : std::nullopt;
      if (first && !awaited) {
        deal_with(members_[*first]);
        deadline = host::Deadline(host::HostClock::monotonic(), limit_);
        continue;
      }
      if (deadline.has_passed()) {
        if (!have_clocks_moved()) {
          furthest_behind().connection.throw_timed_out("report", limit_, 1);
        }
        deadline = host::Deadline(host::HostClock::monotonic(), limit_);
      }
      const host::HostDuration sleep = std::min(deadline.remaining(), longest_sleep);
      if (awaited) {
        shared_.wait_while(clock_of(*awaited), shared_.read(clock_of(*awaited)), sleep);
      } else {
        shared_.wait_for_bell(heard, sleep);
      }
    }
    std::vector<wire::Stop> ends;
    std::ranges::transform(members_, std::back_inserter(ends), [](const Member& member) { return *member.end; });
    return ends;
  }

 private:
  struct Member {
    LinkState* link;
    std::optional<wire::Stop> end{};  // where it stands for good
    [[nodiscard]] bool is_running() const { return !end && !link->has_stop(); }
  };

  [[nodiscard]] std::size_t clock_of(std::size_t index) const { return members_[index].link->clock; }

  void receive() {
    for (const Member& member : members_) {
      if (member.is_running()) {
        member.link->receive_within({});
      }
    }
  }

  [[nodiscard]] std::optional<std::size_t> first_to_stand() const {
    std::optional<std::size_t> first;
    for (std::size_t i = 0; i < members_.size(); ++i) {
      if (!members_[i].end && members_[i].link->has_stop() &&
          (!first || members_[i].link->session.now() < members_[*first].link->session.now())) {
        first = i;
      }
    }
    return first;
  }

  // One that may stop before the one that stands, and whose turn would be first then.
  [[nodiscard]] std::optional<std::size_t> one_not_beyond(std::size_t standing) const {
    const std::int64_t now_ns = members_[standing].link->session.now().since_origin().ns();
    for (std::size_t i = 0; i < members_.size(); ++i) {
      if (members_[i].is_running() && std::pair(shared_.read(clock_of(i)), i) < std::pair(now_ns, standing)) {
        return i;
      }
    }
    return std::nullopt;
  }

  void deal_with(Member& member) {
    LinkState& link = *member.link;
    const auto stop = link.take_events();
    if (!stop || !link.stands()) {
      return;  // a read was answered, or its user stopped it
    }
    if (wire::ends_the_guest(stop->reason) || (stop->reason == wire::StopReason::horizon && stop->now >= horizon_)) {
      member.end = stop;
    } else {
      link.grant(horizon_);
    }
  }

  // Since the last call.
  bool have_clocks_moved() {
    std::vector<std::int64_t> clocks;
    for (std::size_t i = 0; i < members_.size(); ++i) {
      clocks.push_back(shared_.read(clock_of(i)));
    }
    return std::exchange(clocks_seen_, clocks) != clocks;
  }

  [[nodiscard]] const LinkState& furthest_behind() const {
    std::optional<std::size_t> behind;
    for (std::size_t i = 0; i < members_.size(); ++i) {
      if (members_[i].is_running() && (!behind || shared_.read(clock_of(i)) < shared_.read(clock_of(*behind)))) {
        behind = i;
      }
    }
    return *members_[behind.value_or(0)].link;
  }

  transport::SharedClocks& shared_;
  time::Instant horizon_;
  host::HostDuration limit_;
  std::vector<Member> members_;
  std::vector<std::int64_t> clocks_seen_;
};

}  // namespace

std::shared_ptr<transport::SharedClocks> share_clocks(std::size_t guests) {
  return std::make_shared<transport::SharedClocks>(transport::SharedClocks::make(guests));
}

std::vector<wire::Stop> run_together(std::span<LinkGuest* const> guests, time::Instant horizon,
                                     host::HostDuration limit) {
  base::expects(!guests.empty(), "run_together: there are guests");
  std::vector<LinkState*> links;
  for (const LinkGuest* guest : guests) {
    LinkState& link = *guest->link_;
    base::expects(!link.session.is_running(), "run_together: the guests stand when it is called");
    if (link.clocks == nullptr || link.clocks != guests.front()->link_->clocks) {
      throw base::BadArgument(
          fmt::format("{}: guests that run together are launched with the same clocks", link.connection.name));
    }
    links.push_back(&link);
  }
  return Together(std::move(links), horizon, limit).run();
}

}  // namespace fermata::sim
