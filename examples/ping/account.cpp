// SPDX-License-Identifier: MIT
#include "account.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "fermata/time/units.hpp"
#include "icmp_echo.hpp"

namespace ping {
namespace {

using fermata::time::to_string;
using namespace fermata::time::literals;
using Trips = std::map<unsigned, RoundTrip>;

// Several pings may have run; the last is the one whose output counts.
std::optional<std::uint16_t> last_identifier(const Capture& pinger) {
  std::optional<std::uint16_t> identifier;
  for (const CapturedFrame& frame : pinger.frames) {
    const auto echo = parse_icmp_echo(frame.bytes);
    if (frame.is_outgoing && echo && echo->is_request) {
      identifier = echo->identifier;
    }
  }
  return identifier;
}

void note(std::optional<Instant>& into, Instant at) {
  if (!into) {
    into = at;
  }
}

void find_at_pinger(const Capture& pinger, std::uint16_t identifier, Trips& trips) {
  for (const CapturedFrame& frame : pinger.frames) {
    const auto echo = parse_icmp_echo(frame.bytes);
    if (!echo || echo->identifier != identifier || echo->is_request != frame.is_outgoing) {
      continue;
    }
    RoundTrip& trip = trips[echo->sequence];
    trip.sequence = echo->sequence;
    trip.stamp_us = echo->stamp_us;
    note(echo->is_request ? trip.request_left : trip.reply_arrived, frame.at);
  }
}

void find_at_responder(const Capture& responder, std::uint16_t identifier, Trips& trips) {
  for (const CapturedFrame& frame : responder.frames) {
    const auto echo = parse_icmp_echo(frame.bytes);
    if (!echo || echo->identifier != identifier || echo->is_request == frame.is_outgoing) {
      continue;
    }
    RoundTrip& trip = trips[echo->sequence];
    trip.sequence = echo->sequence;
    note(echo->is_request ? trip.request_arrived : trip.reply_left, frame.at);
  }
}

// The faults of one round trip.
class TripCheck {
 public:
  TripCheck(const RoundTrip& trip, const Expectation& expectation, std::vector<std::string>& faults)
      : trip_(trip), expectation_(expectation), faults_(faults) {}

  void check() {
    check_order();
    if (trip_.reply_arrived.has_value() != trip_.shown.has_value()) {
      complain(trip_.shown ? "ping shows a reply that did not arrive" : "ping does not show the reply that arrived");
    }
    if (!trip_.is_whole()) {
      return;
    }
    if (trip_.time_of_responder() <= Duration::zero()) {
      complain("the responder took no time");
    }
    const Duration rest = trip_.time_of_pinger();
    if (rest <= Duration::zero() || rest > expectation_.most_of_pinger) {
      complain(fmt::format("ping shows {}, which leaves {} for the pinger", to_string(*trip_.shown), span(rest)));
    }
  }

 private:
  static std::string span(Duration value) {
    return value < Duration::zero() ? "-" + to_string(-value) : to_string(value);
  }
  void complain(const std::string& what) { faults_.push_back(fmt::format("seq={}: {}", trip_.sequence, what)); }

  // Nothing arrives that was not sent, nothing is answered that did not arrive, and the ways take the latency.
  void check_order() {
    const auto expect_after = [this](const auto& later, const auto& earlier, const char* what) {
      if (later && !earlier) {
        complain(what);
      }
    };
    expect_after(trip_.request_arrived, trip_.request_left, "a request arrived that was not sent");
    expect_after(trip_.reply_left, trip_.request_arrived, "a reply left to a request that did not arrive");
    expect_after(trip_.reply_arrived, trip_.reply_left, "a reply arrived that was not sent");
    if (trip_.request_arrived && !trip_.reply_left) {
      complain("the responder did not answer");
    }
    if (trip_.request_left && trip_.request_arrived) {
      check_way(trip_.way_out(), "request");
    }
    if (trip_.reply_left && trip_.reply_arrived) {
      check_way(trip_.way_back(), "reply");
    }
  }
  void check_way(Duration taken, const char* what) {
    if (taken != expectation_.latency) {
      complain(
          fmt::format("the {} was under way for {} instead of {}", what, span(taken), to_string(expectation_.latency)));
    }
  }

  const RoundTrip& trip_;
  const Expectation& expectation_;
  std::vector<std::string>& faults_;
};

void check_totals(const std::vector<RoundTrip>& trips, const PingOutput& output, std::vector<std::string>& faults) {
  if (!output.totals) {
    faults.emplace_back("ping has not printed its totals");
    return;
  }
  const auto received = static_cast<std::size_t>(
      std::count_if(trips.begin(), trips.end(), [](const RoundTrip& trip) { return trip.reply_arrived.has_value(); }));
  if (output.totals->transmitted != trips.size() || output.totals->received != received) {
    faults.push_back(fmt::format("ping counts {} requests and {} replies, the captures {} and {}",
                                 output.totals->transmitted, output.totals->received, trips.size(), received));
  }
  if (output.duplicates != 0) {
    faults.push_back(fmt::format("ping shows {} replies twice", output.duplicates));
  }
}

// The guest's clock runs in microseconds from its kernel's start; virtual time minus it is the same throughout, at
// least `least` and less than `most`.
void check_clock(const std::vector<RoundTrip>& trips, std::vector<std::string>& faults) {
  Duration least = -Duration::max();
  Duration most = Duration::max();
  for (const RoundTrip& trip : trips) {
    if (!trip.is_whole()) {
      continue;
    }
    const Duration stamp = Duration::microseconds(trip.stamp_us);
    most = std::min(most, trip.request_left->since_origin() - stamp);
    // Each reading was rounded down.
    least = std::max(least, trip.reply_arrived->since_origin() - stamp - *trip.shown - 1_us);
  }
  if (least >= most) {
    faults.push_back(
        fmt::format("no one difference between the guest's clock and virtual time explains all round "
                    "trips: it would be more than {} and less than {}",
                    to_string(least), to_string(most)));
  }
}

}  // namespace

std::vector<RoundTrip> find_round_trips(const Capture& pinger, const Capture& responder, const PingOutput& output) {
  Trips trips;
  if (const auto identifier = last_identifier(pinger)) {
    find_at_pinger(pinger, *identifier, trips);
    find_at_responder(responder, *identifier, trips);
  }
  for (const auto& [sequence, shown] : output.round_trips) {
    trips[sequence].sequence = sequence;
    trips[sequence].shown = shown;
  }
  std::vector<RoundTrip> found;
  found.reserve(trips.size());
  for (const auto& [sequence, trip] : trips) {
    found.push_back(trip);
  }
  return found;
}

std::vector<std::string> find_faults(const std::vector<RoundTrip>& trips, const PingOutput& output,
                                     const Expectation& expectation) {
  std::vector<std::string> faults;
  for (const RoundTrip& trip : trips) {
    TripCheck(trip, expectation, faults).check();
  }
  check_totals(trips, output, faults);
  check_clock(trips, faults);
  return faults;
}

}  // namespace ping
