// SPDX-License-Identifier: MIT
#include "fermata/host/futex.hpp"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <bit>
#include <cerrno>
#include <climits>
#include <ctime>

#include "fermata/base/error.hpp"

namespace fermata::host {
namespace {

static_assert(std::endian::native == std::endian::little, "the low half of a long word stands at its address");

// Not the PRIVATE kinds: processes have the word at different addresses.
void wait(const void* word, std::uint32_t expected, HostDuration length) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(length);
  const timespec limit{.tv_sec = seconds.count(), .tv_nsec = (length - seconds).count()};
  if (::syscall(SYS_futex, word, FUTEX_WAIT, expected, &limit, nullptr, 0) < 0 && errno != ETIMEDOUT &&
      errno != EAGAIN && errno != EINTR) {
    throw base::host_error("sleep on a futex in shared memory", errno);
  }
}

void wake_all(const void* word) { ::syscall(SYS_futex, word, FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0); }

}  // namespace

void futex_wait(const std::atomic<std::uint32_t>& word, std::uint32_t expected, HostDuration length) {
  wait(&word, expected, length);
}

void futex_wait(const std::atomic<std::int64_t>& word, std::int64_t expected, HostDuration length) {
  wait(&word, static_cast<std::uint32_t>(static_cast<std::uint64_t>(expected)), length);
}

void futex_wake_all(const std::atomic<std::uint32_t>& word) { wake_all(&word); }
void futex_wake_all(const std::atomic<std::int64_t>& word) { wake_all(&word); }

}  // namespace fermata::host
