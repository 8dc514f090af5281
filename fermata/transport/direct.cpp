// SPDX-License-Identifier: MIT
#include "fermata/transport/direct.hpp"

#include <algorithm>
#include <utility>

#include "fermata/transport/byte_queue.hpp"

namespace fermata::transport {

struct DirectStream::Direction {
  ByteQueue bytes{};
  bool is_closed = false;
  std::function<void()> on_readable{};
};

struct DirectStream::Shared {
  std::size_t capacity;
  Direction down{};
  Direction up{};
  int users = 0;
};

// Keeps both directions for as long as it lives: of each end, and of a call whose handler may destroy ends.
class DirectStream::Use {
 public:
  explicit Use(Shared& shared) : shared_(shared) { ++shared_.users; }
  ~Use() { leave(shared_); }
  Use(const Use&) = delete;
  Use& operator=(const Use&) = delete;

  static void leave(Shared& shared) {
    if (--shared.users == 0) {
      delete &shared;  // NOLINT(cppcoreguidelines-owning-memory): counted by hand, without atomics
    }
  }

 private:
  Shared& shared_;
};

std::pair<DirectStream, DirectStream> DirectStream::make_pair(std::size_t capacity) {
  auto* shared = new Shared{.capacity = capacity};  // NOLINT(cppcoreguidelines-owning-memory): see Use
  return {DirectStream(*shared, shared->up, shared->down), DirectStream(*shared, shared->down, shared->up)};
}

DirectStream::DirectStream(Shared& shared, Direction& in, Direction& out) : shared_(&shared), in_(&in), out_(&out) {
  ++shared.users;
}

DirectStream::DirectStream(DirectStream&& other) noexcept
    : shared_(std::exchange(other.shared_, nullptr)), in_(other.in_), out_(other.out_) {}

DirectStream::~DirectStream() {
  if (shared_ != nullptr) {
    close();
    Use::leave(*shared_);
  }
}

IoResult DirectStream::read(std::span<std::byte> into, host::HostDuration wait) {
  if (in_->bytes.size() == 0) {
    if (!in_->is_closed && wait > host::HostDuration::zero()) {
      host::PunctualWait::roughly_until(host::HostClock::monotonic().now() + wait);
    }
    return {.is_end = in_->is_closed};
  }
  const std::size_t count = std::min(into.size(), in_->bytes.size());
  in_->bytes.take(into.first(count));
  return {.count = count};
}

IoResult DirectStream::write(std::span<const std::byte> bytes, host::HostDuration wait) {
  if (out_->is_closed) {
    return {.is_end = true};
  }
  const std::size_t count = std::min(bytes.size(), shared_->capacity - out_->bytes.size());
  if (count == 0) {
    if (!bytes.empty() && wait > host::HostDuration::zero()) {
      host::PunctualWait::roughly_until(host::HostClock::monotonic().now() + wait);
    }
    return {};
  }
  out_->bytes.put(bytes.first(count));
  if (out_->on_readable) {
    const Use use(*shared_);
    out_->on_readable();  // may destroy this end
  }
  return {.count = count};
}

void DirectStream::close() {
  // The peer's unread bytes stay readable to it; what it would still write to us goes nowhere.
  in_->is_closed = true;
  if (!std::exchange(out_->is_closed, true) && out_->on_readable) {
    const Use use(*shared_);
    out_->on_readable();
  }
}

void DirectStream::set_readable_handler(std::function<void()> handler) { in_->on_readable = std::move(handler); }

}  // namespace fermata::transport
