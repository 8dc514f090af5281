// SPDX-License-Identifier: GPL-2.0-or-later
#include "guests/qemu/dropin/rules.hpp"

#include <gtest/gtest.h>

#include "fermata/base/error.hpp"

namespace fermata::qemu {
namespace {

using Arguments = std::vector<std::string>;

Ruling judged(const Arguments& arguments, bool add_missing = false, const std::string& program = "qemu-system-arm") {
  return judge(read_settings(parse_options(arguments)), program, {.add_missing = add_missing});
}

std::string refusal(const Arguments& arguments, bool add_missing = false,
                    const std::string& program = "qemu-system-arm") {
  try {
    static_cast<void>(judged(arguments, add_missing, program));
  } catch (const base::Error& error) {
    EXPECT_EQ(error.code(), base::ErrorCode::unsupported);
    return error.what();
  }
  return "";
}

bool mentions(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

TEST(Rules, AcceptWhatTheProtocolAccepts) {
  for (const char* icount : {"3,sleep=off", "shift=0,sleep=off", "shift=10,sleep=no", "0x3,sleep=n", "3,nosleep",
                             "auto,sleep=off", "3,sleep=off,align=off"}) {
    EXPECT_EQ(refusal({"-icount", icount, "-rtc", "base=utc,clock=vm"}), "") << icount;
  }
  EXPECT_TRUE(judged({"-icount", "3,sleep=off", "-rtc", "clock=vm"}).additions.empty());
  EXPECT_EQ(refusal({"-icount", "1,sleep=off", "-rtc", "clock=vm", "-M", "pc,accel=tcg"}), "");
}

TEST(Rules, AutoIsAllowedWithANote) {
  EXPECT_EQ(judged({"-icount", "auto,sleep=off", "-rtc", "clock=vm"}).notes.size(), 1U);
}

TEST(Rules, RefuseTheRestAndNameTheOptionsNeeded) {
  const Arguments wrong[] = {{},
                             {"-rtc", "clock=vm"},
                             {"-icount", "3,sleep=off"},
                             {"-icount", "3", "-rtc", "clock=vm"},
                             {"-icount", "sleep=off", "-rtc", "clock=vm"},
                             {"-icount", "3,sleep=on", "-rtc", "clock=vm"},
                             {"-icount", "3,sleep=off", "-rtc", "clock=host"},
                             {"-icount", "3,sleep=off", "-rtc", "clock=vm", "-rtc", "clock=rt"},
                             {"-icount", "3,sleep=off", "-rtc", "clock=vm", "-accel", "hvf"}};
  for (const Arguments& arguments : wrong) {
    const std::string why = refusal(arguments);
    EXPECT_TRUE(mentions(why, "-rtc clock=vm and -icount N,sleep=off")) << why;
  }
}

TEST(Rules, RefuseWhatContradictsAHeldClock) {
  const Arguments good = {"-icount", "3,sleep=off", "-rtc", "clock=vm"};
  const auto with = [&](const Arguments& more) {
    Arguments all = good;
    all.insert(all.end(), more.begin(), more.end());
    return refusal(all, true);
  };
  EXPECT_EQ(with({}), "");
  EXPECT_TRUE(mentions(with({"-accel", "tcg,thread=multi"}), "thread=multi"));
  EXPECT_TRUE(mentions(with({"-icount", "align=on"}), "align=on"));
  EXPECT_TRUE(mentions(with({"-icount", "rr=record,rrfile=x"}), "rr=record"));
  EXPECT_TRUE(mentions(with({"-icount", "11"}), "from 0 to 10"));
  EXPECT_TRUE(mentions(with({"-icount", "-1"}), "from 0 to 10"));
  EXPECT_TRUE(mentions(with({"-daemonize"}), "-daemonize"));
  EXPECT_TRUE(mentions(with({"-m"}), "-m lacks its value"));
}

TEST(Rules, KvmNeedsTheClockOnly) {
  for (const Arguments& kvm : {Arguments{"-enable-kvm"}, Arguments{"-accel", "kvm"},
                               Arguments{"-M", "pc,accel=kvm:tcg"}, Arguments{"-accel", "kvm", "-accel", "tcg"}}) {
    Arguments arguments = kvm;
    EXPECT_TRUE(mentions(refusal(arguments), "-rtc clock=vm is missing"));
    EXPECT_EQ(judged(arguments, true).additions, (Arguments{"-rtc", "clock=vm"}));
    arguments.insert(arguments.end(), {"-rtc", "clock=vm"});
    EXPECT_EQ(judged(arguments).way, Way::kvm);
    arguments.insert(arguments.end(), {"-icount", "3,sleep=off"});
    EXPECT_TRUE(mentions(refusal(arguments), "KVM and -icount"));
  }
  EXPECT_EQ(judged({"-rtc", "clock=vm"}, false, "/usr/bin/qemu-kvm").way, Way::kvm);
  EXPECT_EQ(judged({"-rtc", "clock=vm", "-icount", "3,sleep=off", "-M", "accel=tcg:kvm"}).way, Way::instructions);
}

TEST(Rules, MultiThreadedTcgNeedsTheClockOnly) {
  const Arguments multi = {"-accel", "tcg,thread=multi", "-rtc", "clock=vm"};
  EXPECT_EQ(judged(multi).way, Way::host_time);
  EXPECT_TRUE(judged(multi).additions.empty());
  EXPECT_EQ(judge(read_settings(parse_options(multi)), "qemu", {.time_from_instructions = true}).way,
            Way::instruction_slices);
  EXPECT_TRUE(mentions(refusal({"-accel", "tcg,thread=multi"}), "-rtc clock=vm is missing"));
  EXPECT_TRUE(mentions(refusal({"-accel", "tcg,thread=multi", "-rtc", "clock=host"}), "clock=host"));
  EXPECT_THROW(static_cast<void>(judge(read_settings(parse_options({"-enable-kvm", "-rtc", "clock=vm"})), "qemu",
                                       {.time_from_instructions = true})),
               base::Error);
}

TEST(Rules, AddWhatIsMissing) {
  EXPECT_EQ(judged({}, true).additions, (Arguments{"-icount", "shift=3,sleep=off", "-rtc", "clock=vm"}));
  EXPECT_EQ(judged({"-icount", "5", "-rtc", "base=utc"}, true).additions,
            (Arguments{"-icount", "sleep=off", "-rtc", "clock=vm"}));
  EXPECT_EQ(judged({"-icount", "sleep=off", "-rtc", "clock=vm"}, true).additions, (Arguments{"-icount", "shift=3"}));
  EXPECT_TRUE(mentions(refusal({"-icount", "3,sleep=on"}, true), "sleep=on"));
  EXPECT_TRUE(mentions(refusal({"-rtc", "clock=host"}, true), "clock=host"));
}

// `-accel kvm -accel tcg` and `-M accel=kvm:tcg` on a host with KVM, and on one without.
TEST(Rules, OfSeveralAcceleratorsTheOneCountsThatQemuWillHave) {
  const auto judged_on = [](Arguments arguments, const std::string& no_kvm) {
    arguments.insert(arguments.end(), {"-rtc", "clock=vm"});
    return judge(read_settings(parse_options(arguments)), "qemu-system-x86_64",
                 {.add_missing = true, .no_kvm = no_kvm});
  };
  const Arguments lists[] = {{"-accel", "kvm", "-accel", "tcg"}, {"-M", "pc,accel=kvm:tcg"}};
  for (const Arguments& list : lists) {
    EXPECT_EQ(judged_on(list, "").way, Way::kvm);
    EXPECT_TRUE(judged_on(list, "").notes.empty());
    const Ruling fallen_back = judged_on(list, "it is not there");
    EXPECT_EQ(fallen_back.way, Way::instructions);
    EXPECT_EQ(fallen_back.additions, (Arguments{"-icount", "shift=3,sleep=off"}));
    ASSERT_EQ(fallen_back.notes.size(), 1U);
    EXPECT_TRUE(mentions(fallen_back.notes.front(), "it is not there; QEMU goes on to accelerator tcg"));
  }
  EXPECT_EQ(judged_on({"-accel", "kvm", "-accel", "tcg,thread=multi"}, "no").way, Way::host_time);
  EXPECT_EQ(judged_on({"-accel", "tcg,thread=multi", "-accel", "kvm"}, "").way, Way::host_time);
  EXPECT_EQ(judged_on({"-accel", "hvf", "-accel", "kvm"}, "").way, Way::kvm);
  EXPECT_EQ(judged_on({"-accel", "hvf", "-accel", "kvm", "-accel", "tcg"}, "no").way, Way::instructions);
  EXPECT_EQ(judged_on({"-accel", "kvm"}, "no").way, Way::kvm) << "the caller says that it cannot be had";
  EXPECT_EQ(judged_on({"-enable-kvm"}, "no").way, Way::kvm);
  EXPECT_THROW(static_cast<void>(judged_on({"-accel", "xen", "-accel", "tcg"}, "")), base::Error);
  EXPECT_THROW(static_cast<void>(judged_on({"-accel", "kvm", "-accel", "tcg", "-icount", "3,sleep=off"}, "")),
               base::Error);
  EXPECT_EQ(judged_on({"-accel", "kvm", "-accel", "tcg", "-icount", "3,sleep=off"}, "no").way, Way::instructions);
}

}  // namespace
}  // namespace fermata::qemu
