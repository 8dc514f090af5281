// SPDX-License-Identifier: MIT
#include "fermata/record/recording_stream.hpp"

#include <gtest/gtest.h>

#include <array>

#include "fermata/base/error.hpp"
#include "fermata/record/testing/messages.hpp"
#include "fermata/record/testing/recordings.hpp"
#include "fermata/transport/in_process.hpp"

namespace fermata::record {
namespace {

using testing::read_all;
using testing::TempFile;

struct Pair {
  Pair(const std::string& path, End end, std::size_t capacity = transport::InProcessStream::default_capacity) {
    auto [a, b] = transport::InProcessStream::make_pair(capacity);
    ours = recorded(std::make_unique<transport::InProcessStream>(std::move(a)), path, end);
    theirs = std::make_unique<transport::InProcessStream>(std::move(b));
  }
  void receive() {
    std::array<std::byte, 7> piece{};
    while (ours->read(piece, {}).count > 0) {
    }
  }

  std::unique_ptr<transport::Stream> ours;
  std::unique_ptr<transport::Stream> theirs;
};

TEST(RecordingStream, RecordsBothDirectionsInTheirOrder) {
  const Message there = testing::grant(5, 0);
  const Message back = testing::report(5, 1);
  for (const bool is_simulator : {true, false}) {
    const TempFile file("stream_both");
    Pair pair(file.path(), is_simulator ? End::simulator : End::guest);
    const Message& first = is_simulator ? there : back;
    const Message& second = is_simulator ? back : there;
    EXPECT_EQ(pair.ours->write(first.bytes, {}).count, first.bytes.size());
    EXPECT_EQ(pair.theirs->write(second.bytes, {}).count, second.bytes.size());
    pair.receive();
    pair.ours->close();
    const auto content = read_all(file.path());
    EXPECT_EQ(content.messages, (std::vector{first, second}));
    EXPECT_EQ(content.damage, "");
    EXPECT_EQ(Reader(file.path()).end(), is_simulator ? End::simulator : End::guest);
  }
}

TEST(RecordingStream, RecordsOnceWhatIsOfferedAgain) {
  const TempFile file("stream_partial");
  Pair pair(file.path(), End::simulator, 40);
  auto bytes = testing::grant(5, 0).bytes;
  const auto second = testing::grant(6, 0).bytes;
  bytes.insert(bytes.end(), second.begin(), second.end());
  EXPECT_EQ(pair.ours->write(bytes, {}).count, 40U);
  EXPECT_EQ(pair.ours->write(std::span(bytes).subspan(40), {}).count, 0U);
  const auto third = testing::grant(7, 0).bytes;
  bytes.insert(bytes.end(), third.begin(), third.end());
  std::array<std::byte, 40> taken{};
  EXPECT_EQ(pair.theirs->read(taken, {}).count, 40U);
  EXPECT_EQ(pair.ours->write(std::span(bytes).subspan(40), {}).count, 32U);
  pair.ours->close();
  EXPECT_EQ(read_all(file.path()).messages,
            (std::vector{testing::grant(5, 0), testing::grant(6, 0), testing::grant(7, 0)}));
}

TEST(RecordingStream, EverythingUpToAGrantOrReportIsInTheFileAtOnce) {
  const TempFile file("stream_flush");
  Pair pair(file.path(), End::simulator);
  const std::vector<Message> messages = {testing::grant(5, 0), testing::output(1, 3, 1, "a"), testing::report(5, 1)};
  static_cast<void>(pair.ours->write(messages[0].bytes, {}));
  static_cast<void>(pair.theirs->write(messages[1].bytes, {}));
  pair.receive();
  EXPECT_EQ(read_all(file.path()).messages, std::vector{messages[0]});
  static_cast<void>(pair.theirs->write(messages[2].bytes, {}));
  pair.receive();
  EXPECT_EQ(read_all(file.path()).messages, messages);
}

TEST(RecordingStream, AFileThatTakesNoMoreEndsTheRun) {
  auto [a, b] = transport::InProcessStream::make_pair();
  EXPECT_THROW(static_cast<void>(recorded(std::make_unique<transport::InProcessStream>(std::move(a)), "/nowhere/at/all",
                                          End::simulator)),
               base::Error);
}

}  // namespace
}  // namespace fermata::record
