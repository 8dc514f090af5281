// SPDX-License-Identifier: MIT
#include "fermata/transport/direct.hpp"

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

namespace fermata::transport {

// Bytes on their way from one end to the other: those of `storage` from `begin` to `end`.
struct DirectStream::Direction {
  std::vector<std::byte> storage{};
  std::size_t begin = 0;
  std::size_t end = 0;
  bool is_closed = false;
  std::function<void()> on_readable{};

  [[nodiscard]] std::size_t size() const { return end - begin; }

  void take(std::span<std::byte> into) {
    std::memcpy(into.data(), storage.data() + begin, into.size());
    begin += into.size();
    if (begin == end) {
      begin = end = 0;
    }
  }

  void put(std::span<const std::byte> more) {
    if (more.size() > storage.size() - end) {
      make_room(more.size());
    }
    std::memcpy(storage.data() + end, more.data(), more.size());
    end += more.size();
  }

  void make_room(std::size_t count) {
    if (begin > 0) {
      std::memmove(storage.data(), storage.data() + begin, size());
      end = size();
      begin = 0;
    }
    if (count > storage.size() - end) {
      storage.resize(std::max(end + count, 2 * storage.size()));
    }
  }
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
  if (in_->size() == 0) {
    if (!in_->is_closed && wait > host::HostDuration::zero()) {
      host::PunctualWait::roughly_until(host::HostClock::monotonic().now() + wait);
    }
    return {.is_end = in_->is_closed};
  }
  const std::size_t count = std::min(into.size(), in_->size());
  if (count > 0) {
    in_->take(into.first(count));
  }
  return {.count = count};
}

IoResult DirectStream::write(std::span<const std::byte> bytes, host::HostDuration wait) {
  if (out_->is_closed) {
    return {.is_end = true};
  }
  const std::size_t count = std::min(bytes.size(), shared_->capacity - out_->size());
  if (count == 0) {
    if (!bytes.empty() && wait > host::HostDuration::zero()) {
      host::PunctualWait::roughly_until(host::HostClock::monotonic().now() + wait);
    }
    return {};
  }
  out_->put(bytes.first(count));
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
