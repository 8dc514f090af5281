// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

namespace fermata::transport::ring {

/// The writing end of a ring of bytes in memory that another, perhaps hostile, process writes too. It keeps its own
/// position to itself and checks the peer's each time that it looks at it: never more than it has written, never
/// backwards. A peer that breaks this gets base::Error (protocol_violation); the end is of no use then. The ring never
/// waits. What it refers to must outlive it. One thread.
class Producer {
 public:
  /// `bytes`: the ring, its size a power of two. Goes on from the positions that stand in the words; throws as `put`
  /// if these contradict each other.
  Producer(std::atomic<std::uint64_t>& written, const std::atomic<std::uint64_t>& read, std::span<std::byte> bytes);

  /// Copies as much of `from` as there is room for into the ring and publishes it; returns how much that was. The
  /// publication is a sequentially consistent store, the look at the peer's position such a load: see SleepWord.
  [[nodiscard]] std::size_t put(std::span<const std::byte> from);

 private:
  [[nodiscard]] std::size_t room_seen() const { return bytes_.size() - static_cast<std::size_t>(written_ - read_); }
  void look_at_peer();

  std::atomic<std::uint64_t>* written_word_;
  const std::atomic<std::uint64_t>* read_word_;
  std::span<std::byte> bytes_;
  std::uint64_t written_;
  std::uint64_t read_;  // the peer's when last looked at
};

/// The reading end; as Producer otherwise.
class Consumer {
 public:
  Consumer(const std::atomic<std::uint64_t>& written, std::atomic<std::uint64_t>& read,
           std::span<const std::byte> bytes);

  /// Copies what there is, at most `into`, and frees its room; returns how much that was.
  [[nodiscard]] std::size_t take(std::span<std::byte> into);

 private:
  [[nodiscard]] std::size_t bytes_seen() const { return static_cast<std::size_t>(written_ - read_); }
  void look_at_peer();

  const std::atomic<std::uint64_t>* written_word_;
  std::atomic<std::uint64_t>* read_word_;
  std::span<const std::byte> bytes_;
  std::uint64_t written_;  // the peer's when last looked at
  std::uint64_t read_;
};

}  // namespace fermata::transport::ring
