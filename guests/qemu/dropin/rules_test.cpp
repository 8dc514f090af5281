// SPDX-License-Identifier: GPL-2.0-or-later
#include "guests/qemu/dropin/rules.hpp"

#include <gtest/gtest.h>

#include "fermata/base/error.hpp"

namespace fermata::qemu {
namespace {

using Arguments = std::vector<std::string>;

Ruling judged(const Arguments& arguments, bool add_missing = false, const std::string& program = "qemu-system-arm") {
  return judge(read_settings(parse_options(arguments)), program, add_missing);
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

TEST(Rules, KvmComesLater) {
  for (const Arguments& kvm : {Arguments{"-enable-kvm"}, Arguments{"-accel", "kvm"},
                               Arguments{"-M", "pc,accel=kvm:tcg"}, Arguments{"-accel", "kvm", "-accel", "tcg"}}) {
    Arguments arguments = kvm;
    arguments.insert(arguments.end(), {"-rtc", "clock=vm"});
    EXPECT_TRUE(mentions(refusal(arguments), "later version"));
  }
  EXPECT_TRUE(mentions(refusal({"-enable-kvm"}), "-rtc clock=vm is missing"));
  EXPECT_TRUE(mentions(refusal({"-rtc", "clock=vm"}, false, "/usr/bin/qemu-kvm"), "later version"));
  EXPECT_EQ(refusal({"-rtc", "clock=vm", "-icount", "3,sleep=off", "-M", "accel=tcg:kvm"}), "");
}

TEST(Rules, AddWhatIsMissing) {
  EXPECT_EQ(judged({}, true).additions, (Arguments{"-icount", "shift=3,sleep=off", "-rtc", "clock=vm"}));
  EXPECT_EQ(judged({"-icount", "5", "-rtc", "base=utc"}, true).additions,
            (Arguments{"-icount", "sleep=off", "-rtc", "clock=vm"}));
  EXPECT_EQ(judged({"-icount", "sleep=off", "-rtc", "clock=vm"}, true).additions, (Arguments{"-icount", "shift=3"}));
  EXPECT_TRUE(mentions(refusal({"-icount", "3,sleep=on"}, true), "sleep=on"));
  EXPECT_TRUE(mentions(refusal({"-rtc", "clock=host"}, true), "clock=host"));
  EXPECT_TRUE(mentions(refusal({"-enable-kvm"}, true), "later version"));
}

}  // namespace
}  // namespace fermata::qemu
