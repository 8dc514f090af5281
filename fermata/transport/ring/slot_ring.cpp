// SPDX-License-Identifier: MIT
//
// A message of usual size stands in one slot, and so in one cache line with the word that tells of it: what the reader
// polls is what it then reads, and one line goes from core to core for each message.
//
// Positions are compared as distances, so that a count of 2^64 would do no harm either. The bytes themselves may change
// under the copy if the peer is hostile; they are copied once and judged by nobody here.
#include "fermata/transport/ring/slot_ring.hpp"

#include <algorithm>
#include <bit>
#include <string>

#include "fermata/base/error.hpp"

namespace fermata::transport::ring {
namespace {

[[noreturn]] void refuse(const std::string& what) {
  throw base::Error(base::ErrorCode::protocol_violation,
                    "the peer of a shared_memory stream " + what +
                        "; the stream is closed: check the peer's implementation of the rings");
}

std::size_t index_of(std::uint64_t position, std::size_t count) {
  return static_cast<std::size_t>(position / slot_unit) & (count - 1);
}

// Of the slot at a position, what its tag says once it is written. Asked at each poll: no division.
std::uint32_t lap_of(std::uint64_t position, std::size_t count) {
  return static_cast<std::uint32_t>((position / slot_unit >> std::countr_zero(count)) + 1) & lap_mask;
}

std::size_t slots_for(std::size_t bytes) { return (bytes + slot_bytes - 1) / slot_bytes; }

}  // namespace

Producer::Producer(std::atomic<std::uint64_t>& written, const std::atomic<std::uint64_t>& read, std::span<Slot> slots)
    : written_word_(&written), read_word_(&read), slots_(slots), written_(written.load()), read_(read.load()) {
  if (written_ % slot_unit != 0 || written_ - read_ > slots_.size() * slot_unit) {
    refuse("has read to " + std::to_string(read_) + " of the " + std::to_string(written_) + " that were written");
  }
}

std::size_t Producer::free_slots_seen() const {
  const std::uint64_t begun = read_ - read_ % slot_unit;
  return slots_.size() - static_cast<std::size_t>((written_ - begun) / slot_unit);
}

void Producer::look_at_peer() {
  const std::uint64_t read = read_word_->load();
  if (read - read_ > written_ - read_) {  // behind what was seen or beyond what was written
    refuse("moved its read position to " + std::to_string(read) + ", after " + std::to_string(read_) +
           ", where it cannot be");
  }
  read_ = read;
}

// From the last slot to the first: who sees the first finds the others there.
std::size_t Producer::put(std::span<const std::byte> from) {
  if (free_slots_seen() < slots_for(from.size())) {
    look_at_peer();
  }
  const std::size_t slots = std::min(slots_for(from.size()), free_slots_seen());
  if (slots == 0) {
    return 0;
  }
  const std::size_t count = std::min(from.size(), slots * slot_bytes);
  for (std::size_t i = slots; i-- > 0;) {
    const std::span<const std::byte> piece = from.subspan(i * slot_bytes, std::min(slot_bytes, count - i * slot_bytes));
    const std::uint64_t position = written_ + i * slot_unit;
    Slot& slot = slots_[index_of(position, slots_.size())];
    std::copy_n(piece.begin(), piece.size(), slot.bytes.begin());
    const std::uint32_t tag = lap_of(position, slots_.size()) << count_bits | static_cast<std::uint32_t>(piece.size());
    slot.tag.store(tag, i > 0 ? std::memory_order_release : std::memory_order_seq_cst);
  }
  written_ += slots * slot_unit;
  written_word_->store(written_, std::memory_order_relaxed);
  return count;
}

Consumer::Consumer(std::atomic<std::uint64_t>& read, std::span<const Slot> slots)
    : read_word_(&read), slots_(slots), read_(read.load()) {}

// What has not been taken of the slot that is due; empty if it was not written yet.
std::span<const std::byte> Consumer::next_bytes() const {
  const Slot& slot = slots_[index_of(read_, slots_.size())];
  const std::uint32_t tag = slot.tag.load();
  const std::uint32_t lap = lap_of(read_, slots_.size());
  const auto taken = static_cast<std::size_t>(read_ % slot_unit);
  if (tag >> count_bits == ((lap - 1) & lap_mask) && taken == 0) {
    return {};
  }
  const std::size_t count = tag & count_mask;
  if (tag >> count_bits != lap || count <= taken || count > slot_bytes) {
    refuse("gave the slot at " + std::to_string(read_) + " the tag " + std::to_string(tag) + ", which cannot be");
  }
  return std::span(slot.bytes).subspan(taken, count - taken);
}

std::size_t Consumer::take(std::span<std::byte> into) {
  std::size_t count = 0;
  while (count < into.size()) {
    const std::span<const std::byte> bytes = next_bytes();
    if (bytes.empty()) {
      break;
    }
    const std::size_t part = std::min(bytes.size(), into.size() - count);
    std::copy_n(bytes.begin(), part, into.subspan(count).begin());
    count += part;
    read_ = part < bytes.size() ? read_ + part : read_ - read_ % slot_unit + slot_unit;
  }
  if (count > 0) {
    read_word_->store(read_);
  }
  return count;
}

}  // namespace fermata::transport::ring
