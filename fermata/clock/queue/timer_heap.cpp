// SPDX-License-Identifier: MIT
#include "fermata/clock/queue/timer_heap.hpp"

#include <algorithm>
#include <new>

#include "fermata/base/contract.hpp"

namespace fermata::clock {

void TimerHeap::pop() {
  const Entry last = entries_[root + --size_];
  if (size_ == 0) {
    return;
  }
  // What comes from the end nearly always belongs near the end: the hole goes all the way down, the entry then up.
  const std::uint32_t end = root + size_;
  std::uint32_t place = root;
  for (std::uint32_t child = first_child_of(place); child < end; child = first_child_of(place)) {
    const std::uint32_t earliest = earliest_child(child);
    put(place, entries_[earliest]);
    place = earliest;
  }
  sift_up(place, last);
}

std::uint32_t TimerHeap::earliest_child(std::uint32_t first) const {
  const std::uint32_t end = root + size_;
  if (first + degree <= end) [[likely]] {
    const std::uint32_t left = is_before(entries_[first + 1], entries_[first]) ? first + 1 : first;
    const std::uint32_t right = is_before(entries_[first + 3], entries_[first + 2]) ? first + 3 : first + 2;
    return is_before(entries_[right], entries_[left]) ? right : left;
  }
  std::uint32_t earliest = first;
  for (std::uint32_t child = first + 1; child < end; ++child) {
    if (is_before(entries_[child], entries_[earliest])) {
      earliest = child;
    }
  }
  return earliest;
}

void TimerHeap::replace(std::uint32_t place, Entry entry) {
  if (place > root && is_before(entry, entries_[parent_of(place)])) {
    sift_up(place, entry);
  } else {
    sift_down(place, entry);
  }
}

void TimerHeap::sift_down(std::uint32_t place, Entry entry) {
  const std::uint32_t end = root + size_;
  for (std::uint32_t child = first_child_of(place); child < end; child = first_child_of(place)) {
    const std::uint32_t earliest = earliest_child(child);
    if (!is_before(entries_[earliest], entry)) {
      break;
    }
    put(place, entries_[earliest]);
    place = earliest;
  }
  put(place, entry);
}

void TimerHeap::grow() {
  constexpr std::uint32_t first_places = 8;
  const std::uint32_t places = capacity_ == 0 ? first_places : (root + capacity_) * 2;
  base::expects(places > capacity_ && places < UINT32_MAX / degree, "TimerHeap: less than a thousand million timers");
  auto* bigger = static_cast<Entry*>(std::aligned_alloc(cache_line, places * sizeof(Entry)));
  if (bigger == nullptr) {
    throw std::bad_alloc();
  }
  if (capacity_ != 0) {
    std::copy(begin(), end(), bigger + root);
  }
  entries_.reset(bigger);
  capacity_ = places - root;
}

}  // namespace fermata::clock
