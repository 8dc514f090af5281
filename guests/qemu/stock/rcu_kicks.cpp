// SPDX-License-Identifier: GPL-2.0-or-later
//
// QEMU's round-robin vCPU thread registers a notifier for RCU, which stands on that thread's stack. The thread's RCU
// data hold the list of such notifiers, at an offset that is found by value: a list head whose only element lies on
// this stack and points back to the head.
#include "guests/qemu/stock/rcu_kicks.hpp"

#include <pthread.h>

#include <cstddef>
#include <cstring>

namespace fermata::qemu {
namespace {

constexpr std::size_t reader_extent = 128;  // how much of a thread's RCU data is looked at

// QEMU's Notifier, the same in all versions.
struct Notifier {
  void (*notify)(Notifier*, void*);
  Notifier* next;
  Notifier** previous;
};

struct Stack {
  std::byte* begin = nullptr;
  std::size_t size = 0;

  [[nodiscard]] bool contains(const Notifier* notifier) const {
    const auto* at = reinterpret_cast<const std::byte*>(notifier);
    return at >= begin && at + sizeof(Notifier) <= begin + size;
  }
};

Stack stack_of_this_thread() {
  pthread_attr_t attributes;
  if (::pthread_getattr_np(::pthread_self(), &attributes) != 0) {
    return {};
  }
  void* begin = nullptr;
  std::size_t size = 0;
  ::pthread_attr_getstack(&attributes, &begin, &size);
  ::pthread_attr_destroy(&attributes);
  return {static_cast<std::byte*>(begin), size};
}

}  // namespace

bool stop_rcu_kicks(const Symbols& qemu) {
  if (qemu.get_ptr_rcu_reader == nullptr || qemu.rcu_remove_force_rcu_notifier == nullptr) {
    return false;
  }
  const Stack stack = stack_of_this_thread();
  auto* reader = static_cast<std::byte*>(qemu.get_ptr_rcu_reader());
  for (std::size_t offset = 0; offset < reader_extent; offset += sizeof(void*)) {
    Notifier* notifier = nullptr;
    std::memcpy(&notifier, reader + offset, sizeof notifier);
    if (stack.contains(notifier) && notifier->next == nullptr &&
        notifier->previous == reinterpret_cast<Notifier**>(reader + offset)) {
      qemu.rcu_remove_force_rcu_notifier(notifier);
      std::memcpy(&notifier, reader + offset, sizeof notifier);
      return notifier == nullptr;
    }
  }
  return false;
}

}  // namespace fermata::qemu
