// SPDX-License-Identifier: MIT
//
// Positions are compared as distances, so that a count of 2^64 bytes would do no harm either. The bytes themselves may
// change under the copy if the peer is hostile; they are copied once and judged by nobody here.
#include "fermata/transport/ring/byte_ring.hpp"

#include <algorithm>
#include <string>

#include "fermata/base/error.hpp"

namespace fermata::transport::ring {
namespace {

[[noreturn]] void refuse(const char* what, std::uint64_t position, std::uint64_t seen) {
  throw base::Error(base::ErrorCode::protocol_violation,
                    std::string("the peer of a shared_memory stream moved its ") + what + " position to " +
                        std::to_string(position) + ", after " + std::to_string(seen) +
                        ", where it cannot be; the stream is closed: check the peer's implementation of the rings");
}

std::size_t offset_of(std::uint64_t position, std::size_t capacity) {
  return static_cast<std::size_t>(position) & (capacity - 1);
}

}  // namespace

Producer::Producer(std::atomic<std::uint64_t>& written, const std::atomic<std::uint64_t>& read,
                   std::span<std::byte> bytes)
    : written_word_(&written), read_word_(&read), bytes_(bytes), written_(written.load()), read_(read.load()) {
  if (written_ - read_ > bytes_.size()) {
    refuse("read", read_, written_);
  }
}

void Producer::look_at_peer() {
  const std::uint64_t read = read_word_->load();
  if (read - read_ > written_ - read_) {  // behind what was seen or beyond what was written
    refuse("read", read, read_);
  }
  read_ = read;
}

std::size_t Producer::put(std::span<const std::byte> from) {
  if (room_seen() < from.size()) {
    look_at_peer();
  }
  const std::size_t count = std::min(from.size(), room_seen());
  if (count == 0) {
    return 0;
  }
  const std::size_t begin = offset_of(written_, bytes_.size());
  const std::size_t until_wrap = std::min(count, bytes_.size() - begin);
  std::copy_n(from.begin(), until_wrap, bytes_.subspan(begin).begin());
  std::copy_n(from.subspan(until_wrap).begin(), count - until_wrap, bytes_.begin());
  written_ += count;
  written_word_->store(written_);
  return count;
}

Consumer::Consumer(const std::atomic<std::uint64_t>& written, std::atomic<std::uint64_t>& read,
                   std::span<const std::byte> bytes)
    : written_word_(&written), read_word_(&read), bytes_(bytes), written_(written.load()), read_(read.load()) {
  if (written_ - read_ > bytes_.size()) {
    refuse("written", written_, read_);
  }
}

void Consumer::look_at_peer() {
  const std::uint64_t written = written_word_->load();
  const bool is_backwards = written - read_ < written_ - read_;
  if (is_backwards || written - read_ > bytes_.size()) {
    refuse("written", written, written_);
  }
  written_ = written;
}

std::size_t Consumer::take(std::span<std::byte> into) {
  if (bytes_seen() < into.size()) {
    look_at_peer();
  }
  const std::size_t count = std::min(into.size(), bytes_seen());
  if (count == 0) {
    return 0;
  }
  const std::size_t begin = offset_of(read_, bytes_.size());
  const std::size_t until_wrap = std::min(count, bytes_.size() - begin);
  std::copy_n(bytes_.subspan(begin).begin(), until_wrap, into.begin());
  std::copy_n(bytes_.begin(), count - until_wrap, into.subspan(until_wrap).begin());
  read_ += count;
  read_word_->store(read_);
  return count;
}

}  // namespace fermata::transport::ring
