// SPDX-License-Identifier: GPL-2.0-or-later
//
// The shapes of QEMU's plugin interface (its include/qemu-plugin.h, from version 3 of that interface on) that are used.
#include "guests/qemu/stock/time/plugin_counters.hpp"

namespace fermata::qemu {
namespace {

// qemu_plugin_u64: an entry in each vCPU's element of a scoreboard.
struct Entry {
  void* scoreboard;
  std::size_t offset;
};

constexpr int without_registers = 0;    // QEMU_PLUGIN_CB_NO_REGS
constexpr int add_u64 = 0;              // QEMU_PLUGIN_INLINE_ADD_U64
constexpr int if_greater_or_equal = 7;  // QEMU_PLUGIN_COND_GE, unsigned
constexpr std::uint64_t negative = std::uint64_t{1} << 63;
constexpr std::size_t element_size = 64;  // a cache line for each vCPU

using BlockExecuted = void (*)(unsigned vcpu, void* opaque);
// Called (plugin, vCPU or block) up to version 5 of the interface, and (vCPU or block, context) from version 6 on, when
// it takes a context at registration; which one it is shows in the context.
using Call = void (*)(std::uint64_t first, std::uint64_t second);
using Register = void (*)(std::uint64_t plugin, Call call, void* context);
using RegisterIf = void (*)(void* block, BlockExecuted call, int flags, int condition, Entry entry,
                            std::uint64_t operand, void* opaque);
using RegisterInline = void (*)(void* block, int operation, Entry entry, std::uint64_t operand);

PluginCounters* counters = nullptr;  // some of the calls carry no context
thread_local int vcpu_of_this_thread = -1;

std::uint64_t subject(std::uint64_t first, std::uint64_t second) {
  return second == reinterpret_cast<std::uint64_t>(counters) ? first : second;
}

int subject_vcpu(std::uint64_t first, std::uint64_t second) {
  return static_cast<int>(static_cast<std::uint32_t>(subject(first, second)));
}

}  // namespace

PluginCounters::PluginCounters(std::uint64_t plugin, const Symbols& symbols, const TimeSymbols& time,
                               const SymbolLookup& lookup)
    : qemu_(symbols), time_(time), scoreboard_(time_.qemu_plugin_scoreboard_new(element_size)) {
  counters = this;
  const auto subscribe = [&](const char* name, Call call) {
    reinterpret_cast<Register>(lookup(name))(plugin, call, this);
  };
  subscribe("qemu_plugin_register_vcpu_init_cb", [](std::uint64_t first, std::uint64_t second) {
    vcpu_of_this_thread = subject_vcpu(first, second);
    counters->add_vcpu(vcpu_of_this_thread);
  });
  subscribe("qemu_plugin_register_vcpu_idle_cb", [](std::uint64_t first, std::uint64_t second) {
    if (Listener* listener = counters->listener_of(subject_vcpu(first, second))) {
      listener->falls_asleep(subject_vcpu(first, second));
    }
  });
  subscribe("qemu_plugin_register_vcpu_resume_cb", [](std::uint64_t first, std::uint64_t second) {
    if (Listener* listener = counters->listener_of(subject_vcpu(first, second))) {
      listener->wakes_up(subject_vcpu(first, second));
    }
  });
  subscribe("qemu_plugin_register_vcpu_tb_trans_cb", [](std::uint64_t first, std::uint64_t second) {
    counters->count_block(reinterpret_cast<void*>(subject(first, second)));
  });
}

// Of a vCPU that was plugged in later nothing is told: it is not held.
PluginCounters::Listener* PluginCounters::listener_of(int vcpu) const {
  return vcpu < count() ? listener_.load() : nullptr;
}

void PluginCounters::add_vcpu(int vcpu) {
  int known = known_vcpus_.load();
  while (known <= vcpu && !known_vcpus_.compare_exchange_weak(known, vcpu + 1)) {
  }
}

void PluginCounters::connect(Listener& listener) {
  for (int i = 0; QemuCpu* cpu = qemu_.qemu_get_cpu(i); ++i) {
    vcpus_.push_back(cpu);
  }
  listener_ = &listener;
}

// First the question, then the counting: a block is begun with a count that is not negative, and ends it at worst.
void PluginCounters::count_block(void* block) {
  const Entry entry{.scoreboard = scoreboard_, .offset = 0};
  reinterpret_cast<RegisterIf>(time_.qemu_plugin_register_vcpu_tb_exec_cond_cb)(
      block,
      [](unsigned vcpu, void*) {
        if (Listener* listener = counters->listener_of(static_cast<int>(vcpu))) {
          listener->spent(static_cast<int>(vcpu));
        }
      },
      without_registers, if_greater_or_equal, entry, negative, nullptr);
  const std::uint64_t instructions = time_.qemu_plugin_tb_n_insns(block);
  reinterpret_cast<RegisterInline>(time_.qemu_plugin_register_vcpu_tb_exec_inline_per_vcpu)(block, add_u64, entry,
                                                                                            ~instructions + 1);
}

std::int64_t PluginCounters::left(int vcpu) const {
  const std::int64_t* count = entry(vcpu);
  return count != nullptr ? *count + 1 : 0;
}

void PluginCounters::set_left(int vcpu, std::int64_t instructions) {
  if (std::int64_t* count = entry(vcpu)) {
    *count = instructions - 1;
  }
}

std::int64_t* PluginCounters::entry(int vcpu) const {
  if (vcpu >= known_vcpus_.load()) {
    return nullptr;
  }
  return static_cast<std::int64_t*>(time_.qemu_plugin_scoreboard_find(scoreboard_, static_cast<unsigned>(vcpu)));
}

void PluginCounters::queue_wait(int vcpu) {
  qemu_.async_run_on_cpu(
      vcpus_[static_cast<std::size_t>(vcpu)],
      [](QemuCpu* /*cpu*/, std::uint64_t which) { counters->listener_.load()->wait(static_cast<int>(which)); },
      static_cast<std::uint64_t>(vcpu));
}

bool PluginCounters::is_idle(int vcpu) const {
  return time_.cpu_thread_is_idle(vcpus_[static_cast<std::size_t>(vcpu)]);
}

bool PluginCounters::is_stopped(int vcpu) const { return time_.cpu_is_stopped(vcpus_[static_cast<std::size_t>(vcpu)]); }

int PluginCounters::this_vcpu() const { return vcpu_of_this_thread; }

}  // namespace fermata::qemu
