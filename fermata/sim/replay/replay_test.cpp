// SPDX-License-Identifier: MIT
// A recorded guest and a replayed one, both within this thread. Real guests: tests/recording.
#include "fermata/sim/replay/replay.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "fermata/base/error.hpp"
#include "fermata/record/testing/messages.hpp"
#include "fermata/record/testing/recordings.hpp"
#include "fermata/sim/testing/fake_guest.hpp"

namespace fermata::sim {
namespace {

using namespace std::chrono_literals;
using namespace time::literals;
using record::testing::TempFile;
using time::Duration;
using time::Instant;
using wire::StopReason;
using wire::link::testing::at_ns;
using wire::link::testing::bytes_of;

// Sends a letter each 300 ns on its console, and 10 ns after each input a "!". Stops where its session says so.
struct Letters {
  char first = 'a';
  Duration echo = 10_ns;
  std::optional<Instant> end{};  // powers itself off then

  void run(wire::link::GuestSession& session, wire::link::testing::RecordingPort& port, Instant horizon) {
    while (true) {
      auto next = std::pair(at_ns((1 + letters) * 300), std::string(1, static_cast<char>(first + letters % 26)));
      const bool is_echo = echoes < port.inputs.size() && at_ns(port.inputs[echoes].at_ns) + echo < next.first;
      if (is_echo) {
        next = {at_ns(port.inputs[echoes].at_ns) + echo, "!"};
      }
      if (end && next.first > *end && *end <= horizon) {
        session.stopped({.now = *end, .reason = StopReason::powered_off, .exit_status = 3});
        return;
      }
      if (next.first > horizon) {
        session.stopped({.now = horizon});
        return;
      }
      letters += is_echo ? 0 : 1;
      echoes += is_echo ? 1U : 0U;
      if (session.output(1, next.first, bytes_of(next.second)) == wire::link::GuestSession::After::stop) {
        session.stopped({.now = next.first, .reason = session.stop_wanted()});
        return;
      }
    }
  }

  int letters = 0;
  std::size_t echoes = 0;
};

// The guest's end of a link, to be had by a simulator's handle or by a replay.
class Board {
 public:
  explicit Board(Letters letters) : letters_(letters) {
    auto [a, b] = transport::DirectStream::make_pair();
    end_ = std::make_unique<transport::DirectStream>(std::move(b));
    end_->set_readable_handler([this] { serve(); });
    simulators_ = std::make_unique<transport::DirectStream>(std::move(a));
  }
  std::unique_ptr<transport::Stream> stream() { return std::move(simulators_); }

 private:
  void serve() {
    std::array<std::byte, 1000> bytes{};
    for (auto result = end_->read(bytes, {}); result.count > 0; result = end_->read(bytes, {})) {
      session_.receive(std::span(bytes).first(result.count));
    }
    for (; named_ < port_.named.size(); ++named_) {
      const std::string& what = port_.named[named_];
      if (what.starts_with("checkpoint")) {
        saved_ = {now_, letters_};
      } else {
        std::tie(now_, letters_) = saved_;
        // Inputs that were on their way then are given again; this guest is restored when there are none.
        letters_.echoes = port_.inputs.size();
      }
      session_.done(now_);
    }
    flush();
    while (const auto* order = std::get_if<wire::RunUntil>(&session_.order())) {
      now_ = order->horizon;
      letters_.run(session_, port_, order->horizon);
      flush();
    }
  }
  void flush() {
    while (!session_.outgoing().empty()) {
      session_.sent(end_->write(session_.outgoing(), {}).count);
    }
  }

  Letters letters_;
  Instant now_;
  std::pair<Instant, Letters> saved_;
  std::size_t named_ = 0;
  wire::link::testing::RecordingPort port_;
  wire::link::GuestSession session_{wire::link::testing::identity(), port_};
  std::unique_ptr<transport::DirectStream> end_;
  std::unique_ptr<transport::DirectStream> simulators_;
};

void run(LinkGuest& guest, Instant end, Duration quantum) {
  while (guest.now() < end) {
    guest.run_until(std::min(end, guest.now() + quantum), 30s);
  }
}

void make_recording(const TempFile& file, Duration quantum, const std::vector<std::string>& reactive = {}) {
  Board board({});
  LinkGuest guest = LinkGuest::attach(board.stream(), {.reactive = reactive, .record = file.path()});
  if (reactive.empty()) {
    guest.serial("console").send(at_ns(1000), "x");
    guest.serial("console").send(at_ns(2003), "y");
  } else {
    guest.serial("console").on_output([&](Instant at, std::string_view text) {
      if (text == "b" || text == "g") {
        guest.serial("console").send(at, "answer");
      }
    });
  }
  run(guest, at_ns(4000), quantum);
  guest.close();
}

Replay replayed(const std::string& path, const Letters& letters, const ReplayOptions& options = {}) {
  Board board(letters);
  record::Reader reader(path);
  Connection connection{.name = "board", .stream = board.stream()};
  return replay(reader, connection, options);
}

TEST(Replay, TheSameGuestDoesTheSame) {
  for (const Duration quantum : {4000_ns, 100_ns, 70_ns}) {
    const TempFile file("replay_same");
    make_recording(file, quantum);
    for (const std::optional<Duration> other : {std::optional<Duration>(), std::optional(50_ns), std::optional(1_s)}) {
      const Replay result = replayed(file.path(), {}, {.quantum = other});
      EXPECT_EQ(result.difference, std::nullopt) << quantum.ns() << to_text(*result.difference, "a", "b");
      EXPECT_EQ(result.equal, 4U + 13 + 2 + 2) << "start, channels, letters, inputs, echoes";
      EXPECT_EQ(result.reached, at_ns(4000));
      EXPECT_EQ(result.damage, "");
    }
  }
}

TEST(Replay, ReactiveOutputsAreAnsweredAtTheirInstants) {
  for (const Duration quantum : {4000_ns, 100_ns}) {
    const TempFile file("replay_reactive");
    make_recording(file, quantum, {"console"});
    for (const std::optional<Duration> other : {std::optional<Duration>(), std::optional(50_ns)}) {
      const Replay result = replayed(file.path(), {}, {.quantum = other});
      EXPECT_EQ(result.difference, std::nullopt) << quantum.ns();
      EXPECT_EQ(result.equal, 4U + 13 + 2 + 2);
    }
  }
}

TEST(Replay, AnotherGuestIsFoundOut) {
  const TempFile file("replay_other");
  make_recording(file, 100_ns);
  const Replay other_letter = replayed(file.path(), {.first = 'b'});
  ASSERT_TRUE(other_letter.difference);
  EXPECT_EQ(other_letter.difference->at, at_ns(300));
  EXPECT_EQ(other_letter.difference->first, "0.000000300 output console a");
  EXPECT_EQ(other_letter.difference->second, "0.000000300 output console b");
  const Replay later = replayed(file.path(), {.echo = 11_ns});
  ASSERT_TRUE(later.difference);
  EXPECT_EQ(later.difference->at, at_ns(1010));
  EXPECT_EQ(later.difference->channel, "console");
  EXPECT_EQ(later.difference->second, "0.000001011 output console !");
  const Replay shorter = replayed(file.path(), {.end = at_ns(3500)});
  ASSERT_TRUE(shorter.difference);
  EXPECT_EQ(shorter.difference->second, "0.000003500 powered_off exit_status=3");
}

TEST(Replay, AGuestThatStopsElsewhereIsFoundOut) {
  const TempFile file("replay_stops");
  make_recording(file, 4000_ns, {"console"});
  const Replay result = replayed(file.path(), {.echo = 5000_ns});  // never within the recording
  ASSERT_TRUE(result.difference);
  EXPECT_EQ(result.difference->first, "0.000000610 output console !");
}

TEST(Replay, AHorizonThatWasKeptAheadIsReplayed) {
  // As a simulator that raises the horizon before the guest is there records it: reports and grants cross.
  using namespace record::testing;
  const TempFile file("replay_ahead");
  Board board({});
  {
    LinkGuest guest = LinkGuest::attach(board.stream(), {.record = file.path()});
    guest.grant(at_ns(500));
    guest.wait(30s);
  }
  auto messages = read_all(file.path()).messages;
  messages.erase(messages.begin() + 5, messages.end());  // hello, welcome, three channels
  for (const auto& message :
       {grant(500, 0), grant(1000, 0), output(1, 300, 1, "a"), report(500, 1), grant(1400, 1), output(1, 600, 2, "b"),
        output(1, 900, 3, "c"), output(1, 1200, 4, "d"), report(1400, 3)}) {
    messages.push_back(message);
  }
  file.write(messages);
  const Replay result = replayed(file.path(), {});
  EXPECT_EQ(result.difference, std::nullopt);
  EXPECT_EQ(result.equal, 4U + 4);
}

// The replayed guest may stand there before the grant comes that crossed the recorded guest's report. It does not
// answer that stop, whichever end has recorded.
TEST(Replay, AGrantThatCrossedAStopDoesNotAnswerIt) {
  using namespace record::testing;
  constexpr std::uint32_t at_output = 2;
  const TempFile file("replay_crossing");
  make_recording(file, 4000_ns, {"console"});
  auto start = read_all(file.path()).messages;
  start.erase(start.begin() + 6, start.end());  // hello, welcome, three channels, select
  const auto stop = {output(1, 300, 1, "a"), report(300, 1, at_output)};
  const auto rest = {input(1, 300, 1, "answer"), grant(550, 1), output(1, 310, 2, "!"),
                     report(310, 3, at_output),  grant(550, 2), report(550, 4)};
  for (const bool is_simulators_end : {true, false}) {
    auto messages = start;
    messages.push_back(grant(500, 0));
    if (is_simulators_end) {
      messages.push_back(grant(550, 0));
    }
    messages.insert(messages.end(), stop);
    if (!is_simulators_end) {
      messages.push_back(grant(550, 0));
    }
    messages.insert(messages.end(), rest);
    file.write(messages);
    const Replay result = replayed(file.path(), {});
    EXPECT_EQ(result.difference, std::nullopt) << to_text(*result.difference, "a", "b");
    EXPECT_EQ(result.equal, 4U + 3) << "a, answer, !";
    EXPECT_EQ(result.reached, at_ns(550));
  }
}

TEST(Replay, CheckpointsAreMadeAndGoneBackTo) {
  const TempFile file("replay_checkpoints");
  {
    Board board({});
    LinkGuest guest = LinkGuest::attach(board.stream(), {.record = file.path()});
    run(guest, at_ns(1000), 400_ns);
    guest.checkpoint("one", 30s);
    guest.serial("console").send(at_ns(1500), "x");
    run(guest, at_ns(2000), 400_ns);
    guest.restore("one", 30s);
    run(guest, at_ns(2000), 100_ns);
  }
  const Replay result = replayed(file.path(), {});
  EXPECT_EQ(result.difference, std::nullopt) << to_text(*result.difference, "a", "b");
  EXPECT_EQ(result.equal, 4U + 3 + 1 + 3 + 2 + 1 + 3);
}

TEST(Replay, ARecordingThatWasCutIsReplayedUpToThere) {
  const TempFile file("replay_cut");
  make_recording(file, 300_ns);
  const auto whole = file.bytes();
  for (std::size_t size = 200; size < whole.size(); size += 3) {
    std::ofstream(file.path(), std::ios::binary | std::ios::trunc)
        .write(reinterpret_cast<const char*>(whole.data()), static_cast<std::streamsize>(size));
    const Replay result = replayed(file.path(), {});
    EXPECT_EQ(result.difference, std::nullopt) << size;
    EXPECT_NE(result.damage.find("was cut"), std::string::npos);
  }
  // Cut while the guest ran, after an output.
  auto messages = record::testing::read_all(file.path()).messages;
  while (!messages.empty() && messages.back().frame().header.type != wire::link::MessageType::output) {
    messages.pop_back();
  }
  file.write(messages);
  EXPECT_EQ(replayed(file.path(), {}).difference, std::nullopt);
  EXPECT_TRUE(replayed(file.path(), {.first = 'b'}).difference);
}

std::string failure(const std::string& path, std::unique_ptr<transport::Stream> stream, const ReplayOptions& options) {
  return testing::refusal([&] {
    record::Reader reader(path);
    Connection connection{.name = "board", .stream = std::move(stream)};
    static_cast<void>(replay(reader, connection, options));
  });
}

// A run of 1600 ns in one grant, in which it was sent an input at 1000 ns while it ran: it followed another's clock.
void make_recording_of_a_follower(const TempFile& file, std::string_view echo) {
  make_recording(file, 4000_ns);
  std::vector<record::Message> messages;
  record::Reader reader(file.path());
  for (const record::Message* message = reader.next();
       message != nullptr && message->frame().header.type < wire::link::MessageType::input; message = reader.next()) {
    messages.push_back(*message);
  }
  namespace link = wire::link;
  record::Message follow{.from = record::Direction::from_simulator};
  link::append(follow.bytes, link::Follow{.header = {}, .clock = 1, .distance_ns = 500});
  using namespace record::testing;
  for (const record::Message& message :
       {follow, grant(1600, 0), input(1, 1000, 1, "x"), output(1, 300, 1, "a"), output(1, 600, 2, "b"),
        output(1, 900, 3, "c"), input(1, 1300, 2, "y"), output(1, 1010, 4, echo), output(1, 1200, 5, "d"),
        output(1, 1310, 6, "!"), output(1, 1500, 7, "e"), report(1600, 1)}) {
    messages.push_back(message);
  }
  file.write(messages);
}

TEST(Replay, AGuestThatFollowedOthersIsReplayedWithoutThem) {
  const TempFile file("replay_follower");
  make_recording_of_a_follower(file, "!");
  for (const std::optional<Duration> quantum : {std::optional<Duration>(), std::optional(50_ns), std::optional(1_s)}) {
    const Replay result = replayed(file.path(), {}, {.quantum = quantum});
    EXPECT_EQ(result.difference, std::nullopt) << to_text(*result.difference, "a", "b");
    EXPECT_EQ(result.equal, 4U + 5 + 2 + 2) << "start, channels, letters, inputs, echoes";
    EXPECT_EQ(result.reached, at_ns(1600));
  }
  make_recording_of_a_follower(file, "?");
  EXPECT_NE(replayed(file.path(), {}).difference, std::nullopt);
}

TEST(Replay, SaysWhatItCannotReplay) {
  const TempFile file("replay_cannot");
  file.write({record::testing::grant(10, 0)});
  EXPECT_NE(failure(file.path(), Board({}).stream(), {}).find("does not begin with the hand-shake"), std::string::npos);
  file.write({}, record::End::simulator, record::Protocol::qqq);
  EXPECT_NE(failure(file.path(), Board({}).stream(), {}).find("it is one of qqq"), std::string::npos);
}

TEST(Replay, AGuestThatIsSilentOrGoneIsTrouble) {
  const TempFile file("replay_silent");
  make_recording(file, 300_ns);
  auto [ours, silent] = transport::DirectStream::make_pair();
  EXPECT_NE(failure(file.path(), std::make_unique<transport::DirectStream>(std::move(ours)), {.limit = 1ms})
                .find("board did not introduce itself"),
            std::string::npos);
  auto [other, gone] = transport::DirectStream::make_pair();
  gone.close();
  EXPECT_NE(failure(file.path(), std::make_unique<transport::DirectStream>(std::move(other)), {}).find("is gone"),
            std::string::npos);
}

TEST(Replay, CanBeCancelled) {
  const TempFile file("replay_cancelled");
  make_recording(file, 300_ns);
  auto [ours, silent] = transport::DirectStream::make_pair();
  record::Reader reader(file.path());
  Connection connection{.name = "board", .stream = std::make_unique<transport::DirectStream>(std::move(ours))};
  EXPECT_TRUE(replay(reader, connection, {.is_cancelled = [] { return true; }}).is_cancelled);
}

}  // namespace
}  // namespace fermata::sim
