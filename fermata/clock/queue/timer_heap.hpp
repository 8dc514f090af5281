// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>

namespace fermata::clock {

/// What a timer carries to be in a heap.
struct TimerHook {
  std::uint64_t sequence = 0;  ///< its place among equal expiries
  std::uint32_t slot = 0;      ///< where it is in the heap that it is in
};

/// The timers of a list by (expiry, sequence), the earliest first: an implicit heap of degree four whose entries hold
/// the expiry, so that a look at all four children touches one cache line. push, move and remove cost O(log n); push is
/// O(1) for expiries in random or rising order. Holds pointers only; empty, it has no memory of its own. No locking.
class TimerHeap {
 public:
  struct Entry {
    std::int64_t expiry_ns;
    TimerHook* hook;
  };

  [[nodiscard]] bool is_empty() const { return size_ == 0; }
  [[nodiscard]] std::size_t size() const { return size_; }
  /// The earliest. Not of an empty heap.
  [[nodiscard]] const Entry& top() const { return entries_[root]; }
  [[nodiscard]] std::int64_t expiry_ns(const TimerHook& hook) const { return entries_[hook.slot].expiry_ns; }
  /// All of them, in no order that means anything.
  [[nodiscard]] const Entry* begin() const { return entries_.get() + root; }
  [[nodiscard]] const Entry* end() const { return begin() + size_; }

  [[nodiscard]] static bool is_before(const Entry& a, const Entry& b) {
    if (a.expiry_ns == b.expiry_ns) [[unlikely]] {
      return a.hook->sequence < b.hook->sequence;
    }
    return a.expiry_ns < b.expiry_ns;
  }

  /// Makes room for so many more, so that as many pushes cannot fail. Throws std::bad_alloc, and has changed nothing.
  void reserve(std::size_t count) {
    while (capacity_ - size_ < count)
      [[unlikely]] { grow(); }
  }
  void reserve_one() { reserve(1); }
  /// Needs a `reserve_one` before it.
  void push(TimerHook& hook, std::int64_t expiry_ns) { sift_up(root + size_++, {expiry_ns, &hook}); }
  /// Another expiry, or only another sequence, for one that is in it.
  void move(TimerHook& hook, std::int64_t expiry_ns) { replace(hook.slot, {expiry_ns, &hook}); }
  void remove(TimerHook& hook) {
    const Entry last = entries_[root + --size_];
    if (last.hook != &hook) {
      replace(hook.slot, last);
    }
  }
  void pop();
  void clear() { size_ = 0; }

 private:
  // Places 0 to 2 are left empty: with the root at 3 the children of p are 4p-8 to 4p-5, a cache line of their own.
  static constexpr std::uint32_t root = 3;
  static constexpr std::uint32_t degree = 4;
  static constexpr std::size_t cache_line = 64;
  static_assert(sizeof(Entry) * degree == cache_line);

  struct Free {
    void operator()(Entry* entries) const { std::free(entries); }
  };

  static std::uint32_t parent_of(std::uint32_t place) { return place / degree + 2; }
  static std::uint32_t first_child_of(std::uint32_t place) { return degree * place - 8; }
  void put(std::uint32_t place, Entry entry) {
    entries_[place] = entry;
    entry.hook->slot = place;
  }
  void sift_up(std::uint32_t place, Entry entry) {
    while (place > root) {
      const std::uint32_t parent = parent_of(place);
      if (!is_before(entry, entries_[parent])) {
        break;
      }
      put(place, entries_[parent]);
      place = parent;
    }
    put(place, entry);
  }
  [[nodiscard]] std::uint32_t earliest_child(std::uint32_t first) const;
  void replace(std::uint32_t place, Entry entry);
  void sift_down(std::uint32_t place, Entry entry);
  void grow();

  std::unique_ptr<Entry[], Free> entries_;
  std::uint32_t size_ = 0;
  std::uint32_t capacity_ = 0;
};

}  // namespace fermata::clock
