// SPDX-License-Identifier: MIT
#include "fermata/transport/in_process.hpp"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>

namespace fermata::transport {

// Bytes on their way from one end to the other.
struct InProcessStream::Direction {
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<std::byte> bytes;
  bool is_closed = false;
  std::function<void()> on_readable;

  void close() {
    std::function<void()> notify;
    {
      const std::lock_guard lock(mutex);
      notify = is_closed ? nullptr : on_readable;
      is_closed = true;
    }
    changed.notify_all();
    if (notify) {
      notify();
    }
  }
};

std::pair<InProcessStream, InProcessStream> InProcessStream::make_pair() {
  auto down = std::make_shared<Direction>();
  auto up = std::make_shared<Direction>();
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
  in_->changed.wait_for(lock, wait, [this] { return !in_->bytes.empty() || in_->is_closed; });
  if (in_->bytes.empty()) {
    return {.is_end = in_->is_closed};
  }
  const std::size_t count = std::min(into.size(), in_->bytes.size());
  const auto end = in_->bytes.begin() + static_cast<std::ptrdiff_t>(count);
  std::copy(in_->bytes.begin(), end, into.begin());
  in_->bytes.erase(in_->bytes.begin(), end);
  lock.unlock();
  in_->changed.notify_all();
  return {.count = count};
}

IoResult InProcessStream::write(std::span<const std::byte> bytes, host::HostDuration wait) {
  std::unique_lock lock(out_->mutex);
  out_->changed.wait_for(lock, wait, [this] { return out_->bytes.size() < capacity || out_->is_closed; });
  if (out_->is_closed) {
    return {.is_end = true};
  }
  const std::size_t count = std::min(bytes.size(), capacity - out_->bytes.size());
  out_->bytes.insert(out_->bytes.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(count));
  const std::function<void()> notify = out_->on_readable;
  lock.unlock();
  out_->changed.notify_all();
  if (notify && count > 0) {
    notify();
  }
  return {.count = count};
}

void InProcessStream::close() {
  // The peer's unread bytes stay readable to it; what it would still write to us goes nowhere.
  in_->close();
  out_->close();
}

void InProcessStream::set_readable_handler(std::function<void()> handler) {
  const std::lock_guard lock(in_->mutex);
  in_->on_readable = std::move(handler);
}

}  // namespace fermata::transport
