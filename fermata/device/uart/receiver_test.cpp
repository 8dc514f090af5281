// SPDX-License-Identifier: MIT
#include "fermata/device/uart/receiver.hpp"

#include <gtest/gtest.h>

#include "fermata/base/error.hpp"
#include "fermata/device/testing/workbench.hpp"

namespace fermata::device::uart {
namespace {

TEST(UartReceiver, HoldsOneCharacterOrSixteen) {
  Receiver receiver;
  EXPECT_EQ(receiver.free_space(), 1U);
  receiver.take('a', 0);
  receiver.enable_fifo(true);  // loses it
  EXPECT_TRUE(receiver.is_empty());
  EXPECT_EQ(receiver.free_space(), 16U);
}

TEST(UartReceiver, ShowsAnErrorWhenItsCharacterComesToTheFront) {
  Receiver receiver;
  receiver.enable_fifo(true);
  receiver.take('a', 0);
  receiver.take('b', lsr_break);
  EXPECT_EQ(receiver.status(), lsr_ready | lsr_error_in_fifo);
  EXPECT_EQ(receiver.pop(), 'a');
  EXPECT_EQ(receiver.status(), lsr_ready | lsr_error_in_fifo | lsr_break);
  receiver.status_was_read();
  EXPECT_EQ(receiver.status(), lsr_ready);
  EXPECT_EQ(receiver.pop(), 'b');
  EXPECT_EQ(receiver.status(), 0U);
}

TEST(UartReceiver, OverrunKeepsTheFifoAndReplacesTheSingleCharacter) {
  Receiver receiver;
  receiver.take('a', 0);
  receiver.take('b', 0);
  EXPECT_EQ(receiver.status(), lsr_ready | lsr_overrun);
  EXPECT_EQ(receiver.pop(), 'b');
  receiver.enable_fifo(true);
  receiver.status_was_read();
  for (int i = 0; i < 20; ++i) {
    receiver.take(static_cast<std::uint8_t>(i), 0);
  }
  EXPECT_EQ(receiver.status(), lsr_ready | lsr_overrun);
  for (std::uint8_t i = 0; i < 16; ++i) {
    EXPECT_EQ(receiver.pop(), i);
  }
  EXPECT_TRUE(receiver.is_empty());
}

TEST(UartReceiver, SavesAndLoads) {
  Receiver receiver;
  receiver.enable_fifo(true);
  for (int i = 0; i < 20; ++i) {
    receiver.take(static_cast<std::uint8_t>(i), 0);
    if (i % 3 == 0) {
      static_cast<void>(receiver.pop());
    }
  }
  const auto bytes = testing::saved(receiver);
  Receiver other;
  state::Reader reader(bytes);
  other.load(reader);
  EXPECT_TRUE(reader.is_at_end());
  EXPECT_EQ(testing::saved(other), bytes);
  EXPECT_EQ(other.pop(), receiver.pop());
}

TEST(UartReceiver, LoadsNothingThatCannotBe) {
  state::Writer writer;
  writer.flag(false);  // no FIFO, yet two characters
  writer.u32(0);
  for (int fifo = 0; fifo < 2; ++fifo) {
    writer.u8(2);
    writer.u16(0);
  }
  const auto bytes = writer.take();
  state::Reader reader(bytes);
  Receiver receiver;
  EXPECT_THROW(receiver.load(reader), base::Error);
}

}  // namespace
}  // namespace fermata::device::uart
