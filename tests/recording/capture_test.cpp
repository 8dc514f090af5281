// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/recording/recordings.hpp"

namespace fermata::recording_test {
namespace {

using ::testing::HasSubstr;

constexpr int frames = 10;

void record_frames(const std::string& path) {
  record_in_process(
      path, "netecho", Instant::at(40_ms), 1_ms,
      [](sim::LinkGuest& guest) {
        for (int i = 0; i < frames; ++i) {
          guest.ethernet("ethernet0")
              .send(Instant::at(10_ms + i * 1'000'001_ns), echo_frame(64U + static_cast<unsigned>(i)));
        }
      },
      1);
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) {
    lines.push_back(line);
  }
  return lines;
}

bool has_tshark() {
  try {
    return run({"tshark", "--version"}).status == host::ExitStatus{};
  } catch (const std::exception&) {
    return false;
  }
}

TEST(Capture, TsharkReadsEveryFrameWithItsInstantAndDirection) {
  if (!has_tshark()) {
    GTEST_SKIP() << "no tshark here (Debian: tshark), so no other program has read the capture";
  }
  const TempFolder folder;
  record_frames(folder.path("r"));
  ASSERT_EQ(fermata({"trace", "export", "--format", "pcapng", "-o", folder.path("pcapng"), folder.path("r")}).status,
            host::ExitStatus{});
  const Outcome tshark =
      run({"tshark", "-r", folder.path("pcapng"), "-T", "fields", "-e", "frame.time_epoch", "-e", "frame.len", "-e",
           "frame.interface_name", "-e", "frame.packet_flags_direction", "-e", "eth.type", "-e", "eth.dst"});
  ASSERT_EQ(tshark.status, host::ExitStatus{}) << tshark.errors;
  const auto lines = lines_of(tshark.output);
  ASSERT_EQ(lines.size(), 2U * frames) << tshark.output;
  for (int i = 0; i < frames; ++i) {
    const auto& there = lines[2U * static_cast<unsigned>(i)];
    const auto& back = lines[2U * static_cast<unsigned>(i) + 1];
    EXPECT_EQ(there, fmt::format("0.{:09}\t{}\tethernet0\t0x00000001\t0x88b5\t52:54:00:12:34:56",
                                 10'000'000 + i * 1'000'001, 64 + i));
    EXPECT_THAT(back, HasSubstr(fmt::format("\t{}\tethernet0\t0x00000002\t0x88b5\t02:00:00:00:00:01", 64 + i)));
    // The instants that the trace has, to the nanosecond.
    EXPECT_THAT(fermata({"trace", "print", "--guest", folder.path("r")}).output,
                HasSubstr(back.substr(0, back.find('\t')) + fmt::format(" output ethernet0 {} ", 64 + i)));
  }
}

TEST(Capture, AGuestWithoutANetworkHasNone) {
  const TempFolder folder;
  record_in_process(folder.path("r"), "echo", Instant::at(5_ms), 1_ms, letters("abc"));
  const Outcome none = fermata({"trace", "export", "--format", "pcapng", folder.path("r")});
  EXPECT_EQ(none.status, host::ExitStatus{.code = 1});
  EXPECT_THAT(none.errors, HasSubstr("has no Ethernet channel"));
  EXPECT_EQ(fermata({"trace", "export", "--format", "mp3", folder.path("r")}).status, host::ExitStatus{.code = 2});
}

TEST(Capture, TraceEventsAreADocumentWithAllThatHappened) {
  const TempFolder folder;
  record_frames(folder.path("r"));
  const Outcome chrome = fermata({"trace", "export", "--format", "chrome", folder.path("r")});
  EXPECT_EQ(chrome.status, host::ExitStatus{}) << chrome.errors;
  int spans = 0;
  int instants = 0;
  double end = 0;
  const auto document = nlohmann::json::parse(chrome.output);
  for (const auto& event : document.at("traceEvents")) {
    spans += event.at("ph") == "X" ? 1 : 0;
    instants += event.at("ph") == "i" && event.at("tid") == 2 ? 1 : 0;
    end = event.at("ph") == "X" ? event.at("ts").get<double>() + event.at("dur").get<double>() : end;
  }
  EXPECT_EQ(spans, 40);
  EXPECT_EQ(instants, 2 * frames);
  EXPECT_EQ(end, 40'000.0);
}

}  // namespace
}  // namespace fermata::recording_test
