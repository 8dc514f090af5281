// SPDX-License-Identifier: MIT
//
// The programs from end to end: fermata exec, fermata doctor, and what they and fermata-qemu say when something is
// missing or wrong.
#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/qemu/support/cycles.hpp"
#include "tests/qemu/support/fixture.hpp"

namespace fermata::qemu_test {
namespace {

using Arguments = std::vector<std::string>;
using nlohmann::json;

class Programs : public QemuTest {
 protected:
  // A QEMU command line without -icount and -rtc, nothing on its serial port.
  [[nodiscard]] Arguments guest(const std::string& name = "idle", const Arguments& more = {}) const {
    Arguments arguments = qemu().command_line("riscv64", name);
    arguments.insert(arguments.end(), {"-serial", "null"});
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }

  static Arguments joined(Arguments first, const Arguments& second) {
    first.insert(first.end(), second.begin(), second.end());
    return first;
  }

  static void expect_refused(const Outcome& outcome, int code, const std::string& hint) {
    EXPECT_EQ(outcome.status, host::ExitStatus{.code = code}) << outcome.errors;
    EXPECT_NE(outcome.errors.find(hint), std::string::npos) << "not said: " << hint << "\n" << outcome.errors;
  }

  // fermata-qemu with a good link, which nobody serves.
  [[nodiscard]] static Outcome start_linked(const Arguments& command) {
    const auto ends = transport::UnixSocket::make_pair();
    const int link = ends.second.descriptor();
    return run(joined(joined({built_program("fermata-qemu")}, command), {"-qqq", "sock=" + std::to_string(link)}),
               {link});
  }
};

INSTANTIATE_TEST_SUITE_P(Qemu, Programs, every_version(), version_name);

TEST_P(Programs, ExecRunsForExactlyFiveSeconds) {
  const Outcome outcome =
      run(joined({built_program("fermata"), "exec", "--quantum", "1ms", "--duration", "5s", "--json", "--"}, guest()));
  ASSERT_EQ(outcome.status, host::ExitStatus{}) << outcome.errors;
  const json summary = json::parse(outcome.output);
  EXPECT_EQ(summary.at("virtual_ns"), 5'000'000'000) << summary.dump(2);
  EXPECT_EQ(summary.at("quanta"), 5000);
  EXPECT_EQ(summary.at("overshoot_max_ns"), 0);
  const Outcome spoken = run(joined({built_program("fermata"), "exec", "--duration", "5s", "--"}, guest()));
  EXPECT_NE(spoken.errors.find("5.000000 s"), std::string::npos) << spoken.errors;
  EXPECT_NE(spoken.errors.find("max 0 ns"), std::string::npos) << spoken.errors;
}

TEST_P(Programs, ExecEndsWithItsGuest) {
  const Outcome outcome = run(joined({built_program("fermata"), "exec", "--quiet", "--"}, guest("exit3")));
  EXPECT_EQ(outcome.status, host::ExitStatus{.code = 3}) << outcome.errors;
}

TEST_P(Programs, DoctorSaysThatInstructionCountingWorks) {
  for (const char* arch : {"riscv64", "x86_64", "aarch64", "arm"}) {
    const Outcome outcome = run({built_program("fermata"), "doctor", "--json", qemu().program(arch)});
    ASSERT_EQ(outcome.status, host::ExitStatus{}) << outcome.output << outcome.errors;
    const json examined = json::parse(outcome.output).at("qemus").at(0);
    EXPECT_EQ(examined.at("qemu_version").get<std::string>().rfind(GetParam(), 0), 0U) << examined.dump(2);
    EXPECT_EQ(examined.at("tested"), true) << examined.dump(2);
    EXPECT_EQ(examined.at("missing"), json::array()) << examined.dump(2);
    const json& counting = examined.at("abilities").at(0);
    EXPECT_EQ(counting.at("name"), "instruction counting");
    EXPECT_EQ(counting.at("available"), true) << counting.dump(2);
  }
}

TEST_P(Programs, MissingOptionsAreNamed) {
  expect_refused(start_linked(guest()), 1, "-rtc clock=vm");
  expect_refused(start_linked(guest("idle", {"-rtc", "clock=vm"})), 1, "-icount");
}

TEST_P(Programs, ContradictingOptionsAreNamed) {
  expect_refused(start_linked(guest("idle", {"-rtc", "clock=host", "-icount", "3,sleep=off"})), 1, "clock=host");
  expect_refused(start_linked(guest("idle", {"-rtc", "clock=vm", "-icount", "3,sleep=on"})), 1, "sleep=on");
  expect_refused(start_linked(guest("idle", {"-rtc", "clock=vm", "-enable-kvm"})), 1, "KVM");
  expect_refused(run(joined({built_program("fermata"), "exec", "--"}, guest("idle", {"-icount", "3,sleep=on"}))), 1,
                 "sleep=on");
}

TEST_P(Programs, LinkThatIsNoSocketIsNamed) {
  const host::UniqueFd file(::open("/dev/null", O_RDWR | O_CLOEXEC));
  const std::string number = std::to_string(file.get());
  const Arguments command = guest("idle", {"-rtc", "clock=vm", "-icount", "3,sleep=off", "-qqq", "sock=" + number});
  expect_refused(run(joined({built_program("fermata-qemu")}, command), {file.get()}), 1, number);
  const Arguments closed = guest("idle", {"-rtc", "clock=vm", "-icount", "3,sleep=off", "-qqq", "sock=999"});
  expect_refused(run(joined({built_program("fermata-qemu")}, closed)), 1, "999");
}

TEST_P(Programs, NoSuchQemu) {
  const std::string absent = qemu().folder() / "qemu-system-absent";
  expect_refused(start_linked({absent, "-rtc", "clock=vm", "-icount", "3,sleep=off"}), 127, "qemu-system-absent");
  const Outcome outcome = run({built_program("fermata"), "exec", "--", absent});
  EXPECT_NE(outcome.status, host::ExitStatus{});
  EXPECT_NE(outcome.errors.find("qemu-system-absent"), std::string::npos) << outcome.errors;
}

// A program that exports nothing stands in for a QEMU that was built without modules.
TEST_P(Programs, StrippedQemu) {
  const TempFolder folder;
  const std::string stand_in = folder.path("qemu-system-riscv64");
  std::filesystem::copy_file("/bin/true", stand_in);
  expect_refused(start_linked({stand_in, "-rtc", "clock=vm", "-icount", "3,sleep=off"}), 1, "modules");
}

TEST_P(Programs, NoAgent) {
  const TempFolder folder;
  const ScopedVariable agent("FERMATA_QEMU_AGENT", folder.path("absent.so"));
  const Outcome outcome = start_linked(guest("idle", {"-rtc", "clock=vm", "-icount", "3,sleep=off"}));
  EXPECT_NE(outcome.status, host::ExitStatus{});
  EXPECT_NE(outcome.errors.find("absent.so"), std::string::npos) << outcome.errors;
}

// Options that fermata-qemu cannot judge and QEMU itself refuses: its message and status come through.
TEST_P(Programs, QemusOwnRefusal) {
  Machine machine(qemu(), {.more = {"-device", "no-such-device"}});
  EXPECT_EQ(machine.expect_end(), host::ExitStatus{.code = 1});
  EXPECT_NE(machine.messages().find("no-such-device"), std::string::npos) << machine.messages();
}

TEST_P(Programs, TwentyCyclesLeaveNothing) { expect_no_traces_of_cycles(qemu(), 20); }

}  // namespace
}  // namespace fermata::qemu_test
