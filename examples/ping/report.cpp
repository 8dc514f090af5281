// SPDX-License-Identifier: MIT
#include "report.hpp"

#include <fmt/format.h>

#include <cstdio>

#include "fermata/time/units.hpp"

namespace ping {
namespace {

using fermata::time::to_seconds_string;

// "1003.456 us".
std::string us(Duration span) {
  const std::int64_t ns = span.ns();
  return fmt::format("{}{}.{:03}", ns < 0 ? "-" : "", (ns < 0 ? -ns : ns) / 1'000, (ns < 0 ? -ns : ns) % 1'000);
}

std::string instant(const std::optional<Instant>& at) { return at ? to_seconds_string(*at) : "-"; }

void print_row(const RoundTrip& trip) {
  fmt::print("  {:>3}  {:>14}  {:>14}  {:>14}  {:>14}  ", trip.sequence, instant(trip.request_left),
             instant(trip.request_arrived), instant(trip.reply_left), instant(trip.reply_arrived));
  if (trip.is_whole()) {
    fmt::print("{:>8} + {:>7} + {:>8} + {:>7} = {:>8}\n", us(trip.way_out()), us(trip.time_of_responder()),
               us(trip.way_back()), us(trip.time_of_pinger()), us(*trip.shown));
  } else {
    fmt::print("{}\n", !trip.request_arrived ? "the request was lost"
                       : !trip.reply_arrived ? "the reply was lost"
                                             : "?");
  }
}

void print_count(const char* who, const EthernetLink::Count& count) {
  fmt::print("{:<20} sent {} frames, of which {} were lost\n", who, count.carried + count.lost, count.lost);
}

}  // namespace

void ConsoleView::take(Instant at, std::string_view text) {
  for (const char character : text) {
    if (line_.empty()) {
      begun_ = at;
    }
    if (character != '\n') {
      line_ += character;
      continue;
    }
    fmt::print("  {:>13} | {}\n", to_seconds_string(begun_), line_);
    std::fflush(stdout);
    line_.clear();
  }
}

void print_account(const std::vector<RoundTrip>& trips, const Outcome& outcome, const Settings& settings) {
  fmt::print(
      "\n  seq  request leaves  reaches other   reply leaves    is back              out  responder       back    "
      "Linux   ping shows\n"
      "       s               s               s               s                     us         us         us       us  "
      "       us\n");
  for (const RoundTrip& trip : trips) {
    print_row(trip);
  }
  fmt::print("\n");
  print_count("Linux", outcome.requests);
  print_count("the responder", outcome.replies);
  fmt::print("{:<20} {} s until Linux switched itself off, over a link of {}\n", "virtual time",
             to_seconds_string(outcome.last_word), fermata::time::to_string(settings.link.latency));
}

}  // namespace ping
