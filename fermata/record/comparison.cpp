// SPDX-License-Identifier: MIT
#include "fermata/record/comparison.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "fermata/time/units.hpp"

namespace fermata::record {
namespace {

// Of a payload; the comparison itself looks at all of it.
constexpr std::size_t most_shown = 64;

std::string note_of(const TraceLine& a, const TraceLine& b) {
  if (a.text != b.text) {
    return "";
  }
  const auto [in_a, in_b] = std::mismatch(a.content.begin(), a.content.end(), b.content.begin(), b.content.end());
  return fmt::format("they differ from byte {} of what they carry", in_a - a.content.begin());
}

}  // namespace

TraceLine line_of(const GuestEvent& event) {
  const bool is_datum = event.kind == GuestEvent::Kind::input || event.kind == GuestEvent::Kind::output;
  return {.at = event.at,
          .channel = is_datum ? event.text : "",
          .text = to_line(event, most_shown),
          .content = event.payload.size() > most_shown ? event.payload : std::vector<std::byte>()};
}

std::string to_text(const Difference& difference, const std::string& first, const std::string& second) {
  std::string text =
      fmt::format("the first difference is at {} s{}{}\n--- {}\n+++ {}\n", time::to_seconds_string(difference.at),
                  difference.channel.empty() ? "" : ", on ", difference.channel, first, second);
  for (const std::string& line : difference.before) {
    text += "  " + line + "\n";
  }
  text += "- " + difference.first.value_or("(it ends here)") + "\n";
  text += "+ " + difference.second.value_or("(it ends here)") + "\n";
  return difference.note.empty() ? text : text + difference.note + "\n";
}

void Comparison::add(Side side, TraceLine line) {
  if (!difference_) {
    waiting_[static_cast<std::size_t>(side)].push_back(std::move(line));
    compare();
  }
}

void Comparison::compare() {
  auto& [first, second] = waiting_;
  while (!first.empty() && !second.empty()) {
    TraceLine& a = first.front();
    TraceLine& b = second.front();
    if (!(a == b)) {
      const TraceLine& earlier = b.at < a.at ? b : a;
      difference_ = {.at = earlier.at,
                     .channel = earlier.channel,
                     .before = {before_.begin(), before_.end()},
                     .first = a.text,
                     .second = b.text,
                     .note = note_of(a, b)};
      return;
    }
    ++equal_;
    before_.push_back(std::move(a.text));
    if (before_.size() > context_) {
      before_.pop_front();
    }
    first.pop_front();
    second.pop_front();
  }
}

void Comparison::finish() {
  auto& [first, second] = waiting_;
  if (difference_ || (first.empty() && second.empty())) {
    return;
  }
  const TraceLine& left = first.empty() ? second.front() : first.front();
  difference_ = {.at = left.at, .channel = left.channel, .before = {before_.begin(), before_.end()}};
  (first.empty() ? difference_->second : difference_->first) = left.text;
}

std::optional<time::Instant> Comparison::first_waiting(Side side) const {
  const auto& lines = waiting_[static_cast<std::size_t>(side)];
  return lines.empty() ? std::nullopt : std::optional(lines.front().at);
}

}  // namespace fermata::record
