// SPDX-License-Identifier: MIT
#include "fermata/trace/record.hpp"

#include <gtest/gtest.h>

#include <string>

namespace fermata::trace {
namespace {

using namespace time::literals;

TEST(Record, PrintsAsOneLine) {
  EXPECT_EQ(to_line({.at = time::Instant::origin() + 1_ms, .kind = RecordKind::grant, .text = "horizon=0.002000000"}),
            "0.001000000 grant horizon=0.002000000");
  EXPECT_EQ(to_line({.at = time::Instant::origin(), .kind = RecordKind::guest_started}), "0.000000000 guest_started");
}

TEST(Record, EscapesWhatIsNotPrintable) {
  EXPECT_EQ(escape("a b\n"), "a b\\x0a");
  EXPECT_EQ(escape(std::string("\0\xff\\", 3)), "\\x00\\xff\\\\");
}

TEST(Record, KnowsWhatBelongsToTheGuest) {
  for (const RecordKind kind :
       {RecordKind::guest_started, RecordKind::guest_reset, RecordKind::input, RecordKind::output}) {
    EXPECT_TRUE(is_guest_record(kind)) << to_string(kind);
  }
  for (const RecordKind kind : {RecordKind::grant, RecordKind::report, RecordKind::ended}) {
    EXPECT_FALSE(is_guest_record(kind)) << to_string(kind);
  }
}

}  // namespace
}  // namespace fermata::trace
