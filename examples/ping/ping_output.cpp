// SPDX-License-Identifier: MIT
#include "ping_output.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>

namespace ping {
namespace {

// A text that is taken from its beginning, piece by piece.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : text_(text) {}

  bool skip(std::string_view expected) {
    if (!text_.starts_with(expected)) {
      return false;
    }
    text_.remove_prefix(expected.size());
    return true;
  }
  bool skip_past(std::string_view expected) {
    const std::size_t at = text_.find(expected);
    if (at == std::string_view::npos) {
      return false;
    }
    text_.remove_prefix(at + expected.size());
    return true;
  }
  // Decimal digits, as many as there are; `digits` is how many.
  std::optional<unsigned> number(std::size_t* digits = nullptr) {
    unsigned value = 0;
    const auto [end, error] = std::from_chars(text_.data(), text_.data() + text_.size(), value);
    if (error != std::errc{}) {
      return std::nullopt;
    }
    const auto length = static_cast<std::size_t>(end - text_.data());
    text_.remove_prefix(length);
    if (digits != nullptr) {
      *digits = length;
    }
    return value;
  }

 private:
  std::string_view text_;
};

void take_reply(Cursor line, PingOutput& output) {
  if (!line.number() || !line.skip(" bytes from ") || !line.skip_past(" seq=")) {
    return;
  }
  const auto sequence = line.number();
  if (!sequence || !line.skip_past(" time=")) {
    return;
  }
  const auto ms = line.number();
  std::size_t digits = 0;
  const auto us = ms && line.skip(".") ? line.number(&digits) : std::nullopt;
  if (!us || digits != 3 || !line.skip(" ms")) {
    return;
  }
  const Duration round_trip = Duration::microseconds(std::int64_t{*ms} * 1'000 + *us);
  if (!output.round_trips.emplace(*sequence, round_trip).second) {
    ++output.duplicates;
  }
}

void take_totals(Cursor line, PingOutput& output) {
  const auto transmitted = line.number();
  if (!transmitted || !line.skip(" packets transmitted, ")) {
    return;
  }
  const auto received = line.number();
  if (received && line.skip(" packets received")) {
    output.totals = PingOutput::Totals{.transmitted = *transmitted, .received = *received};
  }
}

}  // namespace

PingOutput parse_ping_output(std::string_view console) {
  PingOutput output;
  while (!console.empty()) {
    const std::string_view line = console.substr(0, console.find('\n'));
    take_reply(Cursor(line), output);
    take_totals(Cursor(line), output);
    console.remove_prefix(std::min(line.size() + 1, console.size()));
  }
  return output;
}

}  // namespace ping
