// SPDX-License-Identifier: MIT
//
// Windows whose device is the simulator's, with guests compiled from C, in this process and as fermata-machine; and
// simulators that answer badly.
#include <gmock/gmock.h>

#include <array>
#include <csignal>

#include "fermata/base/error.hpp"
#include "fermata/transport/unix_socket.hpp"
#include "fermata/wire/link/layout.hpp"
#include "fermata/wire/link/simulator_session.hpp"
#include "tests/machine/link/linked_guest.hpp"

namespace fermata::machine_test {
namespace {

using time::Duration;
using time::Instant;
using wire::link::MmioAnswer;

class Mmio : public EachKind {};
INSTANTIATE_TEST_SUITE_P(EachKind, Mmio, each_kind(), kind_name);

// Where the guest `window` looks for it.
machine::ExternalWindow::Config board_window() {
  return {.name = "board", .range = {.begin = 0x1001'0000, .size = 0x1000}};
}
LinkedOptions window_guest() { return {.guest = "window", .windows = {board_window()}}; }

struct Access {
  std::int64_t at_ns;
  std::uint64_t offset;
  std::uint64_t value;
  friend bool operator==(const Access&, const Access&) = default;
};
struct Seen {
  std::vector<Access> accesses{};
  Outputs outputs{};
  friend bool operator==(const Seen&, const Seen&) = default;
};

// What the guest reads and writes until `end`, its reads answered by rising numbers after `latency`, and what it
// prints.
Seen seen_by(Kind kind, Duration latency, Duration quantum, Instant end = Instant::at(20_ms)) {
  LinkedGuest guest(kind, window_guest());
  Seen seen;
  guest.collect(seen.outputs);
  auto window = guest->mmio("board");
  window.on_write([&](Instant at, std::uint64_t offset, unsigned size, std::uint64_t value) {
    EXPECT_EQ(size, 4U);
    seen.accesses.push_back({at.since_origin().ns(), offset, value});
  });
  window.on_read([&, next = 1000U](Instant at, std::uint64_t offset, unsigned size) mutable {
    EXPECT_EQ(size, 4U);
    seen.accesses.push_back({at.since_origin().ns(), offset, next});
    return sim::MmioValue(next++, at + latency);
  });
  guest.run_in_quanta(end, quantum);
  return seen;
}

TEST_P(Mmio, AReadIsAnsweredInNoVirtualTime) {
  const Seen reference = seen_by(Kind::in_process, 0_ns, 20_ms);
  ASSERT_GT(reference.accesses.size(), 20U);
  EXPECT_EQ(reference.accesses[0].value, 1000U);
  EXPECT_EQ(reference.accesses[1].offset, 4U);
  EXPECT_EQ(reference.accesses[1].value, 1001U);
  EXPECT_THAT(joined(reference.outputs), ::testing::StartsWith("read=1000\ntook=0\nread=1001\ntook=100\nread=1002\n"))
      << "by a clock of 100 ns";
  for (const Duration quantum : {20_ms, 1_ms, 37_us, 1_us}) {
    EXPECT_EQ(seen_by(GetParam(), 0_ns, quantum), reference) << quantum.ns();
  }
}

// The instruction takes as long as the simulator says, across horizons and the guest's own timer, which is due each ms.
TEST_P(Mmio, AReadTakesAsLongAsTheSimulatorSays) {
  const Seen at_once = seen_by(Kind::in_process, 0_ns, 20_ms);
  for (const Duration latency : {800_ns, 1'500_us}) {
    const Seen reference = seen_by(Kind::in_process, latency, 20_ms);
    EXPECT_EQ(reference.accesses[0].at_ns, at_once.accesses[0].at_ns) << "the read";
    EXPECT_EQ(reference.accesses[1].at_ns, at_once.accesses[1].at_ns + latency.ns()) << "the write behind it";
    for (const Duration quantum : {10_ms, 100_us, 1_us}) {
      EXPECT_EQ(seen_by(GetParam(), latency, quantum), reference) << latency.ns() << ' ' << quantum.ns();
    }
  }
}

TEST_P(Mmio, ARestoreGoesOnAsTheCheckpointDid) {
  LinkedGuest guest(GetParam(), window_guest());
  Outputs outputs;
  guest.collect(outputs);
  guest->mmio("board").on_read([](Instant at, std::uint64_t, unsigned) {
    return sim::MmioValue(at.since_origin().ns() / 1'000'000, at + 5_us);
  });
  guest->run_until(Instant::at(5'500_us), limit);
  guest->checkpoint("branch", limit);
  outputs.clear();
  guest->run_until(Instant::at(12_ms), limit);
  const Outputs first = outputs;
  EXPECT_THAT(joined(first), ::testing::HasSubstr("read=6\ntook=5"));
  for (int i = 0; i < 2; ++i) {
    guest->restore("branch", limit);
    outputs.clear();
    guest->run_until(Instant::at(12_ms), limit);
    EXPECT_EQ(outputs, first);
  }
}

TEST_P(Mmio, AGuestWhoseReadsNobodyAnswersIsAnErrorAndEndsInOrder) {
  LinkedGuest guest(GetParam(), window_guest());
  try {
    guest->run_until(Instant::at(20_ms), limit);
    FAIL();
  } catch (const base::Error& error) {
    EXPECT_EQ(error.code(), base::ErrorCode::unsupported);
    EXPECT_THAT(error.what(), ::testing::HasSubstr("reads 4 bytes at offset 0x0 of board"));
  }
  const auto status = guest->close(limit);
  if (GetParam() == Kind::program) {
    EXPECT_EQ(status, host::ExitStatus{});
  }
}

TEST_P(Mmio, HartsTakeTurnsAroundAStallAsAroundADevice) {
  Seen reference;
  for (const unsigned harts : {1U, 2U}) {
    for (const Duration quantum : {10_ms, 33_us}) {
      LinkedOptions options = window_guest();
      options.harts = harts;
      LinkedGuest guest(GetParam(), options);
      Seen seen;
      guest.collect(seen.outputs);
      guest->mmio("board").on_read([&](Instant at, std::uint64_t offset, unsigned) {
        seen.accesses.push_back({at.since_origin().ns(), offset, 0});
        return sim::MmioValue(7, at + 12'345_ns);
      });
      guest.run_in_quanta(Instant::at(10_ms), quantum);
      if (quantum == 10_ms) {
        reference = seen;
        ASSERT_GT(seen.accesses.size(), 5U);
      }
      EXPECT_EQ(seen, reference) << harts << ' ' << quantum.ns();
    }
  }
}

TEST(MmioProgram, EndsWhenItsSimulatorGoesWhileItWaitsForAnAnswer) {
  sim::LinkGuest guest =
      sim::LinkGuest::launch(program_of(window_guest()), {.channels = {"windows=board@0x10010000+4096"}});
  bool is_asked = false;
  guest.mmio("board").on_read([&](Instant, std::uint64_t, unsigned) -> sim::MmioValue {
    is_asked = true;
    throw std::runtime_error("no model");
  });
  EXPECT_THROW(guest.run_until(Instant::at(20_ms), limit), std::runtime_error);
  EXPECT_TRUE(is_asked);
  EXPECT_EQ(guest.close(limit), host::ExitStatus{});
}

TEST(MmioProgram, ThatIsKilledWhileItWaitsForAnAnswerIsNoticed) {
  sim::LinkGuest guest = sim::LinkGuest::launch(program_of(window_guest()),
                                                {.name = "rig", .channels = {"windows=board@0x10010000+4096"}});
  guest.mmio("board").on_read([&](Instant, std::uint64_t, unsigned) {
    ::kill(*guest.pid(), SIGKILL);
    return 5;
  });
  try {
    guest.run_until(Instant::at(20_ms), limit);
    FAIL();
  } catch (const base::Error& error) {
    EXPECT_EQ(error.code(), base::ErrorCode::peer_gone);
    EXPECT_THAT(error.what(), ::testing::HasSubstr("rig is gone"));
  }
}

TEST(MmioProgram, RefusesWindowsWhereTheBoardHasSomething) {
  const Outcome refused = run_machine({"-bios", "none", "-kernel", guest_path("riscv64", "spin"), "-rtc", "clock=vm",
                                       "-icount", "3,sleep=off", "-link", "fd=0,windows=mine@0x10000000+8"});
  EXPECT_EQ(refused.status, host::ExitStatus{.code = 1});
  EXPECT_THAT(refused.errors, ::testing::HasSubstr("`mine`"));
  EXPECT_THAT(refused.errors, ::testing::HasSubstr("overlap `uart`"));
}

// A simulator that says what it likes, to a machine that waits for the answer to its first read.
class Liar : public ::testing::Test {
 protected:
  static constexpr std::uint16_t window = 2;

  Liar() {
    exchange();
    session_.grant(Instant::at(20_ms));
    exchange();
    while (const auto event = session_.take()) {
      if (const auto* output = std::get_if<wire::link::Output>(&*event);
          output != nullptr && output->channel == window) {
        read_ = *output;
      }
    }
  }
  void exchange() {
    while (!session_.outgoing().empty()) {
      session_.sent(stream_->write(session_.outgoing(), {}).count);
    }
    receive();
  }
  void receive() {
    std::array<std::byte, 4096> bytes{};
    for (auto result = stream_->read(bytes, {}); result.count > 0; result = stream_->read(bytes, {})) {
      session_.receive(std::span(bytes).first(result.count));
    }
  }
  // Says so without our own session's checks; the refusal of the machine.
  std::string refusal_of(Instant at, std::uint64_t sequence, const MmioAnswer& answer) {
    std::vector<std::byte> bytes;
    wire::link::append(bytes, wire::link::MessageType::input, window,
                       wire::link::Data{.header = {}, .at_ns = at.since_origin().ns(), .sequence = sequence},
                       answer.bytes());
    static_cast<void>(stream_->write(bytes, {}));
    try {
      receive();
    } catch (const base::Error& error) {
      return error.what();
    }
    return "";
  }

  machine::InProcessGuest machine_{config_of(window_guest()), {}, machine::Protocol::link};
  std::unique_ptr<transport::Stream> stream_ = machine_.connect();
  wire::link::SimulatorSession session_;
  std::optional<wire::link::Output> read_;
};

TEST_F(Liar, TheMachineWaits) {
  ASSERT_TRUE(read_.has_value());
  EXPECT_EQ(read_->sequence, 1U);
  EXPECT_EQ(session_.now(), read_->at);
  EXPECT_TRUE(machine_.machine().is_stalled());
}

TEST_F(Liar, AnAnswerInThePastIsABreach) {
  EXPECT_THAT(refusal_of(read_->at - 1_ns, 1, {.value = 5, .request = 1}),
              ::testing::HasSubstr("where the guest may be at"));
  EXPECT_TRUE(machine_.left()->is_fault);
}

TEST_F(Liar, AnAnswerToAnotherRequestIsABreach) {
  EXPECT_THAT(refusal_of(read_->at, 1, {.value = 5, .request = 2}),
              ::testing::HasSubstr("an answer to request 2 of board, which waits for that to request 1"));
  EXPECT_TRUE(machine_.left()->is_fault);
}

TEST_F(Liar, ASecondAnswerIsABreachBeforeAndAfterTheFirstIsTaken) {
  EXPECT_EQ(refusal_of(read_->at + 1_us, 1, {.value = 5, .request = 1}), "");
  EXPECT_THAT(refusal_of(read_->at + 1_us, 2, {.value = 6, .request = 1}),
              ::testing::HasSubstr("an answer to request 1 of board, which waits for none"));
}

TEST_F(Liar, AnAnswerToNoReadIsABreach) {
  EXPECT_EQ(session_.input(window, read_->at, MmioAnswer{.value = 5, .request = 1}.bytes()), 1U);
  session_.grant(Instant::at(20_ms));
  session_.grant(Instant::at(20_ms));
  exchange();
  EXPECT_TRUE(machine_.machine().is_stalled()) << "the next read";
  EXPECT_THAT(refusal_of(session_.now(), 2, {.value = 5, .request = 1}),
              ::testing::HasSubstr("an answer to request 1 of board, which waits for that to request 3"));
}

TEST_F(Liar, AGrantMayComeBeforeTheAnswerTheMachineStallsUntilItsHorizon) {
  session_.grant(Instant::at(20_ms));
  exchange();
  EXPECT_EQ(session_.now(), Instant::at(20_ms));
  EXPECT_TRUE(machine_.machine().is_stalled());
  EXPECT_EQ(session_.input(window, Instant::at(21_ms), MmioAnswer{.value = 5, .request = 1}.bytes()), 1U);
  session_.grant(Instant::at(21_ms));
  exchange();
  EXPECT_EQ(session_.now(), Instant::at(21_ms));
  EXPECT_FALSE(machine_.machine().is_stalled());
}

}  // namespace
}  // namespace fermata::machine_test
