// SPDX-License-Identifier: MIT
#include "fermata/record/export/chrome.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "fermata/base/error.hpp"
#include "fermata/record/testing/messages.hpp"

namespace fermata::record {
namespace {

namespace link = wire::link;

nlohmann::json exported(const std::vector<Message>& messages) {
  std::string text;
  ChromeExport chrome([&text](std::string_view piece) { text += piece; });
  for (const Message& message : messages) {
    chrome.take(message.from, message.frame());
  }
  chrome.finish();
  return nlohmann::json::parse(text).at("traceEvents");
}

std::vector<nlohmann::json> of_phase(const nlohmann::json& events, const std::string& phase) {
  std::vector<nlohmann::json> found;
  std::copy_if(events.begin(), events.end(), std::back_inserter(found),
               [&](const nlohmann::json& event) { return event.at("ph") == phase; });
  return found;
}

TEST(ChromeExport, HasTracksSpansAndInstants) {
  auto messages = testing::hand_shake();
  for (const Message& message : {testing::input(1, 1500, 1, "say \"hi\"\n\xff"), testing::grant(2000, 0),
                                 testing::output(2, 1600, 1, "a frame of net"), testing::report(2000, 1),
                                 testing::grant(9'999'999, 1), testing::report(5'000'001, 2, 7, -1, 3)}) {
    messages.push_back(message);
  }
  const auto events = exported(messages);
  const auto spans = of_phase(events, "X");
  ASSERT_EQ(spans.size(), 2U);
  EXPECT_EQ(spans[0].at("ts"), 0.0);
  EXPECT_EQ(spans[0].at("dur"), 2.0);
  EXPECT_EQ(spans[0].at("args").at("until"), "horizon");
  EXPECT_EQ(spans[1].at("ts"), 2.0);
  EXPECT_EQ(spans[1].at("dur"), 4998.001);
  EXPECT_EQ(spans[1].at("args").at("until"), "powered_off");
  EXPECT_EQ(spans[1].at("args").at("exit_status"), 3);
  const auto instants = of_phase(events, "i");
  ASSERT_EQ(instants.size(), 2U);
  EXPECT_EQ(instants[0].at("name"), "input");
  EXPECT_EQ(instants[0].at("tid"), 1);
  EXPECT_EQ(instants[0].at("ts"), 1.5);
  EXPECT_EQ(instants[0].at("args").at("data"), "say \"hi\"\\x0a\\xff");
  EXPECT_EQ(instants[1].at("tid"), 2);
  EXPECT_EQ(instants[1].at("args").at("bytes"), 14);
  std::vector<std::string> names;
  for (const auto& event : of_phase(events, "M")) {
    if (event.at("name") != "thread_sort_index") {
      names.push_back(event.at("args").at("name"));
    }
  }
  EXPECT_EQ(names, (std::vector<std::string>{"guest", "guest", "serial0", "ethernet0"}));
}

TEST(ChromeExport, AnEmptyRecordingIsADocument) { EXPECT_EQ(exported({}).size(), 2U); }

TEST(ChromeExport, RefusesWhatBreaksTheProtocol) {
  EXPECT_THROW(static_cast<void>(exported({testing::output(1, 5, 1, "x")})), base::Error);
  EXPECT_THROW(static_cast<void>(exported({testing::report(-5, 1)})), base::Error);
  EXPECT_THROW(static_cast<void>(exported({testing::channel(2, link::ChannelKind::line, "l")})), base::Error);
}

}  // namespace
}  // namespace fermata::record
