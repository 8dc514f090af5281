// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>

#include "fermata/host/clock.hpp"
#include "fermata/host/unique_fd.hpp"
#include "fermata/transport/sealed_memory.hpp"

namespace fermata::transport {

/// The clocks of guests that keep to each other's, in memory that their processes and the simulator's share
/// (docs/protocol/shared-clocks.md): each guest tells in its own how far it has come, and who waits for that sees it
/// without the simulator. All times are ns since the guest's start. With them goes a bell, which guests ring when they
/// have said something to the simulator, or have come to where it awaits them.
///
/// Who shares them trusts each other's clocks: a false one makes a guest late, which is found when it gets an input, or
/// has it wait, for which it is whoever waits that has a limit. Any threads, but for `take`.
class SharedClocks {
 public:
  static constexpr std::size_t max_clocks = 1024;
  /// What a guest tells that has ended: it does nothing any more.
  static constexpr std::int64_t ended = INT64_MAX;

  /// Makes `count` clocks, 1 to max_clocks, that stand at 0. Not inherited by programs that this process starts.
  [[nodiscard]] static SharedClocks make(std::size_t count);
  /// Takes a descriptor over that another process has made. Throws base::Error (unsupported), and leaves it to the
  /// caller, if it is open on something else; the sentence names the number.
  [[nodiscard]] static SharedClocks adopt(int descriptor);

  /// For who has made them, in one thread: the number of the next that no guest has been given, and that it has been
  /// given now. Throws base::BadArgument if there are no more.
  [[nodiscard]] std::size_t next() const;
  void take(std::size_t clock);

  [[nodiscard]] int descriptor() const { return fd_.get(); }
  [[nodiscard]] std::size_t count() const { return count_; }

  /// What a clock's guest has told last.
  [[nodiscard]] std::int64_t read(std::size_t clock) const;
  /// The guest of this clock will do nothing earlier any more, and has sent what it did. Wakes who waits for it.
  void tell(std::size_t clock, std::int64_t now_ns);
  /// From now on the bell is rung when this clock is told to have come to `now_ns` or beyond; `ended`: not before its
  /// end. For the simulator, which looks at the clock once more before it sleeps.
  void await(std::size_t clock, std::int64_t now_ns);
  /// Sleeps until the clock does not stand at `seen_ns`, or for `length`. May end early.
  void wait_while(std::size_t clock, std::int64_t seen_ns, host::HostDuration length);

  /// How often the bell was rung, modulo 2^32: to be asked before one looks at what it may have been rung for.
  [[nodiscard]] std::uint32_t bell() const;
  void ring_bell();
  /// Sleeps until it was rung more often than `heard` says, or for `length`. May end early.
  void wait_for_bell(std::uint32_t heard, host::HostDuration length);

 private:
  struct Head;
  struct Clock;
  SharedClocks(host::UniqueFd fd, SealedMemory memory, std::size_t count);
  [[nodiscard]] Head& head() const;
  [[nodiscard]] Clock& at(std::size_t clock) const;

  host::UniqueFd fd_;
  SealedMemory memory_;
  std::size_t taken_ = 0;
  std::size_t count_;  // kept, not read back: who shares the memory may write there
};

}  // namespace fermata::transport
