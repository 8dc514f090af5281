// SPDX-License-Identifier: MIT
#include "fermata/time/units.hpp"

#include <fmt/format.h>

#include <array>
#include <cctype>

#include "fermata/base/error.hpp"

namespace fermata::time {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t ns;
};

// Largest first: to_string takes the first that divides.
constexpr std::array<Unit, 6> units{{{"h", 3'600'000'000'000},
                                     {"min", 60'000'000'000},
                                     {"s", 1'000'000'000},
                                     {"ms", 1'000'000},
                                     {"us", 1'000},
                                     {"ns", 1}}};

[[noreturn]] void reject(std::string_view text, std::string_view reason) {
  throw base::BadArgument(
      fmt::format("\"{}\" is no span of time: {}; give a number and a unit, as in 10us, 1.5ms, 10s (ns us ms s min h)",
                  text, reason));
}

struct Digits {
  std::int64_t value = 0;
  std::size_t count = 0;
};

// Reads decimal digits from the front of `rest`, which it shortens.
Digits take_digits(std::string_view& rest, std::string_view text) {
  Digits digits;
  while (!rest.empty() && std::isdigit(static_cast<unsigned char>(rest.front())) != 0) {
    if (__builtin_mul_overflow(digits.value, 10, &digits.value) ||
        __builtin_add_overflow(digits.value, rest.front() - '0', &digits.value)) {
      reject(text, "the number is too large");
    }
    ++digits.count;
    rest.remove_prefix(1);
  }
  return digits;
}

const Unit& find_unit(std::string_view name, std::string_view text) {
  for (const Unit& unit : units) {
    if (unit.name == name) {
      return unit;
    }
  }
  reject(text, name.empty() ? "the unit is missing" : fmt::format("unknown unit \"{}\"", name));
}

}  // namespace

Duration parse_duration(std::string_view text) {
  std::string_view rest = text;
  const Digits whole = take_digits(rest, text);
  Digits fraction;
  if (rest.starts_with('.')) {
    rest.remove_prefix(1);
    fraction = take_digits(rest, text);
  }
  if (whole.count + fraction.count == 0) {
    reject(text, "it does not start with a number");
  }
  while (rest.starts_with(' ')) {
    rest.remove_prefix(1);
  }
  const Unit& unit = find_unit(rest, text);

  std::int64_t ns = 0;
  if (__builtin_mul_overflow(whole.value, unit.ns, &ns)) {
    reject(text, "it is longer than 292 years");
  }
  // fraction.value / 10^count of a unit, and it must come out even.
  __extension__ using Wide = __int128;
  Wide scaled = static_cast<Wide>(fraction.value) * unit.ns;
  for (std::size_t i = 0; i < fraction.count; ++i) {
    if (scaled % 10 != 0) {
      reject(text, "it is no whole number of nanoseconds");
    }
    scaled /= 10;
  }
  if (__builtin_add_overflow(ns, static_cast<std::int64_t>(scaled), &ns)) {
    reject(text, "it is longer than 292 years");
  }
  return Duration::nanoseconds(ns);
}

std::string to_string(Duration span) {
  if (span == Duration::zero()) {
    return "0s";
  }
  for (const Unit& unit : units) {
    // Hours and minutes are read, not written: "90s" compares at a glance with "10s", "1.5min" does not.
    if (unit.ns <= 1'000'000'000 && span.ns() % unit.ns == 0) {
      return fmt::format("{}{}", span.ns() / unit.ns, unit.name);
    }
  }
  return fmt::format("{}ns", span.ns());
}

std::string to_seconds_string(Duration span) {
  const bool negative = span < Duration::zero();
  const auto magnitude = negative ? ~static_cast<std::uint64_t>(span.ns()) + 1 : static_cast<std::uint64_t>(span.ns());
  return fmt::format("{}{}.{:09}", negative ? "-" : "", magnitude / 1'000'000'000, magnitude % 1'000'000'000);
}

std::string to_seconds_string(Instant at) { return to_seconds_string(at.since_origin()); }

}  // namespace fermata::time
