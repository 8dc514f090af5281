// SPDX-License-Identifier: MIT
#include "fermata/trace/sink.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "fermata/base/error.hpp"

namespace fermata::trace {
namespace {

using namespace time::literals;

const Record first{.at = time::Instant::origin(), .kind = RecordKind::guest_started};
const Record second{.at = time::Instant::origin() + 1_ms, .kind = RecordKind::report, .text = "elapsed=1000us"};

TEST(MemorySink, KeepsRecordsInOrder) {
  MemorySink sink;
  sink.write(first);
  sink.write(second);
  EXPECT_EQ(sink.records(), (std::vector{first, second}));
}

TEST(TextFileSink, WritesALineARecord) {
  const auto path = std::filesystem::path(::testing::TempDir()) / "fermata_sink_test.trace";
  TextFileSink sink(path);
  sink.write(first);
  sink.write(second);
  sink.close();
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  EXPECT_EQ(text.str(), "0.000000000 guest_started\n0.001000000 report elapsed=1000us\n");
  std::filesystem::remove(path);
}

TEST(TextFileSink, SaysWhichFileCannotBeWritten) {
  try {
    const TextFileSink sink("/nowhere/at/all.trace");
    FAIL() << "opened";
  } catch (const base::Error& error) {
    EXPECT_EQ(error.code(), base::ErrorCode::host_failure);
    EXPECT_NE(std::string(error.what()).find("/nowhere/at/all.trace"), std::string::npos);
  }
}

TEST(TextFileSink, AFullDiskIsAnError) {
  TextFileSink sink("/dev/full");
  sink.write(first);
  EXPECT_THROW(sink.close(), base::Error);
}

}  // namespace
}  // namespace fermata::trace
