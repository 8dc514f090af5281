// SPDX-License-Identifier: MIT
#include "fermata/transport/shared_memory.hpp"

#include <fcntl.h>
#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <string>

#include "fermata/base/error.hpp"
#include "fermata/host/adaptive_spin.hpp"
#include "fermata/host/processor.hpp"
#include "fermata/transport/apart.hpp"
#include "fermata/transport/ring/region.hpp"
#include "fermata/transport/ring/sleep_word.hpp"
#include "fermata/transport/ring/slot_ring.hpp"
#include "fermata/transport/unix_socket.hpp"

namespace fermata::transport {
namespace {

using ring::WaitsFor;

// Between two looks at the life socket: of a sleeping end, and of a caller that asks again and again without waiting.
constexpr host::HostDuration longest_sleep = std::chrono::milliseconds(4);
constexpr host::HostDuration time_between_looks = std::chrono::milliseconds(1);
constexpr int calls_between_clocks = 16;

// Tells a dead peer by the hang-up of its end of a socket pair.
class LifeLine {
 public:
  explicit LifeLine(UnixSocket socket) : socket_(std::move(socket)) {}

  [[nodiscard]] int descriptor() const { return socket_.descriptor(); }
  [[nodiscard]] bool was_seen_cut() const { return is_cut_; }

  // A system call.
  bool look() {
    pollfd life{.fd = socket_.descriptor(), .events = POLLRDHUP, .revents = 0};
    if (::poll(&life, 1, 0) < 0 && errno != EINTR) {
      throw base::host_error("look whether the peer lives", errno);
    }
    is_cut_ = is_cut_ || (life.revents & (POLLRDHUP | POLLHUP | POLLERR | POLLNVAL)) != 0;
    return is_cut_;
  }

  // The host's clock is looked at now and then only, too.
  bool look_now_and_then() {
    if (--until_look_at_clock_ > 0) {
      return is_cut_;
    }
    until_look_at_clock_ = calls_between_clocks;
    const host::HostInstant now = host::HostClock::monotonic().now();
    if (!next_look_ || now >= *next_look_) {
      next_look_ = now + time_between_looks;
      look();
    }
    return is_cut_;
  }

 private:
  UnixSocket socket_;
  bool is_cut_ = false;
  int until_look_at_clock_ = 1;
  std::optional<host::HostInstant> next_look_;
};

}  // namespace

class SharedMemory::End {
 public:
  // The rings from one side. Made before the descriptors are taken over, because it fails where the words are wrong.
  struct Rings {
    Rings(const ring::Region& region, Side side)
        : Rings(region, static_cast<std::size_t>(side), 1 - static_cast<std::size_t>(side)) {}
    Rings(const ring::Region& region, std::size_t ours, std::size_t theirs)
        : out(region.words(ours).written, region.words(theirs).read, region.slots(ours)),
          in(region.words(ours).read, region.slots(theirs)) {}

    ring::Producer out;
    ring::Consumer in;
  };

  End(host::UniqueFd memory, ring::Region region, Rings rings, UnixSocket life, Side side)
      : memory_(std::move(memory)), region_(std::move(region)), rings_(rings), life_(std::move(life)), side_(side) {}

  [[nodiscard]] Descriptors descriptors() const {
    return {.memory = memory_.get(), .life_socket = life_.descriptor(), .side = side_};
  }

  IoResult read(std::span<std::byte> into, host::HostDuration wait) {
    return into.empty() ? IoResult{} : attempt_until(WaitsFor::bytes, wait, [this, into] { return receive_now(into); });
  }

  IoResult write(std::span<const std::byte> bytes, host::HostDuration wait) {
    return bytes.empty() ? IoResult{} : attempt_until(WaitsFor::room, wait, [this, bytes] { return send_now(bytes); });
  }

  void keep_apart() { apart_.turn_on(); }

  void close() {
    ours().closed.store(1);
    ring::SleepWord(theirs().asleep).wake_always();
  }

 private:
  [[nodiscard]] ring::SideWords& ours() const { return region_.words(static_cast<std::size_t>(side_)); }
  [[nodiscard]] ring::SideWords& theirs() const { return region_.words(1 - static_cast<std::size_t>(side_)); }
  [[nodiscard]] bool is_peer_gone() const { return theirs().closed.load() != 0 || life_.was_seen_cut(); }

  std::size_t take(std::span<std::byte> into) {
    const std::size_t count = rings_.in.take(into);
    if (count > 0) {
      ring::SleepWord(theirs().asleep).wake(WaitsFor::room);
    }
    return count;
  }

  // One attempt; nothing where it would have to wait.
  std::optional<IoResult> receive_now(std::span<std::byte> into) {
    if (const std::size_t count = take(into); count > 0) {
      return IoResult{.count = count};
    }
    if (!is_peer_gone()) {
      return std::nullopt;
    }
    // Only now is what the peer wrote just before it went sure to be seen.
    const std::size_t last = take(into);
    return IoResult{.count = last, .is_end = last == 0};
  }

  std::optional<IoResult> send_now(std::span<const std::byte> bytes) {
    if (is_peer_gone()) {
      return IoResult{.is_end = true};
    }
    const std::size_t count = rings_.out.put(bytes);
    if (count == 0) {
      return std::nullopt;
    }
    ring::SleepWord(theirs().asleep).wake(WaitsFor::bytes);
    return IoResult{.count = count};
  }

  template <typename Attempt>
  IoResult attempt_until(WaitsFor what, host::HostDuration wait, Attempt attempt) {
    std::optional<IoResult> result = attempt();
    if (result) {
      return *result;
    }
    if (wait <= host::HostDuration::zero()) {
      return life_.look_now_and_then() ? attempt().value_or(IoResult{}) : IoResult{};
    }
    const auto spin = [&] {
      return spin_.until(
          host::HostClock::monotonic(), [&] { return (result = attempt()).has_value(); },
          std::min(wait, host::AdaptiveSpin::length));
    };
    const bool will_spin = !spin_.is_skipping();
    if (spin() || (will_spin && has_left_peers_processor() && spin())) {
      apart_.succeeded();
      return *result;
    }
    const host::HostInstant begin = host::HostClock::monotonic().now();
    const IoResult late = sleep_until(what, wait, attempt);
    spin_.slept(host::HostClock::monotonic().now() - begin);
    return late;
  }

  // Who sleeps is often woken where its waker runs, and cannot answer while that spins there. To spin on elsewhere
  // keeps the two apart, for then neither wakes the other.
  bool has_left_peers_processor() {
    const bool has_left = apart_.leave(theirs().processor.load(std::memory_order_relaxed));
    if (has_left) {
      spin_.forgive();
    }
    return has_left;
  }

  template <typename Attempt>
  IoResult sleep_until(WaitsFor what, host::HostDuration wait, Attempt attempt) {
    const auto tell_processor = [this] {
      ours().processor.store(static_cast<std::uint32_t>(host::current_processor() + 1), std::memory_order_relaxed);
    };
    const host::Deadline deadline(host::HostClock::monotonic(), wait);
    ring::SleepWord word(ours().asleep);
    for (;;) {
      tell_processor();
      word.announce(what);
      std::optional<IoResult> result = attempt();
      if (!result) {
        word.wait(what, std::min(deadline.remaining(), longest_sleep));
        tell_processor();
        result = attempt();
      }
      word.withdraw();
      if (!result && life_.look()) {
        result = attempt();
      }
      if (result) {
        return *result;
      }
      if (deadline.has_passed()) {
        return {};
      }
    }
  }

  host::UniqueFd memory_;
  ring::Region region_;
  Rings rings_;
  LifeLine life_;
  Side side_;
  Apart apart_;
  host::AdaptiveSpin spin_;
};

std::pair<SharedMemory, SharedMemory> SharedMemory::make_pair(std::size_t capacity) {
  if (!ring::is_capacity(capacity)) {
    throw base::BadArgument("capacity is " + std::to_string(capacity) +
                            "; it has to be a power of two from 64 to 16777216 (16 MiB)");
  }
  host::UniqueFd memory_a = ring::Region::make(capacity);
  host::UniqueFd memory_b(::fcntl(memory_a.get(), F_DUPFD_CLOEXEC, 0));
  if (!memory_b.is_open()) {
    throw base::host_error("duplicate the descriptor of shared memory", errno);
  }
  auto [life_a, life_b] = UnixSocket::make_pair();
  const auto make_end = [](host::UniqueFd memory, UnixSocket life, Side side) {
    ring::Region region = ring::Region::map(memory.get());
    const End::Rings rings(region, side);
    return SharedMemory(std::make_unique<End>(std::move(memory), std::move(region), rings, std::move(life), side));
  };
  return {make_end(std::move(memory_a), std::move(life_a), Side::a),
          make_end(std::move(memory_b), std::move(life_b), Side::b)};
}

SharedMemory SharedMemory::adopt(const Descriptors& descriptors) {
  const auto refuse = [&descriptors](const std::string& why) {
    throw base::Error(base::ErrorCode::unsupported,
                      "descriptor " + std::to_string(descriptors.memory) + " is the memory of a stream " + why);
  };
  ring::Region region = ring::Region::map(descriptors.memory);
  if (region.words(static_cast<std::size_t>(descriptors.side)).closed.load() != 0) {
    refuse("whose end was closed already; detach an end that is handed over instead of closing it");
  }
  std::optional<End::Rings> rings;
  try {
    rings.emplace(region, descriptors.side);
  } catch (const base::Error&) {
    refuse("with more under way than its rings hold; make a new stream");
  }
  UnixSocket life = UnixSocket::adopt(descriptors.life_socket);
  return SharedMemory(std::make_unique<End>(host::UniqueFd(descriptors.memory), std::move(region), *rings,
                                            std::move(life), descriptors.side));
}

SharedMemory::SharedMemory(std::unique_ptr<End> end) : end_(std::move(end)) {}

SharedMemory::SharedMemory(SharedMemory&&) noexcept = default;

SharedMemory::~SharedMemory() { close(); }

IoResult SharedMemory::read(std::span<std::byte> into, host::HostDuration wait) {
  if (end_ == nullptr) {
    return {.is_end = true};
  }
  try {
    return end_->read(into, wait);
  } catch (const base::Error&) {
    close();  // the rings are not to be trusted any more
    throw;
  }
}

IoResult SharedMemory::write(std::span<const std::byte> bytes, host::HostDuration wait) {
  if (end_ == nullptr) {
    return {.is_end = true};
  }
  try {
    return end_->write(bytes, wait);
  } catch (const base::Error&) {
    close();
    throw;
  }
}

void SharedMemory::close() {
  if (end_ != nullptr) {
    end_->close();
    end_.reset();
  }
}

void SharedMemory::keep_apart() {
  if (end_ != nullptr) {
    end_->keep_apart();
  }
}

void SharedMemory::detach() { end_.reset(); }

SharedMemory::Descriptors SharedMemory::descriptors() const {
  return end_ == nullptr ? Descriptors{} : end_->descriptors();
}

}  // namespace fermata::transport
