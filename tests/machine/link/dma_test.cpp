// SPDX-License-Identifier: MIT
//
// The simulator reads and writes a guest's memory, with guests compiled from C, in this process and as fermata-machine;
// a device that does so on the machine's board and in the simulator's process; simulators that ask badly.
#include <gmock/gmock.h>

#include <array>
#include <cstring>
#include <limits>

#include "examples/copier/copier.hpp"
#include "fermata/base/error.hpp"
#include "fermata/bus/device_module.hpp"
#include "fermata/sim/device_host/device_host.hpp"
#include "fermata/wire/link/simulator_session.hpp"
#include "tests/machine/link/linked_guest.hpp"
#include "tests/support/said.hpp"

namespace fermata::machine_test {
namespace {

using sim::DmaResult;
using time::Duration;
using time::Instant;
using wire::StopReason;
using wire::link::DmaKind;
using wire::link::DmaStatus;

class Dma : public EachKind {};
INSTANTIATE_TEST_SUITE_P(EachKind, Dma, each_kind(), kind_name);

constexpr std::uint64_t ram_begin = 0x8000'0000;
constexpr std::uint64_t ram_end = ram_begin + (2 << 20);
constexpr std::uint64_t rom_begin = 0x1000;
constexpr std::uint64_t uart = 0x1000'0000;
constexpr std::int64_t instruction_ns = 8;

LinkedOptions with_memory(std::string guest, std::vector<std::string> reactive = {}) {
  return {.guest = std::move(guest), .link = {.reactive = std::move(reactive)}, .dma = {"memory"}};
}

std::uint32_t word_of(std::span<const std::byte> bytes) {
  std::uint32_t word = 0;
  std::memcpy(&word, bytes.data(), std::min(bytes.size(), sizeof word));
  return word;
}

// Of the guest `mailbox`, which says so at first.
std::uint64_t words_of(const Outputs& outputs) {
  return static_cast<std::uint64_t>(test_support::number_said(joined(outputs), "words=").value());
}

struct MemorySeen {
  std::vector<std::pair<std::int64_t, std::uint32_t>> counts{};
  Outputs outputs{};
  friend bool operator==(const MemorySeen&, const MemorySeen&) = default;
};

// The guest's count at certain instants, and what it prints when it finds something in the word behind it.
MemorySeen memory_seen_by(Kind kind, Duration quantum, bool is_reactive) {
  LinkedGuest guest(
      kind, with_memory("mailbox", is_reactive ? std::vector<std::string>{"memory"} : std::vector<std::string>{}));
  MemorySeen seen;
  guest.collect(seen.outputs);
  guest->run_until(Instant::at(1_ms), limit);
  const std::uint64_t words = words_of(seen.outputs);
  sim::DmaChannel memory = guest->dma("memory");
  for (std::uint32_t i = 1; i <= 20; ++i) {
    const Instant at = Instant::at(1_ms + 77'777_ns * i);
    memory.read(at, words, 4, [&seen, at](Instant when, const DmaResult& result) {
      EXPECT_TRUE(result.is_done());
      EXPECT_GE(when, at);
      EXPECT_LT((when - at).ns(), instruction_ns);
      seen.counts.emplace_back(when.since_origin().ns(), word_of(result.bytes));
    });
    memory.write(at + 5_us, words + 4, std::as_bytes(std::span(&i, 1)));
  }
  guest.run_in_quanta(Instant::at(3_ms), quantum);
  return seen;
}

TEST_P(Dma, HappensAtItsInstantWhateverTheQuantum) {
  const MemorySeen reference = memory_seen_by(Kind::in_process, 10_ms, false);
  ASSERT_EQ(reference.counts.size(), 20U);
  for (std::size_t i = 1; i < 20; ++i) {
    EXPECT_GT(reference.counts[i].second, reference.counts[i - 1].second);
  }
  for (int i = 1; i <= 20; ++i) {
    EXPECT_THAT(joined(reference.outputs), ::testing::HasSubstr("mail=" + std::to_string(i) + "\n"));
  }
  for (const Duration quantum : {10_ms, 1_ms, 37_us, 1_us}) {
    EXPECT_EQ(memory_seen_by(GetParam(), quantum, false), reference) << quantum.ns();
  }
  for (const Duration quantum : {10_ms, 37_us}) {
    EXPECT_EQ(memory_seen_by(GetParam(), quantum, true), reference) << quantum.ns();
  }
}

TEST_P(Dma, OfAnIdleGuestIsAtTheVeryNanosecondAndDoesNotWakeIt) {
  LinkedGuest guest(GetParam(), with_memory("echo"));
  guest->run_until(Instant::at(1_ms), limit);
  std::vector<std::int64_t> instants;
  for (const std::int64_t ns : {1'000'003, 1'000'003, 1'234'567, 1'999'999}) {
    guest->dma("memory").write(
        Instant::at(Duration::nanoseconds(ns)), ram_end - 1, std::as_bytes(std::span("x", 1)),
        [&instants](Instant at, const DmaResult&) { instants.push_back(at.since_origin().ns()); });
  }
  const wire::Stop stop = guest->run_until(Instant::at(2_ms), limit);
  EXPECT_EQ(instants, (std::vector<std::int64_t>{1'000'003, 1'000'003, 1'234'567, 1'999'999}));
  EXPECT_EQ(stop.now, Instant::at(2_ms));
  EXPECT_TRUE(stop.next.is_idle);
}

TEST_P(Dma, ReachesMemoryAndNothingElse) {
  LinkedGuest guest(GetParam(), with_memory("spin", {"memory"}));
  Outputs outputs;
  guest.collect(outputs);
  guest->run_until(Instant::at(1_ms), limit);
  sim::DmaChannel memory = guest->dma("memory");
  std::array<std::byte, 16> bytes{};
  const auto reads = [&](std::uint64_t address) { return memory.read_now(address, bytes, limit); };
  const auto writes = [&](std::uint64_t address) { return memory.write_now(address, bytes, limit); };
  EXPECT_TRUE(reads(ram_begin));
  EXPECT_TRUE(reads(ram_end - 16));
  EXPECT_TRUE(writes(ram_end - 16));
  EXPECT_TRUE(reads(rom_begin)) << "there the machine's first instructions are";
  EXPECT_NE(word_of(bytes), 0U);
  EXPECT_FALSE(writes(rom_begin));
  for (const std::uint64_t address :
       {std::uint64_t{0}, uart, ram_end - 15, ram_end, ram_begin - 1, std::numeric_limits<std::uint64_t>::max() - 14,
        std::numeric_limits<std::uint64_t>::max() - 15}) {
    EXPECT_FALSE(reads(address)) << address;
    EXPECT_FALSE(writes(address)) << address;
  }
  std::vector<std::byte> before(500'000);
  EXPECT_TRUE(memory.read_now(ram_end - 500'000, before, limit));
  EXPECT_FALSE(memory.write_now(ram_end - 499'999, std::vector<std::byte>(500'000, std::byte{5}), limit));
  std::vector<std::byte> after(500'000);
  EXPECT_TRUE(memory.read_now(ram_end - 500'000, after, limit));
  EXPECT_TRUE(after == before) << "nothing of it was written";
  EXPECT_TRUE(outputs.empty()) << "nor to the UART";
  EXPECT_EQ(guest->now(), Instant::at(1_ms));
}

// One device in two hosts.

constexpr Instant copier_end = Instant::at(200_ms);
constexpr std::uint64_t copier_at = 0x1030'0000;
constexpr unsigned copier_source = 13;

// What the guest prints that has the copier on its board.
Outputs copier_inside() {
  machine::Config config = config_of({.guest = "copier"});
  config.devices.push_back({.base = copier_at, .source = copier_source, .make = [](const bus::Ports& ports) {
                              return std::make_unique<bus::ModelOf<examples::Copier>>(ports);
                            }});
  machine::InProcessGuest machine(std::move(config), {}, machine::Protocol::link);
  sim::LinkGuest guest = sim::LinkGuest::attach(machine.connect(), {});
  Outputs outputs;
  guest.serial("serial0").on_output([&outputs](Instant at, std::string_view text) {
    outputs.emplace_back(at.since_origin().ns(), std::string(text));
  });
  EXPECT_EQ(guest.run_until(copier_end, limit).reason, StopReason::powered_off);
  return outputs;
}

LinkedOptions with_copier_outside() {
  return {.guest = "copier",
          .link = {.reactive = {"copier", "memory"}},
          .lines = {copier_source},
          .windows = {{.name = "copier", .range = {.begin = copier_at, .size = 0x1000}}},
          .dma = {"memory"}};
}

void run_with_copier(LinkedGuest& guest, Duration latency, Duration quantum, Instant end) {
  sim::DeviceHost host(*guest);
  examples::Copier copier(host.ports("copier", "line13", "memory"));
  host.connect("copier", copier, {.latency = latency, .reaction = 1_us});
  wire::Stop stop;
  while (guest->now() < end && stop.reason != StopReason::powered_off) {
    stop = host.run_until(std::min(guest->now() + quantum, end), limit);
  }
}

// And of the one whose copier is here.
Outputs copier_outside(Kind kind, Duration latency, Duration quantum) {
  LinkedGuest guest(kind, with_copier_outside());
  Outputs outputs;
  guest.collect(outputs);
  run_with_copier(guest, latency, quantum, copier_end);
  return outputs;
}

TEST_P(Dma, OfADeviceOutsideIsThatOfOneOnTheBoard) {
  const Outputs reference = copier_inside();
  EXPECT_THAT(joined(reference), ::testing::HasSubstr("early=0\nlarge=1"));
  EXPECT_THAT(joined(reference), ::testing::HasSubstr("result=1\n"));
  EXPECT_THAT(joined(reference), ::testing::HasSubstr("result=2\n"));
  EXPECT_THAT(joined(reference), ::testing::Not(::testing::ContainsRegex("differences=[1-9]")));
  EXPECT_THAT(joined(reference), ::testing::HasSubstr("done=0\n"));
  for (const Duration quantum : {100_ms, 1_ms, 37_us}) {
    EXPECT_EQ(copier_outside(GetParam(), 0_ns, quantum), reference) << quantum.ns();
  }
}

TEST_P(Dma, OfADeviceWhoseReadsTakeTimeIsTheSameWhateverTheQuantum) {
  const Outputs reference = copier_outside(Kind::in_process, 700_ns, 100_ms);
  EXPECT_NE(reference, copier_inside());
  for (const Duration quantum : {1_ms, 33_us}) {
    EXPECT_EQ(copier_outside(GetParam(), 700_ns, quantum), reference) << quantum.ns();
  }
}

// Requests and replies are in the recording, so that the guest runs again without the device.
TEST(DmaRecorded, IsReplayedAndTold) {
  const TempFolder folder;
  for (const Duration quantum : {100_ms, 300_us}) {
    LinkedOptions options = with_copier_outside();
    options.link.record = folder.path(quantum == 100_ms ? "a" : "b");
    LinkedGuest guest(Kind::program, options);
    run_with_copier(guest, 700_ns, quantum, Instant::at(12_ms));
    guest->close(limit);
  }
  const Outcome diff = run({built_program("fermata"), "diff", folder.path("a"), folder.path("b")});
  EXPECT_EQ(diff.status, host::ExitStatus{}) << diff.output << diff.errors;
  const auto machine = program_of(with_copier_outside()).arguments;
  for (const char* quantum : {"1s", "100us", "7us"}) {
    std::vector<std::string> arguments{
        built_program("fermata"),       "replay", "--quantum",  quantum,          "--link", "lines=13", "--link",
        "windows=copier@0x10300000+4K", "--link", "dma=memory", folder.path("a"), "--"};
    arguments.insert(arguments.end(), machine.begin(), machine.end());
    const Outcome same = run(arguments);
    EXPECT_EQ(same.status, host::ExitStatus{}) << quantum << same.output << same.errors;
  }
  const Outcome told = run({built_program("fermata"), "trace", "print", "--guest", folder.path("a")});
  EXPECT_THAT(told.output, ::testing::ContainsRegex("input memory read address=0x8000[0-9a-f]+ length=24"));
  EXPECT_THAT(told.output, ::testing::ContainsRegex("output memory to=1 done data="));
  EXPECT_THAT(told.output,
              ::testing::ContainsRegex("input memory write address=0x8000[0-9a-f]+ length=4 data=01000000"));
  const Outcome exported = run({built_program("fermata"), "trace", "export", "--format", "chrome", folder.path("a"),
                                "-o", folder.path("a.json")});
  EXPECT_EQ(exported.status, host::ExitStatus{}) << exported.errors;
  EXPECT_THAT(read_file(folder.path("a.json")), ::testing::HasSubstr("read address=0x8000"));
}

TEST(DmaProgram, NamesAreItsOwn) {
  for (const char* names : {"serial0", "a:a", "a b", "a:b:c:d:e:f:g:h:i"}) {
    const Outcome refused = run_machine({"-bios", "none", "-kernel", guest_path("riscv64", "spin"), "-rtc", "clock=vm",
                                         "-icount", "3,sleep=off", "-link", std::string("fd=0,dma=") + names});
    EXPECT_EQ(refused.status, host::ExitStatus{.code = 1}) << names;
    EXPECT_THAT(refused.errors, ::testing::HasSubstr("dma \"")) << names;
  }
}

// A simulator that says what it likes.
class BadDma : public ::testing::Test {
 protected:
  static constexpr std::uint16_t memory = 2;

  BadDma() { exchange(); }
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
  // Without our own session's checks.
  void say(std::uint64_t sequence, std::span<const std::byte> payload) {
    std::vector<std::byte> bytes;
    wire::link::append(bytes, wire::link::MessageType::input, memory,
                       wire::link::Data{.header = {}, .at_ns = 100, .sequence = sequence}, payload);
    static_cast<void>(stream_->write(bytes, {}));
  }
  std::string refusal_of(std::span<const std::byte> payload) {
    say(1, payload);
    try {
      receive();
    } catch (const base::Error& error) {
      return error.what();
    }
    return "";
  }
  static std::vector<std::byte> request(std::uint32_t kind, std::uint32_t length, std::size_t data) {
    const std::vector<std::byte> bytes(data);
    return wire::link::DmaRequest{{.kind = static_cast<DmaKind>(kind), .length = length, .address = ram_begin}, bytes}
        .bytes();
  }

  machine::InProcessGuest machine_{config_of(with_memory("spin")), {}, machine::Protocol::link};
  std::unique_ptr<transport::Stream> stream_ = machine_.connect();
  wire::link::SimulatorSession session_;
};

TEST_F(BadDma, ARequestOfFewBytesIsABreach) {
  EXPECT_THAT(refusal_of(request(1, 4, 0)), "") << "this is none";
  EXPECT_FALSE(machine_.left().has_value());
  say(2, std::vector<std::byte>(15));
  EXPECT_THROW(receive(), base::Error);
  EXPECT_TRUE(machine_.left()->is_fault);
}
TEST_F(BadDma, ALengthOfNothingIsABreach) {
  EXPECT_THAT(refusal_of(request(1, 0, 0)), ::testing::HasSubstr("a read of 0 bytes"));
}
TEST_F(BadDma, AReplyThatWouldBeTooLargeIsABreach) {
  EXPECT_THAT(refusal_of(request(1, 65'521, 0)), ::testing::HasSubstr("a read of 65521 bytes"));
}
TEST_F(BadDma, AWriteWithoutItsDataIsABreach) {
  EXPECT_THAT(refusal_of(request(2, 100, 99)), ::testing::HasSubstr("a write of 100 bytes with 99 bytes of data"));
}
TEST_F(BadDma, AReadWithDataIsABreach) {
  EXPECT_THAT(refusal_of(request(1, 100, 100)), ::testing::HasSubstr("a read of 100 bytes with 100 bytes of data"));
}
TEST_F(BadDma, ARequestOfAnUnknownKindIsAnswered) {
  EXPECT_EQ(refusal_of(request(5, 0, 40)), "");
  ASSERT_FALSE(machine_.left().has_value());
  // Our own session has not sent it: what it hears is not held against the machine.
  std::vector<std::byte> grant;
  wire::link::append(grant, wire::link::Grant{.header = {}, .horizon_ns = 200, .reports = 0});
  static_cast<void>(stream_->write(grant, {}));
  std::array<std::byte, 4096> bytes{};
  const auto result = stream_->read(bytes, {});
  std::vector<std::byte> payload;
  wire::link::FrameReader reader;
  reader.feed(std::span(bytes).first(result.count), [&payload](const wire::link::Frame& frame) {
    if (frame.header.type == wire::link::MessageType::output) {
      const auto tail = wire::link::parse<wire::link::Data>(frame, wire::link::max_payload).tail;
      payload.assign(tail.begin(), tail.end());
    }
  });
  ASSERT_EQ(wire::link::why_not_dma_reply(payload), "");
  const auto [head, data] = wire::link::DmaReply::from(payload);
  EXPECT_EQ(head.request, 1U);
  EXPECT_EQ(head.status, DmaStatus::unknown_request);
  EXPECT_TRUE(data.empty());
}

}  // namespace
}  // namespace fermata::machine_test
