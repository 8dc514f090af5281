// SPDX-License-Identifier: GPL-2.0-or-later
#include "guests/qemu/stock/time/accelerator_events.hpp"

#include <array>
#include <cstddef>
#include <utility>

namespace fermata::qemu {
namespace {

// Where AccelOpsClass has cpus_are_resettable and synchronize_post_init: 11.1, 10.0, 7.2, and their neighbours.
constexpr std::array<std::size_t, 3> reset_offsets = {112, 104, 120};
constexpr std::array<std::size_t, 4> loaded_offsets = {160, 152, 144, 168};

using AreResettable = bool (*)();
using TakeState = void (*)(QemuCpu*);

// QEMU's slots carry no context.
struct Chain {
  AcceleratorEvents::Listeners listeners;
  AreResettable are_resettable = nullptr;
  TakeState take_state = nullptr;
  bool was_asked = false;
};
Chain& chain() {
  static auto* const the_chain = new Chain;
  return *the_chain;
}

bool tell_reset() {
  chain().listeners.reset_asked();
  return chain().are_resettable == nullptr || chain().are_resettable();
}

void tell_loaded(QemuCpu* cpu) {
  chain().listeners.state_loaded();
  if (chain().take_state != nullptr) {
    chain().take_state(cpu);
  }
}

// Puts `proof` into each of the slots that may be the one until `ask` comes to it; there `put` is left, and what was
// there before returned. All others are as they were.
template <typename Function, typename MayBe, typename Ask>
bool take_slot(std::byte* accelerator, const auto& offsets, Function proof, Function put, Function& before,
               MayBe may_be, Ask ask) {
  for (const std::size_t offset : offsets) {
    auto* slot = reinterpret_cast<Function*>(accelerator + offset);
    const Function own = *slot;
    if (!may_be(own)) {
      continue;
    }
    *slot = proof;
    chain().was_asked = false;
    ask();
    *slot = chain().was_asked ? put : own;
    if (chain().was_asked) {
      before = own;
      return true;
    }
  }
  return false;
}

}  // namespace

// Asking is harmless: whether vCPUs can be reset is only looked up. A vCPU's state is not taken over, because TCG has
// no function for that, and KVM's is recognised.
std::string AcceleratorEvents::install(const Symbols& symbols, const TimeSymbols& time, Listeners listeners) {
  auto* accelerator = static_cast<std::byte*>(time.cpus_get_accel());
  if (accelerator == nullptr) {
    return "there is no accelerator";
  }
  chain() = {.listeners = std::move(listeners)};
  const AreResettable resettable_proof = [] { return chain().was_asked = true; };
  if (!take_slot(
          accelerator, reset_offsets, resettable_proof, &tell_reset, chain().are_resettable, [](auto) { return true; },
          [&time] { static_cast<void>(time.cpus_are_resettable()); })) {
    return "the accelerator is not asked about resets where a tested QEMU's is";
  }
  const TakeState loaded_proof = [](QemuCpu* /*cpu*/) { chain().was_asked = true; };
  const auto may_be = [&time](TakeState own) {
    return own == nullptr || own == reinterpret_cast<TakeState>(time.kvm_cpu_synchronize_post_init);
  };
  if (!take_slot(accelerator, loaded_offsets, loaded_proof, &tell_loaded, chain().take_state, may_be,
                 [&] { time.cpu_synchronize_post_init(symbols.qemu_get_cpu(0)); })) {
    return "the accelerator is not told of a loaded state where a tested QEMU's is";
  }
  return {};
}

}  // namespace fermata::qemu
