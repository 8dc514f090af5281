// SPDX-License-Identifier: MIT
#include "fermata/transport/ring/byte_ring.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <thread>

#include "fermata/base/error.hpp"

namespace fermata::transport::ring {
namespace {

constexpr std::size_t capacity = 64;

struct Memory {
  std::atomic<std::uint64_t> written = 0;
  std::atomic<std::uint64_t> read = 0;
  std::array<std::byte, capacity> bytes{};

  [[nodiscard]] Producer producer() { return {written, read, bytes}; }
  [[nodiscard]] Consumer consumer() { return {written, read, bytes}; }
};

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

TEST(ByteRing, CarriesBytesAcrossTheWrap) {
  Memory memory;
  Producer producer = memory.producer();
  Consumer consumer = memory.consumer();
  EXPECT_EQ(put(producer, std::string(60, 'x')), 60U);
  EXPECT_EQ(take(consumer, 100), std::string(60, 'x'));
  EXPECT_EQ(put(producer, "across the end"), 14U);
  EXPECT_EQ(take(consumer, 4), "acro");
  EXPECT_EQ(take(consumer, 100), "ss the end");
  EXPECT_EQ(take(consumer, 100), "");
  EXPECT_EQ(memory.written.load(), 74U);
  EXPECT_EQ(memory.read.load(), 74U);
}

TEST(ByteRing, TakesNoMoreThanItHoldsAndGivesRoomAgain) {
  Memory memory;
  Producer producer = memory.producer();
  Consumer consumer = memory.consumer();
  EXPECT_EQ(put(producer, std::string(100, 'f')), capacity);
  EXPECT_EQ(put(producer, "f"), 0U);
  EXPECT_EQ(take(consumer, 3), "fff");
  EXPECT_EQ(put(producer, "gggg"), 3U);
  EXPECT_EQ(put(producer, "g"), 0U);
  EXPECT_EQ(take(consumer, 100), std::string(61, 'f') + "ggg");
}

TEST(ByteRing, GoesOnAcrossTheEndOfTheCounters) {
  Memory memory;
  memory.written = memory.read = std::numeric_limits<std::uint64_t>::max() - 9;
  Producer producer = memory.producer();
  Consumer consumer = memory.consumer();
  for (const std::string text : {"0123456789abcdef", "again"}) {
    EXPECT_EQ(put(producer, text), text.size());
    EXPECT_EQ(take(consumer, 100), text);
  }
  EXPECT_EQ(memory.read.load(), 11U);
}

TEST(ByteRing, GoesOnFromThePositionsInTheMemory) {
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

TEST(ByteRing, RefusesToStartFromPositionsThatContradictEachOther) {
  Memory memory;
  memory.written = capacity + 1;
  EXPECT_EQ(code_of([&] { return memory.producer().put({}); }), base::ErrorCode::protocol_violation);
  EXPECT_EQ(code_of([&] { return memory.consumer().take({}); }), base::ErrorCode::protocol_violation);
  memory.written = 4;
  memory.read = 5;
  EXPECT_EQ(code_of([&] { return memory.producer().put({}); }), base::ErrorCode::protocol_violation);
  EXPECT_EQ(code_of([&] { return memory.consumer().take({}); }), base::ErrorCode::protocol_violation);
}

TEST(ByteRing, AConsumerRefusesAPeerThatWroteTooMuchOrTookBytesBack) {
  for (const std::uint64_t hostile : {std::uint64_t{10 + capacity + 1}, std::uint64_t{19}, std::uint64_t{0},
                                      std::numeric_limits<std::uint64_t>::max()}) {
    Memory memory;
    memory.written = 20;
    memory.read = 10;
    Consumer consumer = memory.consumer();
    memory.written = hostile;
    EXPECT_EQ(code_of([&] { return take(consumer, 64); }), base::ErrorCode::protocol_violation) << hostile;
  }
}

TEST(ByteRing, AConsumerTakesAllThatAPeerMayHaveWritten) {
  Memory memory;
  memory.written = 20;
  memory.read = 10;
  Consumer consumer = memory.consumer();
  memory.written = 10 + capacity;
  EXPECT_EQ(take(consumer, 100).size(), capacity);
}

TEST(ByteRing, AProducerRefusesAPeerThatReadWhatIsNotThereOrGaveBytesBack) {
  for (const std::uint64_t hostile :
       {std::uint64_t{75}, std::uint64_t{10}, std::uint64_t{0}, std::numeric_limits<std::uint64_t>::max()}) {
    Memory memory;
    memory.written = 74;
    memory.read = 11;
    Producer producer = memory.producer();
    memory.read = hostile;
    EXPECT_EQ(code_of([&] { return put(producer, "two"); }), base::ErrorCode::protocol_violation) << hostile;
  }
}

TEST(ByteRing, AnEndTrustsItsOwnPositionAndNotTheWord) {
  Memory memory;
  Producer producer = memory.producer();
  Consumer consumer = memory.consumer();
  EXPECT_EQ(put(producer, "abc"), 3U);
  EXPECT_EQ(take(consumer, 1), "a");
  memory.read = 3;  // the consumer's own
  EXPECT_EQ(take(consumer, 9), "bc");
  memory.written = 1;  // the producer's own
  EXPECT_EQ(put(producer, "d"), 1U);
  EXPECT_EQ(memory.written.load(), 4U);
}

// One memory at one address, so that ThreadSanitizer sees the bytes handed over.
TEST(ByteRing, TwoThreadsNeverSeeABytePrematurely) {
  constexpr std::uint32_t total = 100'000;
  Memory memory;
  std::thread writer([producer = memory.producer()]() mutable {
    for (std::uint32_t i = 0; i < total;) {
      std::array<std::byte, 7> block{};
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
    std::array<std::byte, 11> block{};
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
