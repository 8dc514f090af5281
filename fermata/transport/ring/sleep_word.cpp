// SPDX-License-Identifier: MIT
//
// Why no wake-up is lost.  P: a position, or the flag `closed`.  A: the sleeper's word.
//
//   sleeper                              peer
//   (1) A = what it waits for            (3) P = something new
//   (2) look at P; if new: A = 0, done   (4) look at A; if it is `what`:
//   (5) FUTEX_WAIT(A, what)              (6)     A: what -> 0, and if so FUTEX_WAKE(A)
//
// (1) to (4) are sequentially consistent, so there is one order of them all. Were both looks in vain, (2) would be
// before (3) and (4) before (1); with (1) before (2) and (3) before (4) that is a circle. So the sleeper sees what is
// new, or the peer sees that it sleeps. In the latter case the kernel compares A in (5) under the lock that (6) takes:
// either A is 0 already and the sleeper goes on at once, or it is queued and (6) wakes it. If the exchange in (6)
// fails, the sleeper has gone through (1) or withdrawn since (4), hence looks at P, or has looked, after (3).
//
// Operations and not fences: the same instructions on x86, and ThreadSanitizer understands them.
#include "fermata/transport/ring/sleep_word.hpp"

#include "fermata/host/futex.hpp"

namespace fermata::transport::ring {

void SleepWord::wait(WaitsFor what, host::HostDuration length) const {
  host::futex_wait(*word_, static_cast<std::uint32_t>(what), length);
}

void SleepWord::wake_sleeper(WaitsFor what) {
  auto expected = static_cast<std::uint32_t>(what);
  if (word_->compare_exchange_strong(expected, static_cast<std::uint32_t>(WaitsFor::nothing))) {
    host::futex_wake_all(*word_);
  }
}

void SleepWord::wake_always() {
  word_->store(static_cast<std::uint32_t>(WaitsFor::nothing));
  host::futex_wake_all(*word_);
}

}  // namespace fermata::transport::ring
