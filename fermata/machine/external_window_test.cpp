// SPDX-License-Identifier: MIT
#include "fermata/machine/external_window.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "fermata/base/error.hpp"
#include "fermata/machine/machine.hpp"
#include "fermata/machine/testing/programs.hpp"

namespace fermata::machine {
namespace {

using namespace time::literals;
using time::Instant;

constexpr std::uint32_t window_at = 0x3000'0000;

Config with_window(const testing::Program& program, unsigned harts = 1) {
  Config config{.boot = testing::plan_of(program, harts)};
  config.external_windows.push_back({.name = "adc", .range = {.begin = window_at, .size = 0x1000}});
  return config;
}

// Reads 4 bytes at offset 8, sends the lowest of them over the UART, then waits for ever.
testing::Program read_and_print() {
  testing::Program program;
  testing::load_immediate(program, testing::t2, window_at);
  program.push_back(testing::lw(testing::a0, testing::t2, 8));
  testing::load_immediate(program, testing::t0, testing::uart);
  program.push_back(testing::sb(testing::a0, testing::t0, 0));
  testing::wait_in_loop(program);
  return program;
}

std::vector<std::string> lines_of(const trace::MemorySink& trace) {
  std::vector<std::string> lines;
  for (const trace::Record& record : trace.records()) {
    lines.push_back(to_line(record));
  }
  return lines;
}

// The reset vector's instructions, then LUI, ADDI and the load, 8 ns each.
constexpr std::int64_t read_ns = 72;

TEST(ExternalWindow, AnswersAtOnceAsADeviceOnTheBoardDoes) {
  trace::MemorySink trace;
  Config config = with_window(read_and_print());
  config.trace = &trace;
  Machine machine(std::move(config));
  machine.external_window(0).set_handlers(
      {.read = [](Instant, bus::Address offset, unsigned size) { return offset == 8 && size == 4 ? 'x' : '?'; }});
  machine.run_until(Instant::at(1_ms));
  EXPECT_FALSE(machine.is_stalled());
  EXPECT_EQ(lines_of(trace),
            (std::vector<std::string>{"0.000000072 output adc read 4 at 0x8", "0.000000072 input adc value 0x78",
                                      "0.000000096 output serial0 x"}));
}

TEST(ExternalWindow, AReadWithoutAnAnswerStallsTheMachineUntilItComes) {
  Machine machine(with_window(read_and_print()));
  std::vector<Instant> reads;
  std::vector<Instant> sent;
  machine.external_window(0).set_handlers({.read = [&](Instant at, bus::Address, unsigned) {
    reads.push_back(at);
    return std::nullopt;
  }});
  machine.serial().set_receiver([&](Instant at, std::span<const std::byte>) { sent.push_back(at); });
  EXPECT_EQ(machine.run_until(Instant::at(5_us)), (Stop{.now = Instant::at(5_us)})) << "as if it was idle";
  EXPECT_TRUE(machine.is_stalled());
  EXPECT_TRUE(machine.is_idle());
  EXPECT_EQ(machine.run_until(Instant::at(6_us), {.idle = IdleTime::stop}).reason, StopReason::idle);
  EXPECT_THROW(static_cast<void>(machine.save()), base::Error);
  machine.run_until(Instant::at(6'001_ns));
  EXPECT_TRUE(sent.empty());
  machine.answer_read('y');
  EXPECT_FALSE(machine.is_stalled());
  machine.run_until(Instant::at(1_ms));
  EXPECT_EQ(reads, std::vector{Instant::at(time::Duration::nanoseconds(read_ns))});
  EXPECT_EQ(sent, std::vector{Instant::at(6'001_ns + 3 * 8_ns)}) << "the third instruction after the load";
}

TEST(ExternalWindow, DevicesGoOnWhileTheMachineIsStalled) {
  // mtimecmp at 2 us while the load waits until 5 us: the trap comes right after the load.
  testing::Program program;
  testing::load_immediate(program, testing::t0, testing::mtimecmp);
  program.push_back(testing::addi(testing::t1, testing::zero, 20));
  program.push_back(testing::sd(testing::t1, testing::t0, 0));
  testing::load_immediate(program, testing::t2, window_at);
  program.push_back(testing::lw(testing::a0, testing::t2, 0));
  testing::load_immediate(program, testing::t0, testing::mtime);
  program.push_back(testing::ld(testing::a1, testing::t0, 0));
  testing::wait_in_loop(program);
  Machine machine(with_window(program));
  machine.external_window(0).set_handlers({.read = [](Instant, bus::Address, unsigned) { return std::nullopt; }});
  machine.run_until(Instant::at(5_us));
  constexpr unsigned mip = 0x344;
  EXPECT_EQ(*machine.harts().at(0).csr(mip) & 1U << 7, 1U << 7) << "the timer interrupt is pending";
  machine.answer_read(0xffff'ffff);
  machine.run_until(Instant::at(6_us));
  EXPECT_EQ(machine.harts().at(0).x(testing::a0), ~std::uint64_t{0});
  EXPECT_EQ(machine.harts().at(0).x(testing::a1), 50U) << "mtime: tenths of a microsecond";
}

TEST(ExternalWindow, AllHartsStall) {
  // Hart 0 reads; hart 1 counts in RAM.
  testing::Program program;
  program.push_back(testing::csrrs(testing::t0, testing::mhartid, testing::zero));
  program.push_back(testing::beq(testing::t0, testing::zero, 5 * 4));
  program.push_back(testing::auipc(testing::a0, testing::data));
  program.push_back(testing::addi(testing::t1, testing::t1, 1));
  program.push_back(testing::sd(testing::t1, testing::a0, 0));
  program.push_back(testing::jal(testing::zero, -8));
  testing::load_immediate(program, testing::t2, window_at);
  program.push_back(testing::lw(testing::a0, testing::t2, 0));
  testing::wait_in_loop(program);
  Machine machine(with_window(program, 2));
  machine.external_window(0).set_handlers({.read = [](Instant, bus::Address, unsigned) { return std::nullopt; }});
  machine.run_until(Instant::at(1_ms));
  EXPECT_TRUE(machine.is_stalled());
  const std::uint64_t executed = machine.instruction_time().executed();
  EXPECT_LT(executed, 100U);
  machine.run_until(Instant::at(2_ms));
  EXPECT_EQ(machine.instruction_time().executed(), executed);
  machine.answer_read(3);
  machine.run_until(Instant::at(3_ms));
  EXPECT_EQ(machine.instruction_time().executed(), executed + 125'000);
  EXPECT_EQ(machine.harts().at(0).x(testing::a0), 3U);
  EXPECT_GT(machine.harts().at(1).x(testing::t1), 30'000U);
}

TEST(ExternalWindow, WritesGoOut) {
  Machine machine(with_window(testing::store_word(window_at + 4, 0x1234'5678)));
  struct Write {
    bus::Address offset;
    unsigned size;
    std::uint64_t value;
  };
  std::vector<Write> writes;
  machine.external_window(0).set_handlers(
      {.write = [&](Instant, bus::Address offset, unsigned size, std::uint64_t value) {
        writes.push_back({offset, size, value});
      }});
  machine.run_until(Instant::at(1_ms));
  ASSERT_EQ(writes.size(), 1U);
  EXPECT_EQ(writes[0].offset, 4U);
  EXPECT_EQ(writes[0].size, 4U);
  EXPECT_EQ(writes[0].value, 0x1234'5678U);
}

TEST(ExternalWindow, AnAccessThatNobodyTakesIsAGuestError) {
  trace::MemorySink trace;
  Config config = with_window(read_and_print());
  config.trace = &trace;
  Machine machine(std::move(config));
  machine.run_until(Instant::at(1_ms));
  ASSERT_FALSE(trace.records().empty());
  EXPECT_EQ(to_line(trace.records()[0]),
            "0.000000072 guest_error adc: read of 4 bytes at offset 0x8, where nobody answers");
  EXPECT_FALSE(machine.is_stalled());
}

TEST(ExternalWindow, LoadAndResetForgetAReadThatHasNoAnswer) {
  Machine machine(with_window(read_and_print()));
  machine.external_window(0).set_handlers({.read = [](Instant, bus::Address, unsigned) { return std::nullopt; }});
  const std::vector<std::byte> before = machine.save();
  for (int i = 0; i < 2; ++i) {
    machine.run_until(Instant::at(1_ms));
    ASSERT_TRUE(machine.is_stalled());
    machine.load(before);
    EXPECT_FALSE(machine.is_stalled());
    EXPECT_EQ(machine.now(), Instant::origin());
  }
  machine.run_until(Instant::at(1_ms));
  machine.reset();
  EXPECT_FALSE(machine.is_stalled());
  machine.run_until(Instant::at(2_ms));
  EXPECT_TRUE(machine.is_stalled()) << "the guest has begun again";
  EXPECT_THROW(Machine(Config{.boot = testing::plan_of(read_and_print())}).load(before), base::Error)
      << "a machine without the window";
}

TEST(ExternalWindow, WhatCannotStandOnTheBoardIsRefused) {
  struct Wrong {
    std::vector<ExternalWindow::Config> windows;
    std::string complaint;
  };
  const auto at = [](std::string name, std::uint64_t begin, std::uint64_t size) {
    return ExternalWindow::Config{.name = std::move(name), .range = {.begin = begin, .size = size}};
  };
  const std::vector<Wrong> wrong{
      {{at("a", 0x1000'0000, 8)}, "overlap `uart`"},
      {{at("a", 0x7fff'f000, 0x1001)}, "overlap `ram`"},
      {{at("a", window_at, 0)}, "0 bytes"},
      {{at("a", window_at + 4, 8)}, "it begins at a multiple of 8"},
      {{at("a", ~std::uint64_t{7}, 9)}, "within 64 bits"},
      {{at("", window_at, 8)}, "external window \"\""},
      {{at("a b", window_at, 8)}, "external window \"a b\""},
      {{at(std::string(65, 'a'), window_at, 8)}, "a name has 1 to 64"},
      {{at("serial0", window_at, 8)}, "is no other window's, line's or port's"},
      {{at("line20", window_at, 8)}, "is no other window's"},
      {{at("a", window_at, 8), at("a", window_at + 64, 8)}, "is no other window's"},
      {{at("a", window_at, 9), at("b", window_at + 8, 8)}, "overlap"},
      {std::vector<ExternalWindow::Config>(65, at("a", window_at, 8)), "65 external windows; there can be 64"},
  };
  for (const Wrong& one : wrong) {
    Config config{.boot = testing::plan_of(testing::wait_for_ever())};
    config.external_lines = {20};
    config.external_windows = one.windows;
    try {
      Machine machine(std::move(config));
      ADD_FAILURE() << one.complaint << ": was accepted";
    } catch (const base::BadArgument& error) {
      EXPECT_NE(std::string(error.what()).find(one.complaint), std::string::npos) << error.what();
    }
  }
}

}  // namespace
}  // namespace fermata::machine
