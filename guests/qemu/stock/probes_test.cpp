// SPDX-License-Identifier: GPL-2.0-or-later
#include "guests/qemu/stock/probes.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

namespace fermata::qemu {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// A QEMU that behaves, as function pointers; each test breaks one of them. One timer is all that is kept.
bool is_pending = false;
constexpr std::int64_t before_first_start = -1;

Symbols behaving() {
  static const int precise_icount = 1;
  static const int rtc_on_virtual_clock = virtual_clock;
  static int cpu = 0;
  is_pending = false;
  Symbols s;
  s.timer_init_full = [](void*, void*, int, int, int, void (*)(void*), void*) {};
  s.timer_mod_ns = [](void* timer, std::int64_t reading) {
    std::memcpy(timer, &reading, sizeof reading);
    is_pending = true;
  };
  s.timer_del = [](void*) { is_pending = false; };
  s.timer_pending = [](void*) { return is_pending; };
  s.qemu_clock_get_ns = [](int) -> std::int64_t { return 0; };
  s.qemu_clock_deadline_ns_all = [](int, int) -> std::int64_t { return before_first_start; };
  s.icount_to_ns = [](std::int64_t count) { return count << 3; };
  s.qemu_get_cpu = [](int) { return reinterpret_cast<QemuCpu*>(&cpu); };
  s.runstate_is_running = [] { return false; };
  s.bql_locked = [] { return true; };
  s.qemu_shutdown_requested_get = [] { return 0; };
  s.qemu_reset_requested_get = [] { return 0; };
  s.use_icount = &precise_icount;
  s.rtc_clock = &rtc_on_virtual_clock;
  return s;
}

TEST(Probes, PassWhereAllBehaves) { EXPECT_THAT(failed_probes(behaving(), true), IsEmpty()); }

TEST(Probes, RefuseAMachineOnHostTime) {
  static const int off = 0;
  static const int host_clock = 2;
  Symbols s = behaving();
  s.use_icount = &off;
  EXPECT_THAT(failed_probes(s, true), ElementsAre(HasSubstr("-icount N,sleep=off")));
  s = behaving();
  s.rtc_clock = &host_clock;
  EXPECT_THAT(failed_probes(s, true), ElementsAre(HasSubstr("-rtc clock=vm")));
}

TEST(Probes, NoticeFunctionsThatDoSomethingElse) {
  Symbols s = behaving();
  s.timer_mod_ns = [](void*, std::int64_t) { is_pending = true; };  // keeps its reading elsewhere
  EXPECT_THAT(failed_probes(s, true), ElementsAre(HasSubstr("timer")));

  s = behaving();
  s.timer_del = [](void*) {};
  EXPECT_THAT(failed_probes(s, true), ElementsAre(HasSubstr("timer")));

  s = behaving();
  s.qemu_clock_get_ns = [](int) {
    static std::int64_t reading = 0;
    return ++reading;
  };
  EXPECT_THAT(failed_probes(s, true), ElementsAre(HasSubstr("clock moves")));

  s = behaving();
  s.icount_to_ns = [](std::int64_t count) { return count * 3; };
  EXPECT_THAT(failed_probes(s, true), ElementsAre(HasSubstr("length of an instruction")));

  s = behaving();
  s.qemu_clock_deadline_ns_all = [](int, int) -> std::int64_t { return 0; };
  EXPECT_THAT(failed_probes(s, true), ElementsAre(HasSubstr("disabled")));

  s = behaving();
  s.qemu_reset_requested_get = [] { return 7; };
  EXPECT_THAT(failed_probes(s, true), ElementsAre(HasSubstr("qemu_reset_requested_get")));

  s = behaving();
  s.bql_locked = [] { return false; };
  EXPECT_THAT(failed_probes(s, true), ElementsAre(HasSubstr("bql_locked")));
}

TEST(Probes, KnowAMachineWithoutVcpus) {
  Symbols s = behaving();
  s.qemu_get_cpu = [](int) -> QemuCpu* { return nullptr; };
  EXPECT_THAT(failed_probes(s, false), IsEmpty());
  EXPECT_THAT(failed_probes(s, true), ElementsAre(HasSubstr("no CPU")));
}

}  // namespace
}  // namespace fermata::qemu
