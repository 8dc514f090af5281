// SPDX-License-Identifier: MIT
// The simulator's end of a dma channel against a guest that follows a script. Real guests: tests/machine, tests/qemu.
#include "fermata/sim/dma_channel.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <numeric>
#include <string>
#include <vector>

#include "fermata/base/error.hpp"
#include "fermata/sim/testing/fake_guest.hpp"

namespace fermata::sim {
namespace {

using namespace std::chrono_literals;
using namespace testing;
using ::testing::HasSubstr;
using time::Instant;
using wire::StopReason;
using wire::link::ChannelKind;
using wire::link::DmaKind;
using wire::link::DmaReply;
using wire::link::DmaReplyHead;
using wire::link::DmaRequest;
using wire::link::DmaStatus;
using wire::link::testing::at_ns;
using wire::link::testing::bytes_of;

constexpr auto long_enough = 30s;
constexpr std::uint16_t console = 1;
constexpr std::uint16_t memory_channel = 2;
constexpr std::uint64_t base = 1000;

using Bytes = std::vector<std::byte>;
Bytes rising(std::size_t count) {
  Bytes bytes(count);
  for (std::size_t i = 0; i < count; ++i) {
    bytes[i] = static_cast<std::byte>(i);
  }
  return bytes;
}

/// 200,000 bytes at `base`. Answers requests at their instants; `says` may change what it says. Has an output on its
/// console at `speaks_at`.
struct Guest {
  explicit Guest(const LinkOptions& options = {.reactive = {"console", "memory"}})
      : fake([this](wire::link::GuestSession& session, Instant horizon) { run(session, horizon); }, options,
             identity()) {}
  static wire::link::GuestSession::Identity identity() {
    return {.name = "board",
            .abilities = wire::link::testing::all_abilities,
            .channels = {{.kind = ChannelKind::serial, .input_bound = 64, .output_bound = 4096, .name = "console"},
                         {.kind = ChannelKind::message,
                          .input_bound = 1 << 20,
                          .output_bound = 1 << 20,
                          .base = wire::link::message_of_memory,
                          .name = "memory"}}};
  }

  void run(wire::link::GuestSession& session, Instant horizon) {
    const Instant next = speaks_at ? std::min(*speaks_at, horizon) : horizon;
    bool is_to_stop = false;
    Instant at = now;
    for (; done < fake.port.inputs.size() && at_ns(fake.port.inputs[done].at_ns) <= next; ++done) {
      const auto input = fake.port.inputs[done];
      if (at_ns(input.at_ns) > at && is_to_stop) {
        break;
      }
      at = at_ns(input.at_ns);
      if (input.channel == memory_channel && !is_silent) {
        const Bytes reply = answer(input.sequence, bytes_of(input.payload));
        const auto after = session.output(memory_channel, at + lateness, reply);
        is_to_stop |= after == wire::link::GuestSession::After::stop;
      }
    }
    if (is_to_stop) {
      stop(session, at + lateness, session.stop_wanted());
    } else if (speaks_at && *speaks_at <= horizon) {
      now = *std::exchange(speaks_at, std::nullopt);
      const auto after = session.output(console, now, bytes_of("!"));
      stop(session, now, after == wire::link::GuestSession::After::stop ? StopReason::output : StopReason::horizon);
    } else {
      stop(session, horizon, StopReason::horizon);
    }
  }
  void stop(wire::link::GuestSession& session, Instant at, StopReason reason) {
    now = at;
    session.stopped({.now = at, .reason = ends_with.value_or(reason)});
  }
  Bytes answer(std::uint64_t sequence, std::span<const std::byte> payload) {
    const auto [head, data] = DmaRequest::from(payload);
    kinds += std::string(to_string(head.kind)) + " ";
    DmaReplyHead reply{.request = sequence, .status = DmaStatus::done, .length = 0};
    std::span<const std::byte> bytes;
    if (head.address < base || head.address + head.length > base + memory.size()) {
      reply.status = DmaStatus::not_memory;
    } else if (head.kind == DmaKind::write) {
      std::copy(data.begin(), data.end(), memory.begin() + static_cast<std::ptrdiff_t>(head.address - base));
    } else if (head.kind == DmaKind::read) {
      bytes = std::span(memory).subspan(head.address - base, head.length);
      reply.length = head.length;
    }
    if (says) {
      says(reply, bytes);
    }
    return DmaReply{reply, bytes}.bytes();
  }
  LinkGuest& operator*() { return *fake.guest; }
  LinkGuest* operator->() { return &*fake.guest; }

  Bytes memory = rising(200'000);
  std::function<void(DmaReplyHead& reply, std::span<const std::byte>& bytes)> says;
  std::optional<Instant> speaks_at;
  std::optional<StopReason> ends_with;
  time::Duration lateness;
  bool is_silent = false;
  std::string kinds;
  Instant now;
  std::size_t done = 0;
  FakeGuest fake;
};

TEST(DmaChannel, IsFoundAsWhatItIs) {
  Guest guest;
  EXPECT_EQ(guest->dma("memory").declared().number, memory_channel);
  EXPECT_TRUE(guest->dma("memory").is_reactive());
  EXPECT_THAT(refusal([&] { static_cast<void>(guest->message("memory")); }),
              HasSubstr("board has console (serial), memory (dma)"));
  EXPECT_THROW(static_cast<void>(guest->dma("console")), base::BadArgument);
}

TEST(DmaChannel, AnswersComeWithTheirInstants) {
  Guest guest(LinkOptions{});
  std::string log;
  const auto note = [&log](std::string what) {
    return [&log, what](Instant at, const DmaResult& result) {
      log += what + "@" + std::to_string(at.since_origin().ns()) + ":" + std::string(to_string(result.status)) +
             (result.bytes.empty() ? "" : "=" + std::to_string(std::to_integer<int>(result.bytes[0]))) + " ";
    };
  };
  DmaChannel memory = guest->dma("memory");
  memory.read(at_ns(100), base + 5, 2, note("read"));
  memory.write(at_ns(200), base + 5, Bytes(2, std::byte{77}), note("write"));
  memory.write(at_ns(200), base + 9, Bytes(2, std::byte{78}));
  memory.read(at_ns(200), base + 5, 1, note("again"));
  memory.read(at_ns(300), base - 1, 4, note("outside"));
  EXPECT_EQ(guest->run_until(at_ns(1000), long_enough).reason, StopReason::horizon);
  EXPECT_EQ(log, "read@100:done=5 write@200:done again@200:done=77 outside@300:not_memory ");
  EXPECT_EQ(guest.memory[9], std::byte{78});
}

TEST(DmaChannel, TheTraceTellsThem) {
  Guest guest(LinkOptions{});
  guest->dma("memory").write(at_ns(100), base, Bytes(2, std::byte{0xab}));
  guest->run_until(at_ns(200), long_enough);
  std::vector<std::string> lines;
  for (const trace::Record& record : guest.fake.trace.records()) {
    if (record.kind == trace::RecordKind::input || record.kind == trace::RecordKind::output) {
      lines.push_back(to_line(record));
    }
  }
  EXPECT_EQ(lines, (std::vector<std::string>{"0.000000100 input memory write address=0x3e8 length=2 data=abab",
                                             "0.000000100 output memory to=1 done"}));
}

TEST(DmaChannel, BetweenRunsTheGuestIsAskedWhereItStands) {
  Guest guest;
  guest->run_until(at_ns(500), long_enough);
  DmaChannel memory = guest->dma("memory");
  Bytes bytes(3);
  EXPECT_TRUE(memory.read_now(base + 1, bytes, long_enough));
  EXPECT_EQ(bytes, (Bytes{std::byte{1}, std::byte{2}, std::byte{3}}));
  EXPECT_TRUE(memory.write_now(base, bytes, long_enough));
  EXPECT_EQ(guest.memory[2], std::byte{3});
  EXPECT_FALSE(memory.read_now(base - 1, bytes, long_enough));
  EXPECT_FALSE(memory.write_now(0, bytes, long_enough));
  EXPECT_TRUE(memory.read_now(0, {}, long_enough)) << "as for a device on the board";
  EXPECT_EQ(guest->now(), at_ns(500));
  const wire::Stop stop = guest->run_until(at_ns(600), long_enough);
  EXPECT_EQ(stop.now, at_ns(600));
  EXPECT_EQ(stop.reason, StopReason::horizon);
}

TEST(DmaChannel, InAHandlerOfAReactiveChannelToo) {
  Guest guest;
  guest.speaks_at = at_ns(300);
  std::vector<std::int64_t> instants;
  guest->serial("console").on_output([&](Instant at, std::string_view) {
    Bytes bytes(1);
    EXPECT_TRUE(guest->dma("memory").read_now(base + 7, bytes, long_enough));
    EXPECT_EQ(bytes[0], std::byte{7});
    bytes[0] = std::byte{9};
    EXPECT_TRUE(guest->dma("memory").write_now(base + 8, bytes, long_enough));
    EXPECT_EQ(guest->now(), at);
    guest->serial("console").send(at, "x");
    instants.push_back(at.since_origin().ns());
  });
  const wire::Stop first = guest->run_until_output(at_ns(1000), long_enough);
  EXPECT_EQ(first.reason, StopReason::output) << "that of the console, once";
  EXPECT_EQ(first.now, at_ns(300));
  const wire::Stop last = guest->run_until_output(at_ns(1000), long_enough);
  EXPECT_EQ(last.reason, StopReason::horizon);
  EXPECT_EQ(last.now, at_ns(1000));
  EXPECT_EQ(instants, std::vector<std::int64_t>{300});
  EXPECT_EQ(guest.memory[8], std::byte{9});
  EXPECT_EQ(guest.fake.port.inputs.back().at_ns, 300);
}

TEST(DmaChannel, WhatIsLargerThanARequestIsDoneAsAWhole) {
  Guest guest;
  DmaChannel memory = guest->dma("memory");
  Bytes bytes(150'000);
  EXPECT_TRUE(memory.read_now(base + 10, bytes, long_enough));
  EXPECT_EQ(guest.kinds, "check_read read read read ");
  EXPECT_TRUE(std::equal(bytes.begin(), bytes.end(), guest.memory.begin() + 10));
  guest.kinds.clear();
  const Bytes zeros(150'000);
  const Bytes before = guest.memory;
  EXPECT_FALSE(memory.write_now(base + 100'000, zeros, long_enough));
  EXPECT_EQ(guest.kinds, "check_write ");
  EXPECT_EQ(guest.memory, before);
  EXPECT_FALSE(memory.write_now(~std::uint64_t{0} - 10, zeros, long_enough)) << "around the end of all addresses";
  EXPECT_TRUE(memory.write_now(base, zeros, long_enough));
  EXPECT_EQ(guest.memory[149'999], std::byte{0});
  EXPECT_EQ(guest.memory[150'000], before[150'000]);
}

// What comes in between is not lost, and is dealt with while the guest stands there.
TEST(DmaChannel, RequestsOfTheSameInstantAreAnsweredWhereTheyStand) {
  Guest guest;
  guest->run_until(at_ns(100), long_enough);
  std::string log;
  guest->dma("memory").read(at_ns(100), base + 4, 1, [&](Instant at, const DmaResult& result) {
    log += "first=" + std::to_string(std::to_integer<int>(result.bytes[0])) + " ";
    EXPECT_EQ(guest->now(), at);
    Bytes bytes(1);
    EXPECT_TRUE(guest->dma("memory").read_now(base + 6, bytes, long_enough));
    log += "within=" + std::to_string(std::to_integer<int>(bytes[0])) + " ";
  });
  Bytes bytes(1);
  EXPECT_TRUE(guest->dma("memory").read_now(base + 5, bytes, long_enough));
  log += "second=" + std::to_string(std::to_integer<int>(bytes[0]));
  EXPECT_EQ(log, "first=4 within=6 second=5");
  EXPECT_EQ(guest->run_until(at_ns(200), long_enough).now, at_ns(200));
}

TEST(DmaChannel, AGuestThatRunsIsNotAsked) {
  Guest guest({.reactive = {"memory"}});
  guest->grant(at_ns(100));
  Bytes bytes(1);
  const auto ask = [&] { static_cast<void>(guest->dma("memory").read_now(base, bytes, long_enough)); };
  EXPECT_THAT(refusal(ask), HasSubstr("the guest runs"));
  guest->wait(long_enough);
  guest.speaks_at = at_ns(150);
  std::string why;
  guest->serial("console").on_output([&](Instant, std::string_view) { why = refusal(ask); });
  guest->run_until(at_ns(200), long_enough);
  EXPECT_THAT(why, HasSubstr("the guest runs")) << "whether it has stopped meanwhile is a matter of the host's time";
  ask();
}

TEST(DmaChannel, ThatIsNotReactiveIsNotAskedAtOnce) {
  Guest guest(LinkOptions{});
  Bytes bytes(1);
  EXPECT_THAT(refusal([&] { static_cast<void>(guest->dma("memory").read_now(base, bytes, long_enough)); }),
              HasSubstr("LinkOptions::reactive"));
}

TEST(DmaChannel, WhatIsNoRequestIsRefused) {
  Guest guest;
  DmaChannel memory = guest->dma("memory");
  EXPECT_THROW(memory.read(at_ns(1), base, 0, {}), base::BadArgument);
  EXPECT_THROW(memory.read(at_ns(1), base, DmaChannel::most + 1, {}), base::BadArgument);
  EXPECT_THROW(memory.read(at_ns(1), base, std::size_t{1} << 32, {}), base::BadArgument);
  EXPECT_THROW(memory.write(at_ns(1), base, {}), base::BadArgument);
  EXPECT_THROW(memory.write(at_ns(1), base, Bytes(DmaChannel::most + 1)), base::BadArgument);
  guest->run_until(at_ns(100), long_enough);
  EXPECT_THROW(memory.read(at_ns(99), base, 1, {}), base::BadArgument);
  EXPECT_EQ(guest->run_until(at_ns(200), long_enough).now, at_ns(200)) << "nothing of it was sent";
}

TEST(DmaChannel, RequestsAreTakenBackWithTheGuest) {
  Guest guest(LinkOptions{});
  guest.fake.answer_named = [&guest](wire::link::GuestSession& session) {
    guest.now = at_ns(100);
    session.done(at_ns(100));
  };
  int answers = 0;
  guest->run_until(at_ns(100), long_enough);
  guest->dma("memory").read(at_ns(300), base, 1, [&](Instant, const DmaResult&) { ++answers; });
  guest->checkpoint("one", long_enough);
  guest->run_until(at_ns(400), long_enough);
  EXPECT_EQ(answers, 1);
  guest->restore("one", long_enough);
  --guest.done;  // it takes what it had then once more
  guest->run_until(at_ns(400), long_enough);
  EXPECT_EQ(answers, 2);
}

struct Lie {
  std::string why;
  std::function<void(DmaReplyHead& reply, std::span<const std::byte>& bytes)> says;
};

TEST(DmaChannel, LiesAreNoticed) {
  const std::vector<Lie> lies{
      {"answers request 9 of memory", [](DmaReplyHead& reply, auto&) { reply.request = 9; }},
      {"answers request 1 of memory, a read, with 3 bytes and not 4",
       [](DmaReplyHead& reply, std::span<const std::byte>& bytes) {
         reply.length = 3;
         bytes = bytes.first(3);
       }},
      {"with 0 bytes and not 4",
       [](DmaReplyHead& reply, std::span<const std::byte>& bytes) {
         reply.length = 0;
         bytes = {};
       }},
      {"a reply of status 1 that says it has 4 bytes of data",
       [](DmaReplyHead& reply, auto&) { reply.status = DmaStatus::not_memory; }},
      {"a reply of status 7", [](DmaReplyHead& reply, auto&) { reply.status = static_cast<DmaStatus>(7); }},
      {"says it has 100 bytes of data, and has 4", [](DmaReplyHead& reply, auto&) { reply.length = 100; }},
  };
  for (const Lie& lie : lies) {
    for (const bool is_reactive : {false, true}) {
      Guest guest(is_reactive ? LinkOptions{.reactive = {"memory"}} : LinkOptions{});
      guest.says = lie.says;
      guest->dma("memory").read(at_ns(10), base, 4, {});
      EXPECT_THAT(refusal([&] { guest->run_until(at_ns(100), long_enough); }), HasSubstr(lie.why));
    }
  }
}

TEST(DmaChannel, AnAnswerAtOnceIsForTheInstantAtWhichTheGuestStands) {
  Bytes bytes(1);
  {
    Guest guest;
    guest.lateness = time::Duration::nanoseconds(5);
    EXPECT_THAT(refusal([&] { static_cast<void>(guest->dma("memory").read_now(base, bytes, long_enough)); }),
                HasSubstr("board was asked for its memory at 0.000000000 s, where it stood, and answered for "
                          "0.000000005 s: look for a fault in it"));
  }
  Guest guest;
  guest.is_silent = true;
  EXPECT_THAT(refusal([&] { static_cast<void>(guest->dma("memory").read_now(base, bytes, long_enough)); }),
              HasSubstr("stands at 0.000000000 s without an answer"));
}

TEST(DmaChannel, AGuestThatEndsInsteadIsSaidSo) {
  Guest guest;
  guest.is_silent = true;
  guest.ends_with = StopReason::powered_off;
  Bytes bytes(1);
  try {
    static_cast<void>(guest->dma("memory").read_now(base, bytes, long_enough));
    FAIL();
  } catch (const base::Error& error) {
    EXPECT_EQ(error.code(), base::ErrorCode::peer_gone);
    EXPECT_THAT(error.what(), HasSubstr("board has ended at 0.000000000 s, while its memory was asked"));
  }
}

}  // namespace
}  // namespace fermata::sim
