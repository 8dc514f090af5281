// SPDX-License-Identifier: MIT
//
// How the order of stops comes to be the guests' own. In this order: the bell, the clocks, then what was sent. A guest
// sends a stop before it tells its clock, so whatever clock was seen, all its stops up to there have been received.
// Then the first stop that has come is the first there will be if every other guest's clock is beyond it.
//
// If not, one is awaited: it rings the bell when its clock is there, or when it has sent something; whoever asks for
// that looks at the clock once more before it sleeps.
#include "fermata/sim/together.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "fermata/base/contract.hpp"
#include "fermata/base/error.hpp"
#include "fermata/sim/link_state.hpp"
#include "fermata/time/saturating.hpp"
#include "fermata/time/units.hpp"

namespace fermata::sim {
namespace {

// Between two looks whether all of them live.
constexpr host::HostDuration longest_sleep = std::chrono::milliseconds(4);

class Together {
 public:
  Together(std::vector<LinkState*> links, time::Instant horizon, host::HostDuration limit)
      : shared_(*links.front()->clocks), horizon_(horizon), limit_(limit) {
    for (LinkState* link : links) {
      members_.push_back({.link = link, .end = link->end});
    }
  }

  std::vector<wire::Stop> run() {
    grant();
    start_waiting();
    while (!std::ranges::all_of(members_, [](const Member& member) { return member.end.has_value(); })) {
      const std::uint32_t heard = shared_.bell();
      const std::vector<std::int64_t> clocks = read_clocks();
      receive();
      const auto first = first_to_stand();
      const auto awaited = first ? one_not_beyond(*first, clocks) : std::nullopt;
      if (first && !awaited) {
        deal_with(members_[*first]);
        start_waiting();
      } else {
        check_limit(clocks);
        sleep(heard, first, awaited);
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
    [[nodiscard]] time::Instant stands_at() const { return link->first_stop()->now; }
    [[nodiscard]] bool has_stop() const { return !end && link->has_stop(); }
    [[nodiscard]] bool may_stop() const { return !end && !link->has_stop(); }
  };

  // Those that stand, or were granted less; not again who runs since an earlier call that ended with an exception.
  void grant() {
    for (const Member& member : members_) {
      if (!member.end && (member.link->stands() || member.link->session.horizon() < horizon_)) {
        member.link->grant(horizon_);
      }
    }
  }

  void start_waiting() {
    deadline_ = host::Deadline(host::HostClock::monotonic(), limit_);
    clocks_at_start_ = read_clocks();
  }

  void check_limit(const std::vector<std::int64_t>& clocks) {
    if (deadline_.has_passed() && clocks == clocks_at_start_) {
      furthest_behind(clocks).connection.throw_timed_out("report, nor did any guest's clock move,", limit_, 1);
    }
    if (deadline_.has_passed()) {
      start_waiting();
    }
  }

  [[nodiscard]] std::vector<std::int64_t> read_clocks() const {
    std::vector<std::int64_t> clocks;
    std::ranges::transform(members_, std::back_inserter(clocks),
                           [this](const Member& member) { return shared_.read(member.link->clock); });
    return clocks;
  }

  void receive() {
    for (const Member& member : members_) {
      LinkState& link = *member.link;
      while (!member.end && link.session.is_running() && link.receive_within({})) {
      }
      if (!member.end && link.is_at_end && !link.has_stop()) {
        static_cast<void>(link.take_events());  // its last words
        link.connection.throw_gone();
      }
    }
  }

  [[nodiscard]] std::optional<std::size_t> first_to_stand() const {
    std::optional<std::size_t> first;
    for (std::size_t i = 0; i < members_.size(); ++i) {
      if (members_[i].has_stop() && (!first || members_[i].stands_at() < members_[*first].stands_at())) {
        first = i;
      }
    }
    return first;
  }

  // One that may stop before the one that stands, or at the same instant, at which it would be first.
  [[nodiscard]] std::optional<std::size_t> one_not_beyond(std::size_t standing,
                                                          const std::vector<std::int64_t>& clocks) const {
    for (std::size_t i = 0; i < members_.size(); ++i) {
      if (members_[i].may_stop() && clocks[i] < awaited_of(i, standing)) {
        return i;
      }
    }
    return std::nullopt;
  }
  [[nodiscard]] std::int64_t awaited_of(std::size_t other, std::size_t standing) const {
    return members_[standing].stands_at().since_origin().ns() + (other < standing ? 1 : 0);
  }

  void sleep(std::uint32_t heard, std::optional<std::size_t> standing, std::optional<std::size_t> awaited) {
    const host::HostDuration length = std::min(deadline_.remaining(), longest_sleep);
    if (!awaited) {
      shared_.wait_for_bell(heard, length);
      return;
    }
    const std::size_t clock = members_[*awaited].link->clock;
    const std::int64_t awaited_ns = awaited_of(*awaited, *standing);
    shared_.await(clock, awaited_ns);
    if (shared_.read(clock) < awaited_ns) {
      shared_.wait_for_bell(heard, length);
    }
    shared_.await(clock, transport::SharedClocks::ended);
  }

  void deal_with(Member& member) {
    const Dealing dealing(members_, {member.link->clock, member.stands_at()});
    LinkState& link = *member.link;
    const auto stop = link.take_events();
    if (!stop || !(link.end || link.stands())) {
      return;  // a read was answered, or its user stopped it
    }
    if (link.end || (stop->reason == wire::StopReason::horizon && stop->now >= horizon_)) {
      member.end = stop;
    } else {
      link.grant(horizon_);
    }
  }

  // While handlers of a stop are called: what they send is judged by where its guest stands.
  class Dealing {
   public:
    Dealing(const std::vector<Member>& members, std::pair<std::size_t, time::Instant> with) : members_(members) {
      for (const Member& member : members_) {
        member.link->dealt_with = with;
      }
    }
    ~Dealing() {
      for (const Member& member : members_) {
        member.link->dealt_with.reset();
      }
    }
    Dealing(const Dealing&) = delete;
    Dealing& operator=(const Dealing&) = delete;

   private:
    const std::vector<Member>& members_;
  };

  [[nodiscard]] const LinkState& furthest_behind(const std::vector<std::int64_t>& clocks) const {
    std::optional<std::size_t> behind;
    for (std::size_t i = 0; i < members_.size(); ++i) {
      if (members_[i].may_stop() && (!behind || clocks[i] < clocks[*behind])) {
        behind = i;
      }
    }
    return *members_[behind.value_or(0)].link;
  }

  transport::SharedClocks& shared_;
  time::Instant horizon_;
  host::HostDuration limit_;
  std::vector<Member> members_;
  host::Deadline deadline_{host::HostClock::monotonic(), {}};
  std::vector<std::int64_t> clocks_at_start_;  // of the wait
};

void check(const std::vector<LinkState*>& links, time::Instant horizon) {
  const auto refuse = [](const std::string& why) { throw base::BadArgument("run_together: " + why); };
  const auto& clocks = links.front()->clocks;
  for (const LinkState* link : links) {
    if (link->clocks == nullptr || link->clocks != clocks) {
      refuse(link->connection.name + ": guests that run together are launched with the same clocks");
    }
  }
  for (const LinkState* link : links) {
    const std::string& name = link->connection.name;
    if (std::ranges::count(links, link->clock, &LinkState::clock) > 1) {
      refuse(name + ": the same guest, or one that was given the same clock, twice");
    }
    if (!link->end && horizon < link->session.horizon()) {
      refuse(fmt::format("horizon = {} s: of {} it was {} s already", time::to_seconds_string(horizon), name,
                         time::to_seconds_string(link->session.horizon())));
    }
    for (const wire::Followed& one : link->followed) {
      const auto found = std::ranges::find(links, one.clock, &LinkState::clock);
      if (found == links.end() && clocks->read(one.clock) != transport::SharedClocks::ended) {
        refuse(fmt::format("{}: it follows clock {}, whose guest does not run with it, and would wait for it", name,
                           one.clock));
      }
      if (found != links.end() && !link->end && !(*found)->end &&
          link->session.now() > time::saturating_add((*found)->session.now(), one.distance)) {
        refuse(fmt::format("{}: it stands at {} s, further beyond {} than it is to follow that by", name,
                           time::to_seconds_string(link->session.now()), (*found)->connection.name));
      }
    }
  }
}

}  // namespace

std::shared_ptr<transport::SharedClocks> share_clocks(std::size_t guests) {
  return std::make_shared<transport::SharedClocks>(transport::SharedClocks::make(guests));
}

std::vector<wire::Stop> run_together(std::span<LinkGuest* const> guests, time::Instant horizon,
                                     host::HostDuration limit) {
  base::expects(!guests.empty(), "run_together: there are guests");
  std::vector<LinkState*> links;
  std::ranges::transform(guests, std::back_inserter(links), [](const LinkGuest* guest) { return guest->link_.get(); });
  check(links, horizon);
  return Together(std::move(links), horizon, limit).run();
}

}  // namespace fermata::sim
