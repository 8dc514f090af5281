// SPDX-License-Identifier: MIT
#include "fermata/transport/ring/slot_ring.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "fermata/base/error.hpp"

namespace fermata::transport::ring {
namespace {

constexpr std::size_t slot_count = 4;
constexpr std::size_t capacity = slot_count * slot_bytes;

struct Memory {
  std::atomic<std::uint64_t> written = 0;
  std::atomic<std::uint64_t> read = 0;
  std::array<Slot, slot_count> slots{};

  [[nodiscard]] Producer producer() { return {written, read, slots}; }
  [[nodiscard]] Consumer consumer() { return {read, slots}; }
};

constexpr std::uint32_t tag_of(std::uint32_t lap, std::uint32_t count) { return lap << count_bits | count; }

std::size_t put(Producer& producer, const std::string& text) { return producer.put(std::as_bytes(std::span(text))); }

std::string take(Consumer& consumer, std::size_t most) {
  std::string text(most, '\0');
  text.resize(consumer.take(std::as_writable_bytes(std::span(text))));
  return text;
}

template <typename Call>
std::optional<base::ErrorCode> code_of(Call call) {
  try {
    static_cast<void>(call());
  } catch (const base::Error& error) {
    return error.code();
  }
  return std::nullopt;
}

TEST(SlotRing, CarriesBytesAcrossTheWrap) {
  Memory memory;
  Producer producer = memory.producer();
  Consumer consumer = memory.consumer();
  EXPECT_EQ(put(producer, std::string(130, 'x')), 130U) << "three slots";
  EXPECT_EQ(take(consumer, 200), std::string(130, 'x'));
  const std::string text = "across the end, in a second slot and a third" + std::string(90, '.');
  EXPECT_EQ(put(producer, text), text.size());
  EXPECT_EQ(take(consumer, 4), "acro");
  EXPECT_EQ(take(consumer, 200), text.substr(4));
  EXPECT_EQ(take(consumer, 200), "");
  EXPECT_EQ(memory.written.load(), 6 * slot_unit);
  EXPECT_EQ(memory.read.load(), 6 * slot_unit);
}

TEST(SlotRing, TakesNoMoreThanItHoldsAndGivesRoomAgain) {
  Memory memory;
  Producer producer = memory.producer();
  Consumer consumer = memory.consumer();
  EXPECT_EQ(put(producer, std::string(300, 'f')), capacity);
  EXPECT_EQ(put(producer, "f"), 0U);
  EXPECT_EQ(take(consumer, 3), "fff");
  EXPECT_EQ(put(producer, "g"), 0U) << "a slot is free once all of it was taken";
  EXPECT_EQ(take(consumer, 57), std::string(57, 'f'));
  EXPECT_EQ(put(producer, "ggg"), 3U);
  EXPECT_EQ(put(producer, "g"), 0U);
  EXPECT_EQ(take(consumer, 300), std::string(180, 'f') + "ggg");
}

TEST(SlotRing, GoesOnFromThePositionsInTheMemory) {
  Memory memory;
  Producer producer = memory.producer();
  EXPECT_EQ(put(producer, "earlier"), 7U);
  Consumer consumer = memory.consumer();
  EXPECT_EQ(take(consumer, 3), "ear");
  Producer later_producer = memory.producer();
  Consumer later_consumer = memory.consumer();
  EXPECT_EQ(put(later_producer, "!"), 1U);
  EXPECT_EQ(take(later_consumer, 100), "lier!");
}

// 2^24 laps are more than a test can wait for.
TEST(SlotRing, GoesOnAcrossTheEndOfTheLapsAndOfTheCounters) {
  for (const std::uint64_t end : {slot_unit * slot_count * (std::uint64_t{1} << 24U), std::uint64_t{0}}) {
    Memory memory;
    memory.written = memory.read = end - slot_unit * slot_count;
    const auto lap = static_cast<std::uint32_t>(memory.read.load() / slot_unit / slot_count);
    for (Slot& slot : memory.slots) {
      slot.tag = tag_of(lap & lap_mask, 1);
    }
    Producer producer = memory.producer();
    Consumer consumer = memory.consumer();
    for (int i = 0; i < 10; ++i) {
      EXPECT_EQ(take(consumer, 100), "");
      EXPECT_EQ(put(producer, "again"), 5U);
      EXPECT_EQ(take(consumer, 100), "again");
    }
    EXPECT_EQ(memory.read.load(), end + 6 * slot_unit);
  }
}

TEST(SlotRing, AProducerRefusesToStartFromPositionsThatContradictEachOther) {
  for (const auto& [written, read] : {std::pair<std::uint64_t, std::uint64_t>{5 * slot_unit, 0},
                                      {slot_unit, slot_unit + 1},
                                      {slot_unit + 1, slot_unit}}) {
    Memory memory;
    memory.written = written;
    memory.read = read;
    EXPECT_EQ(code_of([&] { return memory.producer().put({}); }), base::ErrorCode::protocol_violation) << written;
  }
}

TEST(SlotRing, AConsumerRefusesTagsThatCannotBe) {
  for (const std::uint32_t hostile : {tag_of(1, 0), tag_of(1, 61), tag_of(1, 255), tag_of(2, 5), tag_of(lap_mask, 5)}) {
    Memory memory;
    Consumer consumer = memory.consumer();
    memory.slots[0].tag = hostile;
    EXPECT_EQ(code_of([&] { return take(consumer, 64); }), base::ErrorCode::protocol_violation) << hostile;
  }
}

TEST(SlotRing, AConsumerRefusesAPeerThatTakesBytesOfABegunSlotBack) {
  for (const std::uint32_t hostile : {tag_of(1, 3), tag_of(1, 1), tag_of(2, 7), tag_of(0, 7), 0U}) {
    Memory memory;
    Producer producer = memory.producer();
    Consumer consumer = memory.consumer();
    EXPECT_EQ(put(producer, "earlier"), 7U);
    EXPECT_EQ(take(consumer, 3), "ear");
    memory.slots[0].tag = hostile;
    EXPECT_EQ(code_of([&] { return take(consumer, 64); }), base::ErrorCode::protocol_violation) << hostile;
  }
}

TEST(SlotRing, AProducerRefusesAPeerThatReadWhatIsNotThereOrGaveBytesBack) {
  for (const std::uint64_t hostile :
       {4 * slot_unit + 1, slot_unit - 1, std::uint64_t{0}, std::numeric_limits<std::uint64_t>::max()}) {
    Memory memory;
    memory.written = 4 * slot_unit;
    memory.read = slot_unit;
    Producer producer = memory.producer();
    memory.read = hostile;
    EXPECT_EQ(code_of([&] { return put(producer, std::string(100, 'x')); }), base::ErrorCode::protocol_violation)
        << hostile;
  }
}

TEST(SlotRing, AnEndTrustsItsOwnPositionAndNotTheWord) {
  Memory memory;
  Producer producer = memory.producer();
  Consumer consumer = memory.consumer();
  EXPECT_EQ(put(producer, "abc"), 3U);
  EXPECT_EQ(take(consumer, 1), "a");
  memory.read = 3;  // the consumer's own
  EXPECT_EQ(take(consumer, 9), "bc");
  memory.written = 1;  // the producer's own
  EXPECT_EQ(put(producer, "d"), 1U);
  EXPECT_EQ(memory.written.load(), 2 * slot_unit);
}

// One memory at one address, so that ThreadSanitizer sees the bytes handed over.
TEST(SlotRing, TwoThreadsNeverSeeABytePrematurely) {
  constexpr std::uint32_t total = 100'000;
  Memory memory;
  std::thread writer([producer = memory.producer()]() mutable {
    for (std::uint32_t i = 0; i < total;) {
      std::array<std::byte, 150> block{};
      const std::size_t wanted = std::min<std::size_t>(1 + i % block.size(), total - i);
      for (std::size_t k = 0; k < wanted; ++k) {
        block[k] = static_cast<std::byte>((i + k) * 31U);
      }
      const std::size_t count = producer.put(std::span(block).first(wanted));
      i += static_cast<std::uint32_t>(count);
      if (count == 0) {
        std::this_thread::yield();
      }
    }
  });
  Consumer consumer = memory.consumer();
  int wrong = 0;
  for (std::uint32_t i = 0; i < total;) {
    std::array<std::byte, 97> block{};
    const std::size_t count = consumer.take(block);
    for (std::size_t k = 0; k < count; ++k) {
      wrong += block[k] == static_cast<std::byte>((i + k) * 31U) ? 0 : 1;
    }
    i += static_cast<std::uint32_t>(count);
    if (count == 0) {
      std::this_thread::yield();
    }
  }
  writer.join();
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace fermata::transport::ring
