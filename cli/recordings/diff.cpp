// SPDX-License-Identifier: MIT
#include "cli/recordings/diff.hpp"

#include <fmt/format.h>

#include <functional>
#include <optional>

#include "cli/output.hpp"
#include "fermata/record/comparison.hpp"
#include "fermata/record/guest_trace.hpp"
#include "fermata/record/reader.hpp"
#include "fermata/record/text.hpp"

namespace fermata::cli {
namespace {

constexpr int status_equal = 0;
constexpr int status_different = 1;
constexpr int status_trouble = 2;

// One of the two recordings, line by line.
class Lines {
 public:
  Lines(const std::string& path, bool is_all) : reader_(path), trace_(reader_), is_all_(is_all) {}

  std::optional<record::TraceLine> next() {
    if (!is_all_) {
      const auto event = trace_.next();
      return event ? std::optional(line_of(*event)) : std::nullopt;
    }
    const record::Message* message = reader_.next();
    if (message == nullptr) {
      return std::nullopt;
    }
    const record::Narrator::Line line = narrator_.tell(message->from, message->frame());
    return record::TraceLine{.at = line.at, .channel = line.channel, .text = line.to_string()};
  }
  [[nodiscard]] const std::string& damage() const { return is_all_ ? reader_.damage() : trace_.damage(); }

 private:
  record::Reader reader_;
  record::GuestTraceReader trace_;
  record::Narrator narrator_;
  bool is_all_;
};

int compare(const DiffOptions& options) {
  using Side = record::Comparison::Side;
  Lines first(options.first, options.is_all);
  Lines second(options.second, options.is_all);
  record::Comparison comparison(options.context);
  std::optional<record::TraceLine> a;
  std::optional<record::TraceLine> b;
  do {
    if ((a = first.next())) {
      comparison.add(Side::first, std::move(*a));
    }
    if ((b = second.next())) {
      comparison.add(Side::second, std::move(*b));
    }
  } while (a && b && !comparison.difference());
  const bool is_cut = !first.damage().empty() || !second.damage().empty();
  if (!is_cut) {
    comparison.finish();  // where a damaged one ends says nothing
  }
  for (const std::string& damage : {first.damage(), second.damage()}) {
    if (!damage.empty()) {
      fmt::print(stderr, "fermata: {}\n", damage);
    }
  }
  if (comparison.difference()) {
    print_output(to_text(*comparison.difference(), options.first, options.second));
    return status_different;
  }
  if (is_cut) {
    fmt::print(stderr, "fermata: {} records are equal before that\n", comparison.equal());
  }
  return is_cut ? status_trouble : status_equal;
}

}  // namespace

int run_diff(const DiffOptions& options) {
  try {
    return compare(options);
  } catch (const std::exception& error) {
    fmt::print(stderr, "fermata: {}\n", error.what());
    return status_trouble;
  }
}

}  // namespace fermata::cli
