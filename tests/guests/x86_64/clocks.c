// SPDX-License-Identifier: MIT
//
// Prints what its clocks show, in nanoseconds since it looked first, every 100 ms of the first of them: ACPI's timer
// (QEMU's virtual clock), the time-stamp counter, the local APIC's timer and, where a hypervisor offers it, kvmclock.
// Without kvmclock nothing tells the counter's rate, and 1 GHz is assumed. Never ends. (ACPI 6.5, 4.8.3.3; Intel SDM
// volume 3A, 10.5.4; Linux, Documentation/virt/kvm/x86/cpuid.rst and msr.rst.)
#include "board.h"
#include "guest.h"

enum { pm_timer = 0x608, pm_timer_mask = 0xffffff };  // 3.579545 MHz, 24 bits
enum { kvm_signature_leaf = 0x40000000, kvm_features_leaf = 0x40000001, kvm_has_clock = 1 << 3 };
enum { msr_kvm_system_time = 0x4b564d01 };
#define LOCAL_APIC(offset) (*(volatile uint32_t*)(0xfee00000 + (offset)))
enum { spurious_vector = 0xf0, lvt_timer = 0x320, initial_count = 0x380, current_count = 0x390, divide = 0x3e0 };
enum { apic_on = 0x100, masked_periodic = 0x30000, by_one = 0x0b };

struct kvm_time {
  volatile uint32_t version;  // odd while it is written
  uint32_t pad;
  uint64_t counter;
  uint64_t ns;
  uint32_t multiplier;
  int8_t shift;
  uint8_t flags;
  uint8_t pad2[2];
};
static struct kvm_time kvm_time __attribute__((aligned(64)));
static int has_kvm_time;

struct reading {
  uint64_t pm, tsc, apic, kvm;
};

static uint32_t in32(uint16_t port) {
  uint32_t value;
  __asm__ volatile("inl %1, %0" : "=a"(value) : "Nd"(port));
  return value;
}

static uint32_t cpuid(uint32_t leaf, uint32_t* ebx) {
  uint32_t eax = leaf, ecx = 0, edx;
  __asm__ volatile("cpuid" : "+a"(eax), "=b"(*ebx), "+c"(ecx), "=d"(edx));
  return eax;
}

static void enable_kvm_time(void) {
  uint32_t ebx;
  cpuid(kvm_signature_leaf, &ebx);
  if (ebx != 0x4b4d564b || !(cpuid(kvm_features_leaf, &ebx) & kvm_has_clock))  // "KVMK"
    return;
  has_kvm_time = 1;
  __asm__ volatile("wrmsr" : : "c"(msr_kvm_system_time), "a"((uint32_t)(uintptr_t)&kvm_time | 1), "d"(0) : "memory");
}

static uint64_t scaled(uint64_t ticks, uint32_t multiplier, int shift) {
  ticks = shift < 0 ? ticks >> -shift : ticks << shift;
  return (ticks >> 32) * multiplier + ((ticks & 0xffffffff) * multiplier >> 32);
}

// One look at all of them. Counts that wrap are taken from one look to the next, which are never far apart.
static void look(struct reading* at) {
  static uint32_t last_pm, last_apic;
  static uint64_t first_tsc;
  const uint32_t pm = in32(pm_timer);
  uint64_t tsc = clock_ns();
  const uint32_t apic = LOCAL_APIC(current_count);
  const uint64_t pm_ticks = (pm - last_pm) & pm_timer_mask;
  at->pm += pm_ticks;
  at->apic += last_apic - apic;
  last_pm = pm;
  last_apic = apic;
  uint32_t version, multiplier = 0;
  int shift = 0;
  do {
    version = kvm_time.version;
    __asm__ volatile("" : : : "memory");
    multiplier = kvm_time.multiplier;
    shift = kvm_time.shift;
    tsc = clock_ns();  // of this version: a counter may be set between two of them
    at->kvm = has_kvm_time ? kvm_time.ns + scaled(tsc - kvm_time.counter, multiplier, shift) : 0;
    __asm__ volatile("" : : : "memory");
  } while (version != kvm_time.version || version & 1);
  if (first_tsc == 0)
    first_tsc = tsc;
  at->tsc = has_kvm_time ? scaled(tsc - first_tsc, multiplier, shift) : tsc - first_tsc;
}

static void print_clock(const char* label, uint64_t ns) {
  print(label);
  print_number(ns);
}

int main(void) {
  LOCAL_APIC(spurious_vector) = apic_on | 0xff;
  LOCAL_APIC(divide) = by_one;
  LOCAL_APIC(lvt_timer) = masked_periodic;
  LOCAL_APIC(initial_count) = 0xffffffff;
  enable_kvm_time();
  struct reading at = {0}, start;
  look(&at);
  start = at;
  uint64_t next = at.pm;
  for (;;) {
    while (at.pm < next)
      look(&at);
    next = at.pm + 357955;
    const uint64_t pm = at.pm - start.pm;
    print_clock("pm=", pm * 279 + (pm * 23928 >> 16));
    print_clock(" tsc=", at.tsc - start.tsc);
    print_clock(" apic=", at.apic - start.apic);
    print_clock(" kvmclock=", has_kvm_time ? at.kvm - start.kvm : 0);
    print("\n");
  }
}
