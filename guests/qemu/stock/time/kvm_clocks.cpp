// SPDX-License-Identifier: GPL-2.0-or-later
#include "guests/qemu/stock/time/kvm_clocks.hpp"

#include <linux/kvm.h>

#include <algorithm>
#include <utility>

namespace fermata::qemu {
namespace {

#if defined(__x86_64__)

constexpr std::uint32_t msr_tsc = 0x10;  // IA32_TIME_STAMP_COUNTER, Intel SDM volume 4
// The kernel's kvm_msrs with one entry, and KVM_GET_MSRS: C++ compilers find that structure's empty part in linux/kvm.h
// a byte long, and the request, which has the size in it, another.
struct OneMsr {
  std::uint32_t count = 1;
  std::uint32_t pad = 0;
  kvm_msr_entry entry{};
};
static_assert(sizeof(OneMsr) == 8 + sizeof(kvm_msr_entry));
constexpr unsigned long get_msrs = 0xc008ae88;
// For finding out whether an offset has an effect: far more than passes meanwhile, and nothing to a guest.
constexpr std::int64_t an_odd_offset = 0x123456789a;
// How often in a row somebody else may have set a counter before it is taken for the host's own doing.
constexpr int most_changes = 8;

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

KvmClocks::KvmClocks(const Symbols& symbols, const TimeSymbols& time, std::optional<bool> do_guests_see_offsets,
                     const host::CycleCounter& host)
    : qemu_(symbols), time_(time), may_obey_(do_guests_see_offsets.value_or(true)), host_(host) {}

// Again, while they are held, does nothing: the guest has seen no more.
void KvmClocks::hold() {
  if (!std::exchange(is_held_, true)) {
    held_at_ = host_cycles();
  }
}

// All counters by one look at the host's: as long as they agree, the kernel has one clock for all vCPUs.
void KvmClocks::show(time::Duration reading) {
  if (clock_base_) {
    kvm_clock_data data{};
    data.clock = static_cast<std::uint64_t>(*clock_base_ + reading.ns());
    time_.kvm_vm_ioctl(*time_.kvm_state, KVM_SET_CLOCK, &data);
  }
  const std::int64_t now = host_cycles();
  for (Counter& counter : counters_) {
    show_counter(counter, reading, now);
  }
  give_up_counters();
  shown_ = reading;
  is_held_ = false;
}

// QEMU itself has stopped and started kvmclock.
void KvmClocks::adopt(time::Duration reading) {
  const auto clock = kvmclock();
  clock_base_ = clock ? std::optional(*clock - reading.ns()) : std::nullopt;
  const bool is_first = !std::exchange(has_looked_, true);
  if (is_first) {
    find_counters(reading);
  }
  const std::int64_t now = host_cycles();
  for (Counter& counter : counters_) {
    if (!is_first) {
      adopt_counter(counter, reading, now);
    }
    set_counter(counter, counter.base + cycles_in(reading), now);
  }
  give_up_counters();
  held_at_ = now;
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
  has_news_ = true;
  for (int i = 0; QemuCpu* cpu = qemu_.qemu_get_cpu(i); ++i) {
    counters_.push_back({.cpu = cpu});
  }
  khz_ = counters_.empty() ? 0 : time_.kvm_vcpu_ioctl(counters_.front().cpu, KVM_GET_TSC_KHZ, 0UL);
  const bool do_obey = may_obey_ && khz_ > 0 &&
                       std::ranges::all_of(counters_, [this](const Counter& counter) { return obeys(counter); });
  if (!do_obey) {
    counters_.clear();
    return;
  }
  is_scaled_ = are_cycles_scaled();
  const std::int64_t offset = offset_of(counters_.front()).value_or(0);
  const std::int64_t now = host_cycles();
  for (Counter& counter : counters_) {
    counter.base = now + offset - cycles_in(reading);
  }
}

// Goes on from what it showed when the machine was stopped; from what it shows now if somebody else has set it, with a
// snapshot.
void KvmClocks::adopt_counter(Counter& counter, time::Duration reading, std::int64_t now) {
  if (was_set(counter)) {
    counter.base = now + counter.offset - cycles_in(reading);
  } else {
    counter.base += cycles_in(shown_) - cycles_in(reading);
  }
}

// Set back by what passed from the guest's last instruction until it was known to stand, which it has not seen: the
// reading has what it ran. Somebody else may have set the counter, a reset or the guest itself: then it goes on from
// there, or from 0 if that was while it was held.
void KvmClocks::show_counter(Counter& counter, time::Duration reading, std::int64_t now) {
  if (was_set(counter)) {
    counter.base = std::max<std::int64_t>(held_at_ + counter.offset, 0) - cycles_in(reading);
  }
  set_counter(counter, counter.base + cycles_in(reading), now);
}

// By anybody but us. A kernel whose own counter is not good any more sets each guest's again and again, and so does one
// that has to make up a higher rate than its processor's.
bool KvmClocks::was_set(Counter& counter) {
  const auto offset = offset_of(counter);
  if (!offset || *offset == counter.offset) {
    counter.changes = 0;
    return false;
  }
  counter.offset = *offset;
  ++counter.changes;
  is_given_up_ = is_given_up_ || counter.changes > most_changes || !obeys(counter);
  return true;
}

void KvmClocks::set_counter(Counter& counter, std::int64_t value, std::int64_t now) const {
  const std::int64_t offset = value - now;
  if (!is_given_up_ && set_offset(counter, offset)) {
    counter.offset = offset;
  }
}

void KvmClocks::give_up_counters() {
  if (std::exchange(is_given_up_, false)) {
    counters_.clear();
    has_news_ = true;
  }
}

// In the guest's cycles.
std::int64_t KvmClocks::host_cycles() const { return is_scaled_ ? scaled_cycles().value_or(host_.now()) : host_.now(); }

std::optional<std::int64_t> KvmClocks::scaled_cycles() const {
  if (counters_.empty()) {
    return std::nullopt;
  }
  const auto offset = offset_of(counters_.front());
  const auto shown = read_counter(counters_.front());
  return offset && shown ? std::optional(static_cast<std::int64_t>(*shown) - *offset) : std::nullopt;
}

// Whether the guest's counters have a rate of their own (-cpu ...,tsc-frequency=, or a machine that came from another
// host).
bool KvmClocks::are_cycles_scaled() const {
  const std::int64_t before = host_.now();
  const auto cycles = scaled_cycles();
  return !cycles || *cycles < before || *cycles > host_.now();
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
  OneMsr request{};
  request.entry.index = msr_tsc;
  if (time_.kvm_vcpu_ioctl(counter.cpu, get_msrs, &request) != 1) {
    return std::nullopt;
  }
  return request.entry.data;
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
KvmClocks::KvmClocks(const Symbols& symbols, const TimeSymbols& time, std::optional<bool> do_guests_see_offsets,
                     const host::CycleCounter& host)
    : qemu_(symbols), time_(time), may_obey_(do_guests_see_offsets.value_or(true)), host_(host) {}
void KvmClocks::hold() {}
void KvmClocks::show(time::Duration /*reading*/) {}
void KvmClocks::adopt(time::Duration /*reading*/) { has_news_ = !std::exchange(has_looked_, true); }
std::vector<std::string> KvmClocks::shortfalls() const {
  return {"the guest's counters follow the host's time; only x86-64 hosts' are held"};
}

#endif

}  // namespace fermata::qemu
