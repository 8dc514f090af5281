// SPDX-License-Identifier: MIT
#include "fermata/transport/in_process.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <utility>

#include "fermata/transport/byte_queue.hpp"

namespace fermata::transport {

// Bytes on their way from one end to the other. No clock is read where nobody need be waited for.
struct InProcessStream::Direction {
  std::size_t capacity = default_capacity;
  std::mutex mutex;
  std::condition_variable changed;
  int waiting = 0;  // threads that want to be told of changes
  ByteQueue bytes;
  bool is_closed = false;

  // Returns with `is_ready` true, or false after `wait`.
  template <typename IsReady>
  void wait_until(std::unique_lock<std::mutex>& lock, host::HostDuration wait, IsReady is_ready) {
    if (!is_ready() && wait > host::HostDuration::zero()) {
      ++waiting;
      changed.wait_for(lock, wait, is_ready);
      --waiting;
    }
  }

  void unlock_and_tell(std::unique_lock<std::mutex>& lock) {
    const bool is_awaited = waiting > 0;
    lock.unlock();
    if (is_awaited) {
      changed.notify_all();
    }
  }

  void close() {
    std::unique_lock lock(mutex);
    is_closed = true;
    unlock_and_tell(lock);
  }
};

std::pair<InProcessStream, InProcessStream> InProcessStream::make_pair(std::size_t capacity) {
  auto down = std::make_shared<Direction>();
  auto up = std::make_shared<Direction>();
  down->capacity = up->capacity = capacity;
  return {InProcessStream(up, down), InProcessStream(down, up)};
}

InProcessStream::InProcessStream(std::shared_ptr<Direction> in, std::shared_ptr<Direction> out)
    : in_(std::move(in)), out_(std::move(out)) {}

InProcessStream::~InProcessStream() {
  if (in_ != nullptr) {
    close();
  }
}

IoResult InProcessStream::read(std::span<std::byte> into, host::HostDuration wait) {
  std::unique_lock lock(in_->mutex);
  in_->wait_until(lock, wait, [this] { return in_->bytes.size() > 0 || in_->is_closed; });
  if (in_->bytes.size() == 0) {
    return {.is_end = in_->is_closed};
  }
  const std::size_t count = std::min(into.size(), in_->bytes.size());
  in_->bytes.take(into.first(count));
  in_->unlock_and_tell(lock);
  return {.count = count};
}

IoResult InProcessStream::write(std::span<const std::byte> bytes, host::HostDuration wait) {
  std::unique_lock lock(out_->mutex);
  out_->wait_until(lock, wait, [this] { return out_->bytes.size() < out_->capacity || out_->is_closed; });
  if (out_->is_closed) {
    return {.is_end = true};
  }
  const std::size_t count = std::min(bytes.size(), out_->capacity - out_->bytes.size());
  out_->bytes.put(bytes.first(count));
  out_->unlock_and_tell(lock);
  return {.count = count};
}

void InProcessStream::close() {
  // The peer's unread bytes stay readable to it; what it would still write to us goes nowhere.
  in_->close();
  out_->close();
}

}  // namespace fermata::transport
