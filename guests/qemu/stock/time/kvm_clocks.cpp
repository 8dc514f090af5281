// SPDX-License-Identifier: GPL-2.0-or-later
#include "guests/qemu/stock/time/kvm_clocks.hpp"

#include <linux/kvm.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace fermata::qemu {
namespace {

#if defined(__x86_64__)

constexpr std::uint32_t msr_tsc = 0x10;  // IA32_TIME_STAMP_COUNTER, Intel SDM volume 4
// For finding out whether an offset has an effect: far more than passes meanwhile, and nothing to a guest.
constexpr std::int64_t an_odd_offset = 0x123456789a;

kvm_device_attr offset_attribute(std::int64_t& offset) {
  kvm_device_attr attribute{};
  attribute.group = KVM_VCPU_TSC_CTRL;
  attribute.attr = KVM_VCPU_TSC_OFFSET;
  attribute.addr = reinterpret_cast<std::uint64_t>(&offset);
  return attribute;
}

#endif

}  // namespace

#if defined(__x86_64__)

KvmClocks::KvmClocks(const Symbols& symbols, const TimeSymbols& time, const host::CycleCounter& host)
    : qemu_(symbols), time_(time), host_(host) {}

// Again, while they are held, does nothing: the guest has seen no more.
void KvmClocks::hold() {
  if (!std::exchange(is_held_, true)) {
    held_at_ = host_.now();
  }
}

void KvmClocks::show(time::Duration reading) {
  if (clock_base_) {
    kvm_clock_data data{};
    data.clock = static_cast<std::uint64_t>(*clock_base_ + reading.ns());
    time_.kvm_vm_ioctl(*time_.kvm_state, KVM_SET_CLOCK, &data);
  }
  for (Counter& counter : counters_) {
    show_counter(counter, reading);
  }
  shown_ = reading;
  is_held_ = false;
}

// QEMU itself has stopped and started kvmclock.
void KvmClocks::adopt(time::Duration reading) {
  const auto clock = kvmclock();
  clock_base_ = clock ? std::optional(*clock - reading.ns()) : std::nullopt;
  if (!std::exchange(has_looked_, true)) {
    find_counters(reading);
  } else {
    for (Counter& counter : counters_) {
      adopt_counter(counter, reading);
    }
  }
  for (Counter& counter : counters_) {
    set_counter(counter, counter.base + cycles_in(reading));
  }
  held_at_ = host_.now();
  shown_ = reading;
  is_held_ = false;
}

std::optional<std::int64_t> KvmClocks::kvmclock() const {
  kvm_clock_data data{};
  if (time_.kvm_vm_ioctl(*time_.kvm_state, KVM_GET_CLOCK, &data) != 0) {
    return std::nullopt;
  }
  return static_cast<std::int64_t>(data.clock);
}

// All vCPUs of a new machine show the same: the kernel has set their counters at about the same time.
void KvmClocks::find_counters(time::Duration reading) {
  for (int i = 0; QemuCpu* cpu = qemu_.qemu_get_cpu(i); ++i) {
    counters_.push_back({.cpu = cpu});
  }
  khz_ = counters_.empty() ? 0 : time_.kvm_vcpu_ioctl(counters_.front().cpu, KVM_GET_TSC_KHZ, 0UL);
  const bool do_obey =
      khz_ > 0 && std::ranges::all_of(counters_, [this](const Counter& counter) { return obeys(counter); });
  if (!do_obey) {
    counters_.clear();
    return;
  }
  for (Counter& counter : counters_) {
    counter.offset = offset_of(counters_.front()).value_or(0);
    counter.base = host_.now() + counter.offset - cycles_in(reading);
  }
}

// Goes on from what it showed when the machine was stopped; from what it shows now if somebody else has set it, with a
// snapshot.
void KvmClocks::adopt_counter(Counter& counter, time::Duration reading) const {
  const auto offset = offset_of(counter);
  if (offset && *offset != counter.offset) {
    counter.base = host_.now() + *offset - cycles_in(reading);
  } else {
    counter.base += cycles_in(shown_) - cycles_in(reading);
  }
}

// Set back by what passed from the guest's last instruction until it was known to stand, which it has not seen: the
// reading has what it ran. Somebody else may have set the counter, a reset or the guest itself: then it goes on from
// there, or from 0 if that was while it was held.
void KvmClocks::show_counter(Counter& counter, time::Duration reading) const {
  const auto offset = offset_of(counter);
  if (offset && *offset != counter.offset) {
    counter.offset = *offset;
    counter.base = std::max<std::int64_t>(held_at_ + counter.offset, 0) - cycles_in(reading);
  }
  set_counter(counter, counter.base + cycles_in(reading));
}

void KvmClocks::set_counter(Counter& counter, std::int64_t value) const {
  const std::int64_t offset = value - host_.now();
  if (set_offset(counter, offset)) {
    counter.offset = offset;
  }
}

std::int64_t KvmClocks::cycles_in(time::Duration span) const {
  constexpr std::int64_t ns_in_ms = 1'000'000;
  return span.ns() / ns_in_ms * khz_ + span.ns() % ns_in_ms * khz_ / ns_in_ms;
}

std::optional<std::int64_t> KvmClocks::offset_of(const Counter& counter) const {
  std::int64_t offset = 0;
  kvm_device_attr attribute = offset_attribute(offset);
  return time_.kvm_vcpu_ioctl(counter.cpu, KVM_GET_DEVICE_ATTR, &attribute) == 0 ? std::optional(offset) : std::nullopt;
}

bool KvmClocks::set_offset(const Counter& counter, std::int64_t offset) const {
  kvm_device_attr attribute = offset_attribute(offset);
  return time_.kvm_vcpu_ioctl(counter.cpu, KVM_SET_DEVICE_ATTR, &attribute) == 0;
}

// Some hosts take an offset and do nothing with it.
bool KvmClocks::obeys(const Counter& counter) const {
  const auto offset = offset_of(counter);
  const auto before = read_counter(counter);
  if (!offset || !before || !set_offset(counter, *offset + an_odd_offset)) {
    return false;
  }
  const auto after = read_counter(counter);
  const bool is_restored = set_offset(counter, *offset);
  return after && is_restored && *after - *before >= static_cast<std::uint64_t>(an_odd_offset) &&
         *after - *before < 2 * static_cast<std::uint64_t>(an_odd_offset);
}

std::optional<std::uint64_t> KvmClocks::read_counter(const Counter& counter) const {
  alignas(kvm_msrs) std::byte memory[sizeof(kvm_msrs) + sizeof(kvm_msr_entry)] = {};  // NOLINT: the kernel's layout
  kvm_msrs request{};
  request.nmsrs = 1;
  kvm_msr_entry entry{};
  entry.index = msr_tsc;
  std::memcpy(memory, &request, sizeof request);
  std::memcpy(memory + sizeof request, &entry, sizeof entry);
  if (time_.kvm_vcpu_ioctl(counter.cpu, KVM_GET_MSRS, static_cast<void*>(memory)) != 1) {
    return std::nullopt;
  }
  std::memcpy(&entry, memory + sizeof request, sizeof entry);
  return entry.data;
}

std::vector<std::string> KvmClocks::shortfalls() const {
  std::vector<std::string> found;
  if (!clock_base_) {
    found.emplace_back("kvmclock cannot be set on this host; it follows the host's time (say -cpu ...,-kvmclock)");
  }
  if (counters_.empty()) {
    found.emplace_back(
        "the guest's time-stamp counter follows the host's time, because this host does not obey a TSC offset; guests "
        "that use it see time pass while they are held (say -cpu ...,-tsc)");
  }
  if (*time_.kvm_kernel_irqchip) {
    found.emplace_back(
        *time_.kvm_split_irqchip
            ? "the local APIC's timer follows the host's time, because it is the kernel's; it need not be "
              "on a QEMU that takes -machine kernel-irqchip=off (7.2 does, 10.0 does not)"
            : "the local APIC's timer and the PIT follow the host's time, because they are the kernel's; "
              "with -machine kernel-irqchip=split the PIT follows virtual time");
  }
  return found;
}

#else

// Other hosts' guests read counters that QEMU itself offsets (docs/accuracy.md).
KvmClocks::KvmClocks(const Symbols& symbols, const TimeSymbols& time, const host::CycleCounter& host)
    : qemu_(symbols), time_(time), host_(host) {}
void KvmClocks::hold() {}
void KvmClocks::show(time::Duration /*reading*/) {}
void KvmClocks::adopt(time::Duration /*reading*/) {}
std::vector<std::string> KvmClocks::shortfalls() const {
  return {"the guest's counters follow the host's time; only x86-64 hosts' are held"};
}

#endif

}  // namespace fermata::qemu
