// SPDX-License-Identifier: MIT
//
// docs/protocol.md, "Memory". What differs between the kinds of guest - what is memory there, devices with dma - is in
// tests/machine/link and tests/qemu/link.
#include <gmock/gmock.h>

#include <array>
#include <cstring>

#include "tests/link_conformance/target.hpp"
#include "tests/support/said.hpp"

namespace fermata::conformance_test {
namespace {

using sim::DmaResult;
using wire::StopReason;

// A guest whose simulator reads and writes its memory.
Wanted with_memory(const std::string& program, bool is_reactive = false) {
  return {.program = program,
          .has_memory = true,
          .link = {.reactive = is_reactive ? std::vector<std::string>{"memory"} : std::vector<std::string>{}}};
}

std::uint32_t word_of(std::span<const std::byte> bytes) {
  std::uint32_t word = 0;
  std::memcpy(&word, bytes.data(), std::min(bytes.size(), sizeof word));
  return word;
}

// Where the guest `mailbox` counts, which it says at first: "words=2147488000\n".
std::uint64_t words_of(Guest& guest) {
  std::string said;
  while (said.find('\n') == std::string::npos && guest->now() < Instant::at(5_s)) {
    guest->run_until(guest->now() + 1_ms, limit);
    said += text_of(guest.take_outputs());
  }
  return static_cast<std::uint64_t>(number_said(said, "words=").value());
}

class Memory : public Conformance {};
INSTANTIATE_TEST_SUITE_P(Each, Memory, each_target(), target_name);

// Replies of an instant that are more than the channel's bound come one grant after the other.
TEST_P(Memory, WhatIsTooMuchAtOnceHasTheGuestStand) {
  SKIP_IF_IT_LACKS(with_memory("mailbox"));
  for (const bool is_reactive : {false, true}) {
    Guest guest(target(), with_memory("mailbox", is_reactive));
    const std::uint64_t words = words_of(guest);
    const Instant at = guest->now() + 1'000'008_ns;
    std::vector<Instant> instants;
    std::vector<std::uint32_t> firsts;
    for (int i = 0; i < 100; ++i) {
      guest->dma("memory").read(at, words, sim::DmaChannel::most, [&](Instant when, const DmaResult& result) {
        instants.push_back(when);
        firsts.push_back(word_of(result.bytes));
      });
    }
    int stops = 0;
    wire::Stop stop;
    do {
      guest->grant(at + 1_ms);
      stop = guest->wait(limit);
      ++stops;
      if (stop.reason != StopReason::horizon) {
        EXPECT_EQ(stop.reason, is_reactive ? StopReason::output : StopReason::full);
        EXPECT_EQ(stop.now, at);
      }
    } while (stop.reason != StopReason::horizon);
    EXPECT_EQ(instants, std::vector<Instant>(100, at));
    EXPECT_EQ(firsts, std::vector<std::uint32_t>(100, firsts[0])) << "the guest has not run in between";
    EXPECT_EQ(stops, is_reactive ? 8 : 7) << "16 of them make a MiB";
  }
}

TEST_P(Memory, RequestsAreTakenBackWithACheckpoint) {
  Wanted wanted = with_memory("mailbox");
  wanted.keeps_checkpoints = true;
  SKIP_IF_IT_LACKS(wanted, wire::link::ability_checkpoints);
  Guest guest(target(), wanted);
  const std::uint64_t words = words_of(guest);
  const Instant at = guest->now() + 2_ms;
  std::vector<std::pair<Instant, std::uint32_t>> counts;
  guest->dma("memory").read(
      at, words, 4, [&](Instant when, const DmaResult& result) { counts.emplace_back(when, word_of(result.bytes)); });
  guest->checkpoint("branch", limit);
  guest->dma("memory").read(at, words, 4, [](Instant, const DmaResult&) {});
  guest->run_until(at + 1_ms, limit);
  for (int i = 0; i < 2; ++i) {
    guest->restore("branch", limit);
    guest->run_until(at + 1_ms, limit);
  }
  ASSERT_EQ(counts.size(), 3U);
  EXPECT_NE(counts[0].second, 0U);
  EXPECT_EQ(counts, std::vector(3, counts[0]));
}

// However it was translated before.
TEST_P(Memory, CodeThatIsWrittenOverIsNotExecutedAnyMore) {
  if (target().arch != "riscv64") {
    GTEST_SKIP() << "the code below is for RISC-V";
  }
  constexpr std::uint64_t ram = 0x8000'0000;
  constexpr std::size_t half_words = 2048;
  Guest guest(target(), with_memory("spin", true));
  guest->run_until(Instant::at(1_ms), limit);
  std::array<std::uint16_t, half_words> code{};
  ASSERT_TRUE(guest->dma("memory").read_now(ram, std::as_writable_bytes(std::span(code)), limit));
  // Write "pass" to the test device at 0x100000: lui t0, 0x100; lui t1, 5; addi t1, t1, 0x555; sw t1, 0(t0).
  const std::array<std::uint32_t, 4> poweroff{0x001002b7, 0x00005337, 0x55530313, 0x0062a023};
  int loops = 0;
  for (std::size_t i = 0; i < half_words; ++i) {
    const bool is_short = code[i] == 0xa001;                                           // c.j 0
    const bool is_long = i + 1 < half_words && code[i] == 0x006f && code[i + 1] == 0;  // jal zero, 0
    if (is_short || is_long) {
      ++loops;
      ASSERT_TRUE(guest->dma("memory").write_now(ram + 2 * i, std::as_bytes(std::span(poweroff)), limit));
    }
  }
  ASSERT_GE(loops, 1) << "the guest's loop was not found";
  EXPECT_EQ(guest->run_until(Instant::at(2_ms), limit).reason, StopReason::powered_off);
}

}  // namespace
}  // namespace fermata::conformance_test
