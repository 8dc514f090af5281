// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

#include "fermata/transport/ring/layout.hpp"

namespace fermata::transport::ring {

/// The writing end of a ring of slots, which carries a stream of bytes, in memory that another, perhaps hostile,
/// process writes too. It keeps its own position to itself and checks the peer's each time that it looks at it: never
/// more than it has written, never backwards. A peer that breaks this gets base::Error (protocol_violation); the end is
/// of no use then. The ring never waits. What it refers to must outlive it. One thread.
class Producer {
 public:
  /// Goes on from the positions that stand in the words, its own and the peer's; throws as `put` if these contradict
  /// each other.
  Producer(std::atomic<std::uint64_t>& written, const std::atomic<std::uint64_t>& read, std::span<Slot> slots);

  /// Copies as much of `from` as there is room for into slots and publishes it; returns how much that was. The last
  /// publication is a sequentially consistent store: see SleepWord.
  [[nodiscard]] std::size_t put(std::span<const std::byte> from);

 private:
  [[nodiscard]] std::size_t free_slots_seen() const;
  void look_at_peer();

  std::atomic<std::uint64_t>* written_word_;
  const std::atomic<std::uint64_t>* read_word_;
  std::span<Slot> slots_;
  std::uint64_t written_;
  std::uint64_t read_;  // the peer's when last looked at
};

/// The reading end; as Producer otherwise. What it checks are the slots' tags.
class Consumer {
 public:
  Consumer(std::atomic<std::uint64_t>& read, std::span<const Slot> slots);

  /// Copies what there is, at most `into`, and frees its slots; returns how much that was.
  [[nodiscard]] std::size_t take(std::span<std::byte> into);

 private:
  [[nodiscard]] std::span<const std::byte> next_bytes() const;

  std::atomic<std::uint64_t>* read_word_;
  std::span<const Slot> slots_;
  std::uint64_t read_;
};

}  // namespace fermata::transport::ring
