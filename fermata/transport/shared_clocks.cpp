// SPDX-License-Identifier: MIT
//
// Why no wake-up is lost: as in ring/sleep_word.cpp. Who sleeps counts itself in and looks once more; who tells stores
// and looks whether somebody is counted. All four are sequentially consistent, so one of the two sees the other; and
// the kernel compares the word once more before it puts anybody to sleep. A clock's own low half is that word.
#include "fermata/transport/shared_clocks.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstring>
#include <string>
#include <utility>

#include "fermata/base/contract.hpp"
#include "fermata/base/error.hpp"
#include "fermata/host/futex.hpp"

namespace fermata::transport {
namespace {

static_assert(std::endian::native == std::endian::little, "the layout is little-endian and used in place");

constexpr std::array<char, 8> magic{'F', 'R', 'M', 'T', 'C', 'L', 'C', 'K'};
constexpr std::uint32_t layout_version = 1;

/// Two cache lines, because processors fetch them in pairs.
constexpr std::size_t line_bytes = 128;

/// Counts who sleeps on a word for as long as it lives.
class Sleeper {
 public:
  explicit Sleeper(std::atomic<std::uint32_t>& sleepers) : sleepers_(&sleepers) { sleepers_->fetch_add(1); }
  ~Sleeper() { sleepers_->fetch_sub(1); }
  Sleeper(const Sleeper&) = delete;
  Sleeper& operator=(const Sleeper&) = delete;

 private:
  std::atomic<std::uint32_t>* sleepers_;
};

}  // namespace

struct SharedClocks::Head {
  std::array<char, 8> magic;
  std::uint32_t version;
  std::uint32_t count;
  alignas(line_bytes) std::atomic<std::uint32_t> bell;
  std::atomic<std::uint32_t> sleepers;
};

struct alignas(line_bytes) SharedClocks::Clock {
  std::atomic<std::int64_t> now_ns;
  std::atomic<std::uint32_t> sleepers;
  std::atomic<std::int64_t> awaited_ns;  // by the simulator
};

namespace {

constexpr std::size_t head_bytes = 2 * line_bytes;
constexpr SealedMemory::Wanted wanted{.least = head_bytes + line_bytes,
                                      .advice = "pass the shared clocks of guests of this version"};

[[noreturn]] void refuse(int descriptor, const std::string& why) { SealedMemory::refuse(descriptor, why, wanted); }

}  // namespace

SharedClocks::SharedClocks(host::UniqueFd fd, SealedMemory memory, std::size_t count)
    : fd_(std::move(fd)), memory_(std::move(memory)), count_(count) {
  static_assert(sizeof(Head) == head_bytes && offsetof(Head, bell) == line_bytes && sizeof(Clock) == line_bytes &&
                offsetof(Clock, sleepers) == 8 && offsetof(Clock, awaited_ns) == 16);
}

SharedClocks SharedClocks::make(std::size_t count) {
  if (count == 0 || count > max_clocks) {
    throw base::BadArgument("count is " + std::to_string(count) + "; there can be from 1 to 1024 shared clocks");
  }
  host::UniqueFd fd = SealedMemory::make("fermata-clocks", head_bytes + count * line_bytes);
  SealedMemory memory = SealedMemory::map(fd.get(), wanted);
  SharedClocks clocks(std::move(fd), std::move(memory), count);
  clocks.head().magic = magic;
  clocks.head().version = layout_version;
  clocks.head().count = static_cast<std::uint32_t>(count);
  for (std::size_t i = 0; i < count; ++i) {
    clocks.await(i, ended);
  }
  return clocks;
}

SharedClocks SharedClocks::adopt(int descriptor) {
  SealedMemory memory = SealedMemory::map(descriptor, wanted);
  const auto* head = reinterpret_cast<const Head*>(memory.data());
  if (std::memcmp(head->magic.data(), magic.data(), magic.size()) != 0) {
    refuse(descriptor, "does not begin with FRMTCLCK");
  }
  if (head->version != layout_version) {
    refuse(descriptor, "has version " + std::to_string(head->version) +
                           " of the layout where this program speaks version " + std::to_string(layout_version));
  }
  const std::size_t count = head->count;  // once: it may change
  if (count == 0 || count > max_clocks || memory.size() != head_bytes + count * line_bytes) {
    refuse(descriptor, "has " + std::to_string(memory.size()) + " bytes and says that there are " +
                           std::to_string(count) + " clocks in it");
  }
  return {host::UniqueFd(descriptor), std::move(memory), count};
}

std::size_t SharedClocks::next() const {
  if (taken_ >= count_) {
    throw base::BadArgument(std::to_string(count_) +
                            " guests share these clocks already, which is what they were made for; make more");
  }
  return taken_;
}

void SharedClocks::take(std::size_t clock) { taken_ = std::max(taken_, clock + 1); }

SharedClocks::Head& SharedClocks::head() const { return *reinterpret_cast<Head*>(memory_.data()); }

SharedClocks::Clock& SharedClocks::at(std::size_t clock) const {
  base::expects(clock < count_, "SharedClocks: there is such a clock");
  return reinterpret_cast<Clock*>(memory_.data() + head_bytes)[clock];
}

std::int64_t SharedClocks::read(std::size_t clock) const { return at(clock).now_ns.load(); }

void SharedClocks::tell(std::size_t clock, std::int64_t now_ns) {
  Clock& told = at(clock);
  told.now_ns.store(now_ns);
  if (told.sleepers.load() != 0) {
    host::futex_wake_all(told.now_ns);
  }
  if (now_ns >= told.awaited_ns.load()) {
    ring_bell();
  }
}

void SharedClocks::await(std::size_t clock, std::int64_t now_ns) { at(clock).awaited_ns.store(now_ns); }

void SharedClocks::wait_while(std::size_t clock, std::int64_t seen_ns, host::HostDuration length) {
  Clock& awaited = at(clock);
  const Sleeper sleeper(awaited.sleepers);
  if (awaited.now_ns.load() == seen_ns) {
    host::futex_wait(awaited.now_ns, seen_ns, length);
  }
}

std::uint32_t SharedClocks::bell() const { return head().bell.load(); }

void SharedClocks::ring_bell() {
  head().bell.fetch_add(1);
  if (head().sleepers.load() != 0) {
    host::futex_wake_all(head().bell);
  }
}

void SharedClocks::wait_for_bell(std::uint32_t heard, host::HostDuration length) {
  const Sleeper sleeper(head().sleepers);
  host::futex_wait(head().bell, heard, length);
}

}  // namespace fermata::transport
