// SPDX-License-Identifier: GPL-2.0-or-later
//
// Against a kernel that is a table: one VM whose kvmclock and counters run with a host clock that the test moves.
#include "guests/qemu/stock/time/kvm_clocks.hpp"

#include <gtest/gtest.h>

#if defined(__x86_64__)

#include <linux/kvm.h>

#include <cerrno>
#include <cstdarg>
#include <cstring>
#include <map>
#include <optional>
#include <utility>

namespace fermata::qemu {
namespace {

using namespace time::literals;

// 2 GHz: two cycles each nanosecond; its guests' counters as fast, or so many times as fast.
class Kernel final : public host::CycleCounter {
 public:
  static constexpr std::int64_t khz = 2'000'000;

  bool obeys = true;
  bool has_clock = true;
  mutable std::int64_t host_ns = 1'000'000'000;
  std::int64_t clock_at_zero = 5'000 - 1'000'000'000;
  std::map<int, std::int64_t> offsets = {{0, -1'900'000'000}, {1, -1'900'000'000}};

  std::int64_t numerator = 1, denominator = 1;
  std::int64_t look_takes_ns = 0;

  [[nodiscard]] std::int64_t now() const override {
    const std::int64_t cycles = 2 * host_ns;
    host_ns += look_takes_ns;
    return cycles;
  }
  [[nodiscard]] std::int64_t cycles() const { return 2 * host_ns / denominator * numerator; }
  void pass(time::Duration span) { host_ns += span.ns(); }
  [[nodiscard]] std::int64_t kvmclock() const { return clock_at_zero + host_ns; }
  [[nodiscard]] std::int64_t counter(int vcpu) const { return cycles() + offsets.at(vcpu); }

  int vm_call(unsigned long request, void* argument) {
    auto* data = static_cast<kvm_clock_data*>(argument);
    if (!has_clock) {
      return -ENOTTY;
    }
    if (request == KVM_GET_CLOCK) {
      data->clock = static_cast<std::uint64_t>(kvmclock());
    } else if (request == KVM_SET_CLOCK) {
      clock_at_zero = static_cast<std::int64_t>(data->clock) - host_ns;
    } else {
      return -ENOTTY;
    }
    return 0;
  }

  int vcpu_call(int vcpu, unsigned long request, void* argument) {
    if (request == KVM_GET_TSC_KHZ) {
      return static_cast<int>(khz / denominator * numerator);
    }
    if (request == 0xc008ae88) {  // KVM_GET_MSRS as in C: see the source
      auto* bytes = static_cast<std::byte*>(argument);
      std::uint32_t entries = 0;
      std::memcpy(&entries, bytes, sizeof entries);
      EXPECT_EQ(entries, 1U);
      kvm_msr_entry entry{};
      std::memcpy(&entry, bytes + 8, sizeof entry);
      EXPECT_EQ(entry.index, 0x10U);
      entry.data = static_cast<std::uint64_t>(obeys ? counter(vcpu) : cycles());
      std::memcpy(bytes + 8, &entry, sizeof entry);
      return 1;
    }
    if (request != KVM_GET_DEVICE_ATTR && request != KVM_SET_DEVICE_ATTR) {
      return -EINVAL;
    }
    const auto* attribute = static_cast<kvm_device_attr*>(argument);
    auto* offset = reinterpret_cast<std::int64_t*>(attribute->addr);
    if (request == KVM_GET_DEVICE_ATTR) {
      *offset = offsets.at(vcpu);
    } else if (request == KVM_SET_DEVICE_ATTR) {
      offsets.at(vcpu) = *offset;
    } else {
      return -ENOTTY;
    }
    return 0;
  }
};

Kernel* kernel = nullptr;  // QEMU's functions carry no context
int vcpu_numbers[] = {0, 1};
void* state = nullptr;

QemuCpu* cpu_of(int i) { return i < 2 ? reinterpret_cast<QemuCpu*>(&vcpu_numbers[i]) : nullptr; }

// Each request has one argument.
int vm_ioctl(void* /*state*/, unsigned long request, ...) {
  std::va_list list;
  va_start(list, request);
  void* argument = va_arg(list, void*);
  va_end(list);
  return kernel->vm_call(request, argument);
}

int vcpu_ioctl(QemuCpu* cpu, unsigned long request, ...) {
  std::va_list list;
  va_start(list, request);
  void* argument = va_arg(list, void*);
  va_end(list);
  return kernel->vcpu_call(*reinterpret_cast<int*>(cpu), request, argument);
}

class KvmClocksTest : public testing::Test {
 protected:
  KvmClocksTest() {
    kernel = &kernel_;
    symbols_.qemu_get_cpu = cpu_of;
    time_.kvm_state = &state;
    time_.kvm_kernel_irqchip = &has_kernel_irqchip_;
    time_.kvm_split_irqchip = &has_split_irqchip_;
    time_.kvm_vm_ioctl = vm_ioctl;
    time_.kvm_vcpu_ioctl = vcpu_ioctl;
  }
  ~KvmClocksTest() override { kernel = nullptr; }

  [[nodiscard]] KvmClocks make(std::optional<bool> do_guests_see_offsets = true) {
    return {symbols_, time_, do_guests_see_offsets, kernel_};
  }

  // Ran for `span` of the host's, is held for `held`, and goes on at `reading`.
  void run_and_hold(KvmClocks& clocks, time::Duration span, time::Duration held, time::Duration reading) {
    kernel_.pass(span);
    clocks.hold();
    kernel_.pass(held);
    clocks.show(reading);
  }
  void expect_counters(std::int64_t cycles) const {
    EXPECT_EQ(kernel_.counter(0), cycles);
    EXPECT_EQ(kernel_.counter(1), cycles);
  }

  Kernel kernel_;
  Symbols symbols_;
  TimeSymbols time_;
  bool has_kernel_irqchip_ = false;
  bool has_split_irqchip_ = false;
};

constexpr std::int64_t first_clock = 5'000;
constexpr std::int64_t first_cycles = 100'000'000;

TEST_F(KvmClocksTest, TheGuestDoesNotSeeThatItWasHeld) {
  KvmClocks clocks = make();
  clocks.adopt(0_ns);
  EXPECT_EQ(kernel_.kvmclock(), first_clock);
  expect_counters(first_cycles);
  for (int quantum = 1; quantum <= 100; ++quantum) {
    run_and_hold(clocks, 200_us, 3_ms, 200_us * quantum);
    EXPECT_EQ(kernel_.kvmclock(), first_clock + 200'000 * quantum);
    expect_counters(first_cycles + 400'000 * quantum);
  }
}

// It ran on by 30 us once, and for 1 us too little in the next quantum: neither is seen later.
TEST_F(KvmClocksTest, WhatTheyAreWrongByDoesNotAddUp) {
  KvmClocks clocks = make();
  clocks.adopt(0_ns);
  run_and_hold(clocks, 230_us, 1_ms, 200_us);
  run_and_hold(clocks, 199_us, 1_ms, 400_us);
  run_and_hold(clocks, 150_us, 1_ms, 600_us);
  EXPECT_EQ(kernel_.kvmclock(), first_clock + 600'000);
  expect_counters(first_cycles + 1'200'000);
}

// 30 us that it ran on are in the reading, then; 20 us more are those until it was known to stand.
TEST_F(KvmClocksTest, GoesOnWhereTheReadingIs) {
  KvmClocks clocks = make();
  clocks.adopt(0_ns);
  run_and_hold(clocks, 250_us, 1_ms, 230_us);
  EXPECT_EQ(kernel_.kvmclock(), first_clock + 230'000);
  expect_counters(first_cycles + 460'000);
}

// What passes while it is held is not seen, however often it is told that it is.
TEST_F(KvmClocksTest, HoldingAgainChangesNothing) {
  KvmClocks clocks = make();
  clocks.adopt(0_ns);
  kernel_.pass(200_us);
  clocks.hold();
  run_and_hold(clocks, 1_s, 1_s, 200_us);
  EXPECT_EQ(kernel_.kvmclock(), first_clock + 200'000);
  expect_counters(first_cycles + 400'000);
}

TEST_F(KvmClocksTest, AStopIsNotSeen) {
  KvmClocks clocks = make();
  clocks.adopt(0_ns);
  run_and_hold(clocks, 200_us, 0_ns, 200_us);  // shown for a snapshot
  const std::int64_t saved = kernel_.kvmclock();
  kernel_.pass(60_s);
  kernel_.clock_at_zero = saved - kernel_.host_ns;  // as QEMU does
  clocks.adopt(200_us);
  EXPECT_EQ(kernel_.kvmclock(), first_clock + 200'000);
  expect_counters(first_cycles + 400'000);
  run_and_hold(clocks, 200_us, 1_ms, 400_us);
  EXPECT_EQ(kernel_.kvmclock(), first_clock + 400'000);
  expect_counters(first_cycles + 800'000);
}

TEST_F(KvmClocksTest, ASnapshotsCountersGoOn) {
  KvmClocks clocks = make();
  clocks.adopt(0_ns);
  run_and_hold(clocks, 10_ms, 0_ns, 10_ms);
  kernel_.pass(1_s);
  kernel_.offsets = {{0, 777 - kernel_.now()}, {1, 777 - kernel_.now()}};
  clocks.adopt(3_ms);
  expect_counters(777);
  run_and_hold(clocks, 1_ms, 1_s, 4_ms);
  expect_counters(777 + 2'000'000);
}

TEST_F(KvmClocksTest, AResetWhileTheGuestRanStartsTheCounterAgain) {
  KvmClocks clocks = make();
  clocks.adopt(0_ns);
  run_and_hold(clocks, 1_ms, 1_ms, 1_ms);
  kernel_.pass(400_us);
  kernel_.offsets.at(0) = -kernel_.now();
  run_and_hold(clocks, 600_us, 5_ms, 2_ms);
  EXPECT_EQ(kernel_.counter(0), 1'200'000);
  EXPECT_EQ(kernel_.counter(1), first_cycles + 4'000'000);
  run_and_hold(clocks, 1_ms, 5_ms, 3_ms);
  EXPECT_EQ(kernel_.counter(0), 3'200'000);
}

TEST_F(KvmClocksTest, AResetWhileItIsHeldStartsTheCounterAgainAtNought) {
  KvmClocks clocks = make();
  clocks.adopt(0_ns);
  kernel_.pass(1_ms);
  clocks.hold();
  kernel_.pass(1_s);
  kernel_.offsets = {{0, -kernel_.now()}, {1, -kernel_.now()}};
  kernel_.pass(1_s);
  clocks.show(1_ms);
  expect_counters(0);
  run_and_hold(clocks, 1_ms, 5_ms, 2_ms);
  expect_counters(2'000'000);
}

TEST_F(KvmClocksTest, AHostThatIgnoresOffsetsIsFoundOutAndLeftAlone) {
  kernel_.obeys = false;
  const auto before = kernel_.offsets;
  KvmClocks clocks = make();
  clocks.adopt(0_ns);
  run_and_hold(clocks, 200_us, 3_ms, 200_us);
  EXPECT_EQ(kernel_.offsets, before);
  EXPECT_EQ(kernel_.kvmclock(), first_clock + 200'000);
  ASSERT_EQ(clocks.shortfalls().size(), 1U);
  EXPECT_NE(clocks.shortfalls().front().find("does not obey a TSC offset"), std::string::npos);
}

// The kernel gives up its one clock for all vCPUs as soon as their offsets differ.
TEST_F(KvmClocksTest, CountersThatAgreeStayAlikeHoweverLongALookTakes) {
  KvmClocks clocks = make();
  kernel_.look_takes_ns = 150;
  clocks.adopt(0_ns);
  EXPECT_EQ(kernel_.offsets.at(0), kernel_.offsets.at(1));
  for (int quantum = 1; quantum <= 10; ++quantum) {
    run_and_hold(clocks, 200_us, 3_ms, 200_us * quantum);
    EXPECT_EQ(kernel_.offsets.at(0), kernel_.offsets.at(1));
  }
  clocks.adopt(5_ms);
  EXPECT_EQ(kernel_.offsets.at(0), kernel_.offsets.at(1));
}

// 3 GHz for the guest, of a processor of 2 GHz, and 1 GHz.
TEST_F(KvmClocksTest, AScaledCounterIsHeldInItsOwnCycles) {
  for (const auto& [numerator, denominator] : {std::pair(3, 2), std::pair(1, 2)}) {
    kernel_ = Kernel();
    kernel_.numerator = numerator;
    kernel_.denominator = denominator;
    KvmClocks clocks = make();
    clocks.adopt(0_ns);
    const std::int64_t first = kernel_.counter(0);
    for (int quantum = 1; quantum <= 100; ++quantum) {
      run_and_hold(clocks, 200_us, 3_ms, 200_us * quantum);
      EXPECT_EQ(kernel_.counter(0), first + 400'000 * quantum * numerator / denominator);
      EXPECT_EQ(kernel_.counter(1), kernel_.counter(0));
    }
    kernel_.offsets = {{0, -kernel_.cycles()}, {1, -kernel_.cycles()}};  // a reset
    run_and_hold(clocks, 200_us, 3_ms, 21_ms);
    EXPECT_EQ(kernel_.counter(0), 400'000 * numerator / denominator);
  }
}

// The kernel has found its own counter not to be good, and sets those of its guests at each of their runs.
TEST_F(KvmClocksTest, AHostThatDoesNotObeyAnyMoreIsFoundOut) {
  KvmClocks clocks = make();
  clocks.adopt(0_ns);
  EXPECT_TRUE(clocks.take_news());
  EXPECT_FALSE(clocks.take_news());
  run_and_hold(clocks, 1_ms, 1_ms, 1_ms);
  kernel_.obeys = false;
  kernel_.offsets = {{0, -kernel_.now()}, {1, -kernel_.now()}};
  run_and_hold(clocks, 1_ms, 1_ms, 2_ms);
  EXPECT_TRUE(clocks.take_news());
  ASSERT_EQ(clocks.shortfalls().size(), 1U);
  EXPECT_NE(clocks.shortfalls().front().find("does not obey a TSC offset"), std::string::npos);
  const auto before = kernel_.offsets;
  run_and_hold(clocks, 1_ms, 1_ms, 3_ms);
  EXPECT_EQ(kernel_.offsets, before);
}

TEST_F(KvmClocksTest, AGuestMaySetItsCounterButAHostThatKeepsMovingItIsFoundOut) {
  KvmClocks clocks = make();
  clocks.adopt(0_ns);
  EXPECT_TRUE(clocks.take_news());
  for (int quantum = 1; quantum <= 100; ++quantum) {
    if (quantum % 2 == 0) {
      kernel_.offsets.at(0) += 1'000'000;
    }
    run_and_hold(clocks, 1_ms, 1_ms, 1_ms * quantum);
  }
  EXPECT_FALSE(clocks.take_news());
  EXPECT_TRUE(clocks.shortfalls().empty());
  for (int quantum = 101; quantum <= 120; ++quantum) {
    kernel_.offsets.at(1) += 5'000;
    run_and_hold(clocks, 1_ms, 1_ms, 1_ms * quantum);
  }
  EXPECT_TRUE(clocks.take_news());
  EXPECT_EQ(clocks.shortfalls().size(), 1U);
}

// Its kernel keeps the offset in its books, and the guest sees none of it.
TEST_F(KvmClocksTest, AHostWhoseGuestsDoNotSeeOffsetsIsLeftAlone) {
  const auto before = kernel_.offsets;
  KvmClocks clocks = make(false);
  clocks.adopt(0_ns);
  run_and_hold(clocks, 200_us, 3_ms, 200_us);
  EXPECT_EQ(kernel_.offsets, before);
  EXPECT_EQ(clocks.shortfalls().size(), 1U);
  KvmClocks unasked = make(std::nullopt);
  unasked.adopt(0_ns);
  EXPECT_TRUE(unasked.shortfalls().empty());
}

TEST_F(KvmClocksTest, SaysWhatIsNotHeldAndWhatToDo) {
  {
    KvmClocks clocks = make();
    clocks.adopt(0_ns);
    EXPECT_TRUE(clocks.shortfalls().empty());
  }
  has_kernel_irqchip_ = true;
  kernel_.has_clock = false;
  KvmClocks clocks = make();
  clocks.adopt(0_ns);
  ASSERT_EQ(clocks.shortfalls().size(), 2U);
  EXPECT_NE(clocks.shortfalls()[0].find("-kvmclock"), std::string::npos);
  EXPECT_NE(clocks.shortfalls()[1].find("the local APIC's timer and the PIT follow the host's time"),
            std::string::npos);
  EXPECT_NE(clocks.shortfalls()[1].find("kernel-irqchip=split"), std::string::npos);
  has_split_irqchip_ = true;
  EXPECT_NE(clocks.shortfalls()[1].find("the local APIC's timer follows the host's time"), std::string::npos);
  EXPECT_NE(clocks.shortfalls()[1].find("kernel-irqchip=off"), std::string::npos);
}

}  // namespace
}  // namespace fermata::qemu

#endif
