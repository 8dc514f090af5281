// SPDX-License-Identifier: GPL-2.0-or-later
#include "guests/qemu/stock/time/plugin_counters.hpp"

#include <gtest/gtest.h>

#include <array>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace fermata::qemu {
namespace {

// QEMU's plugin interface, by what is left of it. Function pointers carry no context, so it stands here, made anew for
// each test.
struct PluginInterface {
  static constexpr std::uint64_t plugin = 0x1234'5678'9abc'def0;
  static constexpr int vcpu_count = 2;
  struct Entry {
    void* scoreboard;
    std::size_t offset;
  };
  using Call = void (*)(std::uint64_t, std::uint64_t);
  using Executed = void (*)(unsigned vcpu, void* opaque);
  struct Callback {
    Call call = nullptr;
    void* context = nullptr;
  };
  struct Block {
    std::size_t instructions;
    std::string hooks{};  // what was registered for it, in order
    Executed spent = nullptr;
    int condition = -1;
    std::uint64_t limit = 0;
    std::uint64_t addend = 0;
  };
  struct Queued {
    QemuCpu* cpu;
    void (*work)(QemuCpu*, std::uint64_t);
    std::uint64_t data;
  };

  bool has_contexts = false;  // version 6 of the interface
  std::array<std::array<std::int64_t, 8>, 8> scoreboard{};
  std::size_t element_size = 0;
  std::map<std::string, Callback> callbacks;
  std::array<int, vcpu_count> cpus{};
  std::vector<Queued> queue;
  QemuCpu* idle = nullptr;

  QemuCpu* cpu(int index) { return reinterpret_cast<QemuCpu*>(&cpus.at(static_cast<std::size_t>(index))); }
  void tell(const std::string& what, std::uint64_t subject) {
    const Callback& to = callbacks.at(what);
    if (has_contexts) {
      to.call(subject, reinterpret_cast<std::uint64_t>(to.context));
    } else {
      to.call(plugin, subject);
    }
  }
  void translate(Block& block) { tell("tb_trans", reinterpret_cast<std::uint64_t>(&block)); }
  // What TCG's code does at a block's begin: all that was registered for it, in that order.
  void execute(const Block& block, unsigned vcpu) {
    auto& count = scoreboard.at(vcpu).at(0);
    if (block.condition == 7 && static_cast<std::uint64_t>(count) >= block.limit) {
      block.spent(vcpu, nullptr);
    }
    count = static_cast<std::int64_t>(static_cast<std::uint64_t>(count) + block.addend);
  }
};
PluginInterface* plugin_interface = nullptr;

template <int Which>
void keep_callback(std::uint64_t plugin, PluginInterface::Call call, void* context) {
  constexpr std::array names = {"init", "idle", "resume", "tb_trans"};
  EXPECT_EQ(plugin, PluginInterface::plugin);
  plugin_interface->callbacks[names.at(Which)] = {.call = call, .context = context};
}

void keep_question(void* block, PluginInterface::Executed call, int flags, int condition, PluginInterface::Entry entry,
                   std::uint64_t operand, void* /*opaque*/) {
  auto& which = *static_cast<PluginInterface::Block*>(block);
  EXPECT_EQ(flags, 0);
  EXPECT_EQ(entry.scoreboard, &plugin_interface->scoreboard);
  EXPECT_EQ(entry.offset, 0U);
  which.hooks += "question ";
  which.spent = call;
  which.condition = condition;
  which.limit = operand;
}

void keep_counting(void* block, int operation, PluginInterface::Entry entry, std::uint64_t operand) {
  auto& which = *static_cast<PluginInterface::Block*>(block);
  EXPECT_EQ(operation, 0);
  EXPECT_EQ(entry.scoreboard, &plugin_interface->scoreboard);
  EXPECT_EQ(entry.offset, 0U);
  which.hooks += "counting ";
  which.addend = operand;
}

void* find_registration(const char* name) {
  const std::map<std::string, void*> known = {
      {"qemu_plugin_register_vcpu_init_cb", reinterpret_cast<void*>(&keep_callback<0>)},
      {"qemu_plugin_register_vcpu_idle_cb", reinterpret_cast<void*>(&keep_callback<1>)},
      {"qemu_plugin_register_vcpu_resume_cb", reinterpret_cast<void*>(&keep_callback<2>)},
      {"qemu_plugin_register_vcpu_tb_trans_cb", reinterpret_cast<void*>(&keep_callback<3>)}};
  return known.at(name);
}

class ToldOfVcpus final : public VcpuCounters::Listener {
 public:
  std::string told;
  void spent(int vcpu) override { told += "spent " + std::to_string(vcpu) + ","; }
  void wait(int vcpu) override { told += "wait " + std::to_string(vcpu) + ","; }
  void falls_asleep(int vcpu) override { told += "asleep " + std::to_string(vcpu) + ","; }
  void wakes_up(int vcpu) override { told += "awake " + std::to_string(vcpu) + ","; }
};

// True: the interface's version 6, whose calls carry the context.
class PluginCountersTest : public ::testing::TestWithParam<bool> {
 protected:
  PluginCountersTest() {
    plugin_interface = &qemu_;
    qemu_.has_contexts = GetParam();
    counters_ = std::make_unique<PluginCounters>(PluginInterface::plugin, symbols(), time_symbols(), find_registration);
  }

  static Symbols symbols() {
    Symbols s;
    s.qemu_get_cpu = [](int index) {
      return index < PluginInterface::vcpu_count ? plugin_interface->cpu(index) : nullptr;
    };
    s.async_run_on_cpu = [](QemuCpu* cpu, void (*work)(QemuCpu*, std::uint64_t), std::uint64_t data) {
      plugin_interface->queue.push_back({.cpu = cpu, .work = work, .data = data});
    };
    return s;
  }
  static TimeSymbols time_symbols() {
    TimeSymbols s;
    s.qemu_plugin_scoreboard_new = [](std::size_t element_size) -> void* {
      plugin_interface->element_size = element_size;
      return &plugin_interface->scoreboard;
    };
    s.qemu_plugin_scoreboard_find = [](void* scoreboard, unsigned vcpu) -> void* {
      EXPECT_EQ(scoreboard, &plugin_interface->scoreboard);
      return &plugin_interface->scoreboard.at(vcpu);
    };
    s.qemu_plugin_register_vcpu_tb_exec_cond_cb = reinterpret_cast<void*>(&keep_question);
    s.qemu_plugin_register_vcpu_tb_exec_inline_per_vcpu = reinterpret_cast<void*>(&keep_counting);
    s.qemu_plugin_tb_n_insns = [](const void* block) {
      return static_cast<const PluginInterface::Block*>(block)->instructions;
    };
    s.cpu_thread_is_idle = [](QemuCpu* cpu) { return cpu == plugin_interface->idle; };
    return s;
  }
  // Up to where guest code may run.
  void start() {
    qemu_.tell("init", 0);
    qemu_.tell("init", 1);
    counters_->connect(listener_);
  }

  PluginInterface qemu_;
  ToldOfVcpus listener_;
  std::unique_ptr<PluginCounters> counters_;
};

INSTANTIATE_TEST_SUITE_P(Interfaces, PluginCountersTest, ::testing::Bool());

TEST_P(PluginCountersTest, EachVcpuHasACacheLineOfItsOwn) { EXPECT_EQ(qemu_.element_size, 64U); }

TEST_P(PluginCountersTest, AVcpuThatQemuHasNotMadeHasNoCount) {
  EXPECT_EQ(counters_->left(0), 0);
  counters_->set_left(0, 100);
  EXPECT_EQ(qemu_.scoreboard.at(0).at(0), 0);
  qemu_.tell("init", 1);  // the second first: both are known then
  counters_->set_left(1, 100);
  counters_->set_left(0, 50);
  qemu_.tell("init", 0);  // does not forget the other
  EXPECT_EQ(counters_->left(1), 100);
  EXPECT_EQ(counters_->left(0), 50);
  EXPECT_EQ(counters_->left(2), 0);
}

TEST_P(PluginCountersTest, ABlockIsAskedAboutBeforeItIsCounted) {
  PluginInterface::Block block{.instructions = 5};
  qemu_.translate(block);
  EXPECT_EQ(block.hooks, "question counting ");
  EXPECT_EQ(block.addend, static_cast<std::uint64_t>(-5));
  EXPECT_EQ(block.limit, std::uint64_t{1} << 63);
}

TEST_P(PluginCountersTest, AVcpuIsToldAtTheFirstBlockWithNoneLeft) {
  start();
  PluginInterface::Block block{.instructions = 4};
  qemu_.translate(block);
  counters_->set_left(0, 8);
  counters_->set_left(1, 9);
  for (int i = 0; i < 2; ++i) {
    qemu_.execute(block, 0);
    qemu_.execute(block, 1);
  }
  EXPECT_EQ(listener_.told, "");
  EXPECT_EQ(counters_->left(0), 0);
  EXPECT_EQ(counters_->left(1), 1);
  qemu_.execute(block, 0);
  EXPECT_EQ(listener_.told, "spent 0,");
  qemu_.execute(block, 1);  // one left: a block is executed whole
  EXPECT_EQ(listener_.told, "spent 0,");
  EXPECT_EQ(counters_->left(1), -3);
  qemu_.execute(block, 1);
  qemu_.execute(block, 1);
  EXPECT_EQ(listener_.told, "spent 0,spent 1,spent 1,") << "at each block until it is filled up";
  counters_->set_left(1, 4);
  qemu_.execute(block, 1);
  EXPECT_EQ(listener_.told, "spent 0,spent 1,spent 1,");
}

TEST_P(PluginCountersTest, AWaitIsQueuedForItsVcpu) {
  start();
  EXPECT_EQ(counters_->count(), 2);
  counters_->queue_wait(1);
  ASSERT_EQ(qemu_.queue.size(), 1U);
  EXPECT_EQ(qemu_.queue.front().cpu, qemu_.cpu(1));
  EXPECT_EQ(listener_.told, "");
  qemu_.queue.front().work(qemu_.queue.front().cpu, qemu_.queue.front().data);
  EXPECT_EQ(listener_.told, "wait 1,");
}

TEST_P(PluginCountersTest, SleepIsTold) {
  qemu_.tell("idle", 1);  // nobody listens yet
  qemu_.tell("resume", 1);
  start();
  qemu_.tell("idle", 1);
  qemu_.tell("idle", 0);
  qemu_.tell("resume", 1);
  EXPECT_EQ(listener_.told, "asleep 1,asleep 0,awake 1,");
}

TEST_P(PluginCountersTest, WhetherAVcpuIsIdleIsAskedOfQemu) {
  start();
  qemu_.idle = qemu_.cpu(1);
  EXPECT_FALSE(counters_->is_idle(0));
  EXPECT_TRUE(counters_->is_idle(1));
}

TEST_P(PluginCountersTest, AThreadIsThatOfTheVcpuWhichBeganInIt) {
  std::vector<int> seen;
  std::thread([&] {
    seen.push_back(counters_->this_vcpu());
    qemu_.tell("init", 1);
    seen.push_back(counters_->this_vcpu());
  }).join();
  std::thread([&] { seen.push_back(counters_->this_vcpu()); }).join();
  EXPECT_EQ(seen, (std::vector<int>{-1, 1, -1}));
}

}  // namespace
}  // namespace fermata::qemu
