// SPDX-License-Identifier: MIT
#include "fermata/device/uart_16550.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fermata/base/error.hpp"
#include "fermata/device/testing/workbench.hpp"

namespace fermata::device {
namespace {

using ::testing::ElementsAre;
using testing::FarEnd;
using ::testing::HasSubstr;
using testing::Workbench;

constexpr bus::Address data = 0, ier = 1, iir = 2, fcr = 2, lcr = 3, mcr = 4, lsr = 5, msr = 6, scr = 7;

struct Port {
  explicit Port(Uart16550::Config config = {}) : uart(std::move(config), bench.ports(), &far_end) {}

  std::uint32_t read(bus::Address at) { return static_cast<std::uint32_t>(uart.read(at, 1)); }
  void write(bus::Address at, std::uint32_t value) { uart.write(at, 1, value); }
  std::size_t push(std::string_view text) { return uart.receive(std::as_bytes(std::span(text))); }
  void set_divisor(std::uint32_t divisor) {
    const std::uint32_t control = read(lcr);
    write(lcr, 0x80);
    write(0, divisor & 0xff);
    write(1, divisor >> 8);
    write(lcr, control);
  }
  std::string read_all() {
    std::string text;
    while ((read(lsr) & 1) != 0) {
      text.push_back(static_cast<char>(read(data)));
    }
    return text;
  }

  Workbench bench;
  FarEnd far_end;
  Uart16550 uart;
};

struct UartTest : ::testing::Test, Port {};

TEST_F(UartTest, ResetValues) {
  EXPECT_EQ(read(ier), 0U);
  EXPECT_EQ(read(iir), 0x01U);
  EXPECT_EQ(read(lcr), 0U);
  EXPECT_EQ(read(mcr), 0x08U);
  EXPECT_EQ(read(lsr), 0x60U);
  EXPECT_EQ(read(msr), 0xb0U);
  EXPECT_EQ(read(scr), 0U);
  EXPECT_EQ(read(data), 0U);
  write(lcr, 0x80);
  EXPECT_EQ(read(0), 12U);
  EXPECT_EQ(read(1), 0U);
  EXPECT_FALSE(bench.irq.level());
}

TEST_F(UartTest, KeepsWhatIsWritten) {
  write(scr, 0xa5);
  write(lcr, 0x9f);
  write(0, 0x34);
  write(1, 0x12);
  EXPECT_EQ(read(0), 0x34U);
  EXPECT_EQ(read(1), 0x12U);
  write(lcr, 0x1b);
  EXPECT_EQ(read(lcr), 0x1bU);
  EXPECT_EQ(read(ier), 0U);
  write(ier, 0xff);
  EXPECT_EQ(read(ier), 0x0fU);
  write(mcr, 0xef);
  EXPECT_EQ(read(mcr), 0x0fU);
  EXPECT_EQ(read(scr), 0xa5U);
  EXPECT_EQ(far_end.text, "");
}

TEST_F(UartTest, WhatIsWrittenHasLeftAtOnce) {
  bench.run_until(777);
  write(data, 'H');
  EXPECT_EQ(read(lsr), 0x60U);
  bench.run_until(900);
  write(data, 'i');
  EXPECT_EQ(far_end.text, "Hi");
  EXPECT_EQ(far_end.instants[0].since_origin().ns(), 777);
  EXPECT_EQ(far_end.instants[1].since_origin().ns(), 900);
}

TEST_F(UartTest, TransmitterEmptyInterrupt) {
  write(ier, 0x02);  // enabling tells of what is empty already
  EXPECT_TRUE(bench.irq.level());
  EXPECT_EQ(read(iir), 0x02U);
  EXPECT_FALSE(bench.irq.level());  // reading has cleared it
  EXPECT_EQ(read(iir), 0x01U);
  write(ier, 0x02);  // not switched on: not told again
  EXPECT_FALSE(bench.irq.level());
  write(data, 'x');
  EXPECT_TRUE(bench.irq.level());
  write(ier, 0);
  EXPECT_FALSE(bench.irq.level());
  write(ier, 0x02);
  EXPECT_TRUE(bench.irq.level());
}

TEST_F(UartTest, OneCharacterWithoutFifos) {
  write(ier, 0x01);
  EXPECT_EQ(uart.free_space(), 1U);
  EXPECT_EQ(push("ab"), 1U);
  EXPECT_EQ(uart.free_space(), 0U);
  EXPECT_TRUE(bench.irq.level());
  EXPECT_EQ(read(iir), 0x04U);
  EXPECT_EQ(read(lsr), 0x61U);
  EXPECT_EQ(far_end.rooms, 0);
  EXPECT_EQ(read(data), static_cast<std::uint32_t>('a'));
  EXPECT_EQ(far_end.rooms, 1);
  EXPECT_FALSE(bench.irq.level());
  EXPECT_EQ(read(lsr), 0x60U);
  EXPECT_EQ(push("b"), 1U);
  EXPECT_EQ(read_all(), "b");
  EXPECT_EQ(far_end.rooms, 1);  // nothing was refused
}

TEST_F(UartTest, TriggerLevels) {
  const std::pair<std::uint32_t, std::size_t> levels[] = {{0x01, 1}, {0x41, 4}, {0x81, 8}, {0xc1, 14}};
  write(ier, 0x01);
  for (const auto& [control, level] : levels) {
    write(fcr, control | 0x02);
    EXPECT_EQ(push(std::string(level - 1, 'x')), level - 1);
    EXPECT_FALSE(bench.irq.level()) << level;
    EXPECT_EQ(push("x"), 1U);
    EXPECT_TRUE(bench.irq.level()) << level;
    EXPECT_EQ(read(iir), 0xc4U);
    EXPECT_EQ(read(data), static_cast<std::uint32_t>('x'));
    EXPECT_FALSE(bench.irq.level());
  }
}

TEST_F(UartTest, TakesNoMoreThanTheFifoHolds) {
  write(fcr, 0x01);
  EXPECT_EQ(push("0123456789abcdefXYZ"), 16U);
  EXPECT_EQ(push("XYZ"), 0U);
  EXPECT_EQ(read(lsr), 0x61U);  // no overrun
  EXPECT_EQ(read_all(), "0123456789abcdef");
  EXPECT_EQ(far_end.rooms, 1);
}

TEST_F(UartTest, CharacterTimeoutAfterFourCharacterTimes) {
  write(lcr, 0x03);  // 8N1
  set_divisor(2);    // 115200 Bd: a character takes 86805.5 ns
  write(fcr, 0xc1);
  write(ier, 0x01);
  bench.run_until(1'000);
  EXPECT_EQ(push("ab"), 2U);
  bench.run_until(1'000 + 347'221);
  EXPECT_FALSE(bench.irq.level());
  bench.run_until(1'000 + 347'222);
  EXPECT_TRUE(bench.irq.level());
  EXPECT_EQ(read(iir), 0xccU);
  EXPECT_EQ(read(data), static_cast<std::uint32_t>('a'));  // clears it and restarts the time
  EXPECT_FALSE(bench.irq.level());
  bench.run_for(347'221);
  EXPECT_FALSE(bench.irq.level());
  bench.run_for(1);
  EXPECT_TRUE(bench.irq.level());
  EXPECT_EQ(read(data), static_cast<std::uint32_t>('b'));
  EXPECT_FALSE(bench.irq.level());
  EXPECT_FALSE(bench.timers.has_timers());
}

TEST_F(UartTest, EachCharacterRestartsTheTimeout) {
  write(lcr, 0x03);
  set_divisor(2);
  write(fcr, 0xc1);
  write(ier, 0x01);
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(push("x"), 1U);
    bench.run_for(300'000);
    EXPECT_FALSE(bench.irq.level());
  }
  bench.run_for(47'222);
  EXPECT_TRUE(bench.irq.level());
}

TEST_F(UartTest, FifoControl) {
  write(fcr, 0x01);
  EXPECT_EQ(read(iir), 0xc1U);
  EXPECT_EQ(push("abc"), 3U);
  write(fcr, 0x03);
  EXPECT_EQ(read(lsr), 0x60U);
  EXPECT_EQ(push("abc"), 3U);
  write(fcr, 0xc0);  // without the enabling bit nothing else counts, and what was there is lost
  EXPECT_EQ(read(iir), 0x01U);
  EXPECT_EQ(read(lsr), 0x60U);
  EXPECT_EQ(uart.free_space(), 1U);
}

TEST_F(UartTest, Break) {
  write(fcr, 0x01);
  write(ier, 0x04);
  EXPECT_EQ(push("a"), 1U);
  EXPECT_TRUE(uart.receive_break());
  EXPECT_FALSE(bench.irq.level());  // told when it comes to the front
  EXPECT_EQ(read(lsr), 0xe1U);      // an error is in the FIFO
  EXPECT_EQ(read(data), static_cast<std::uint32_t>('a'));
  EXPECT_TRUE(bench.irq.level());
  EXPECT_EQ(read(iir), 0xc6U);
  EXPECT_EQ(read(lsr), 0xf1U);
  EXPECT_FALSE(bench.irq.level());
  EXPECT_EQ(read(lsr), 0x61U);
  EXPECT_EQ(read(data), 0U);
  write(lcr, 0x43);
  write(lcr, 0x43);
  write(lcr, 0x03);
  EXPECT_THAT(far_end.breaks, ElementsAre(true, false));
}

TEST_F(UartTest, LoopbackOfData) {
  write(mcr, 0x10);
  EXPECT_EQ(uart.free_space(), 0U);
  EXPECT_EQ(push("z"), 0U);
  write(data, 'a');
  EXPECT_EQ(far_end.text, "");
  EXPECT_EQ(read(lsr), 0x61U);
  write(data, 'b');  // overruns: the new one takes the place of the old one
  EXPECT_EQ(read(lsr), 0x63U);
  EXPECT_EQ(read(lsr), 0x61U);
  EXPECT_EQ(read(data), static_cast<std::uint32_t>('b'));
  write(fcr, 0x01);
  for (int i = 0; i < 17; ++i) {
    write(data, 'a' + static_cast<std::uint32_t>(i));
  }
  EXPECT_EQ(read(lsr) & 0x02U, 0x02U);
  EXPECT_EQ(read_all(), "abcdefghijklmnop");
  EXPECT_EQ(far_end.rooms, 0);
  write(mcr, 0x00);
  EXPECT_EQ(far_end.rooms, 1);  // the far end is connected again
}

TEST_F(UartTest, LoopbackOfModemSignals) {
  write(ier, 0x08);
  write(mcr, 0x1a);  // as Linux probes
  EXPECT_EQ(read(msr), 0x92U);
  EXPECT_EQ(read(msr), 0x90U);
  write(mcr, 0x15);
  EXPECT_TRUE(bench.irq.level());
  EXPECT_EQ(read(iir), 0x00U);
  EXPECT_EQ(read(msr), 0x6bU);  // no trailing edge of the ring yet
  EXPECT_FALSE(bench.irq.level());
  write(mcr, 0x00);
  EXPECT_EQ(read(msr), 0xbdU);
}

TEST_F(UartTest, MisuseIsAGuestError) {
  EXPECT_EQ(uart.read(lsr, 2), 0x60U);
  uart.write(data, 4, 0x6162'6364);
  write(lsr, 0);
  write(msr, 0);
  EXPECT_EQ(far_end.text, "d");
  EXPECT_THAT(bench.errors.lines, ElementsAre("uart: read of 2 bytes at offset 0x5: taken as one of 1 byte",
                                              "uart: write of 4 bytes at offset 0x0: taken as one of 1 byte",
                                              "uart: write of 1 bytes at offset 0x5: LSR is read-only",
                                              "uart: write of 1 bytes at offset 0x6: MSR is read-only"));
}

TEST_F(UartTest, ResetIsAsBuilt) {
  write(fcr, 0xc1);
  write(ier, 0x0f);
  write(lcr, 0x43);
  write(mcr, 0x1f);
  set_divisor(77);
  write(scr, 1);
  write(data, 'x');
  bench.run_until(1'000);
  uart.reset();
  EXPECT_FALSE(bench.irq.level());
  EXPECT_FALSE(bench.timers.has_timers());
  EXPECT_THAT(far_end.breaks, ElementsAre(true, false, true, false));
  EXPECT_EQ(testing::saved(uart), testing::saved(Port().uart));
}

TEST_F(UartTest, SavedInTheMiddleGoesOnTheSame) {
  set_divisor(3);
  write(fcr, 0x81);
  write(ier, 0x05);
  EXPECT_EQ(push("abcdef"), 6U);
  EXPECT_TRUE(uart.receive_break());
  bench.run_until(10'000);
  const auto bytes = testing::saved_with_timers(bench, uart);
  Port other;
  other.bench.run_until(10'000);
  testing::load_with_timers(other.bench, other.uart, bytes);
  EXPECT_EQ(testing::saved_with_timers(other.bench, other.uart), bytes);
  for (int i = 0; i < 100; ++i) {
    for (Port* const each : {static_cast<Port*>(this), &other}) {
      each->bench.run_for(11'111);
      if (i % 7 == 6) {
        EXPECT_NE(each->read(data), 0x100U);
      }
    }
    EXPECT_EQ(other.bench.irq.level(), bench.irq.level());
    EXPECT_EQ(testing::saved(other.uart), testing::saved(uart)) << i;
  }
  EXPECT_EQ(read(lsr), other.read(lsr));
}

struct RateLimited : ::testing::Test, Port {
  RateLimited() : Port({.is_rate_limited = true}) {
    write(lcr, 0x03);
    set_divisor(2);  // 86805.5 ns a character
  }
};

TEST_F(RateLimited, CharactersLeaveAtTheRateOfTheLine) {
  write(ier, 0x02);
  EXPECT_EQ(read(iir), 0x02U);
  write(data, 'a');             // into the shift register
  EXPECT_EQ(read(lsr), 0x20U);  // room for another
  EXPECT_EQ(read(iir), 0x02U);
  write(data, 'b');
  EXPECT_EQ(read(lsr), 0x00U);
  EXPECT_FALSE(bench.irq.level());
  write(data, 'c');  // lost
  EXPECT_THAT(bench.errors.lines, ElementsAre("uart: write to THR, which is full: the byte is lost"));
  bench.run_until(86'804);
  EXPECT_EQ(far_end.text, "");
  bench.run_until(86'805);
  EXPECT_EQ(far_end.text, "a");
  EXPECT_TRUE(bench.irq.level());
  EXPECT_EQ(read(lsr), 0x20U);
  bench.run_until(1'000'000);
  EXPECT_EQ(far_end.text, "ab");
  EXPECT_EQ(far_end.instants[1].since_origin().ns(), 173'611);
  EXPECT_EQ(read(lsr), 0x60U);
}

TEST_F(RateLimited, ABurstLosesNoTimeToRounding) {
  write(fcr, 0x01);
  for (int i = 0; i < 17; ++i) {
    write(data, 'a' + static_cast<std::uint32_t>(i));
  }
  EXPECT_THAT(bench.errors.lines, ElementsAre());
  bench.run_until(17 * 86'805);
  EXPECT_EQ(far_end.text, "abcdefghijklmnop");
  bench.run_until(1'475'694);  // floor(17 * 86805.5)
  EXPECT_EQ(far_end.text, "abcdefghijklmnopq");
}

TEST_F(RateLimited, ANewRateCountsFromTheNextCharacter) {
  write(fcr, 0x01);
  write(data, 'a');
  write(data, 'b');
  set_divisor(4);
  bench.run_until(1'000'000);
  EXPECT_EQ(far_end.instants[0].since_origin().ns(), 86'805);
  EXPECT_EQ(far_end.instants[1].since_origin().ns(), 86'805 + 173'611);
}

TEST_F(RateLimited, SavedWhileSendingGoesOnTheSame) {
  write(fcr, 0x01);
  for (const char c : {'a', 'b', 'c', 'd'}) {
    write(data, static_cast<std::uint32_t>(c));
  }
  bench.run_until(100'000);
  const auto bytes = testing::saved_with_timers(bench, uart);
  Port other({.is_rate_limited = true});
  other.bench.run_until(100'000);
  testing::load_with_timers(other.bench, other.uart, bytes);
  bench.run_until(1'000'000);
  other.bench.run_until(1'000'000);
  EXPECT_EQ(far_end.text, "abcd");
  EXPECT_EQ(other.far_end.text, "bcd");
  EXPECT_EQ(other.far_end.instants.back(), far_end.instants.back());
}

TEST(Uart, LoadsNothingThatCannotBe) {
  Port port;
  auto bytes = testing::saved_with_timers(port.bench, port.uart);
  const std::size_t divisor_at = testing::saved(port.bench.timers).size() + 1 + std::string("uart_16550").size() + 28;
  bytes.at(divisor_at + 2) = std::byte{1};
  EXPECT_THROW(testing::load_with_timers(port.bench, port.uart, bytes), base::Error);
}

TEST(Uart, WorksWithoutAFarEnd) {
  Workbench bench;
  Uart16550 uart({}, bench.ports());
  uart.write(data, 1, 'x');
  uart.write(lcr, 1, 0x40);
  EXPECT_EQ(uart.receive(std::as_bytes(std::span(std::string_view("ab")))), 1U);
  EXPECT_EQ(uart.read(data, 1), static_cast<std::uint64_t>('a'));
  EXPECT_THAT(Uart16550::describe_registers(), HasSubstr("0x005 LSR 1 bytes, read only, reset 0x60\n"));
}

}  // namespace
}  // namespace fermata::device
