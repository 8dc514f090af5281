// SPDX-License-Identifier: MIT
//
// QEMUs that run their guest by KVM: the same promises as multi-threaded TCG's. Skipped where /dev/kvm is not usable.
#include <array>
#include <csignal>
#include <cstdlib>
#include <memory>
#include <span>
#include <sstream>
#include <string>
#include <vector>

#include "fermata/host/kvm.hpp"
#include "tests/qemu/support/fixture.hpp"
#include "tests/qemu/support/linked_qemu.hpp"
#include "tests/qemu/support/monitored.hpp"

namespace fermata::qemu_test {
namespace {

constexpr time::Duration endless_grant = 1'000'000_ms;
constexpr const char* no_offsets = "does not obey a TSC offset";  // what the agent says of such a host

class Kvm : public QemuTest {
 protected:
  void SetUp() override {
    QemuTest::SetUp();
    if (const host::KvmExamination found = host::examine_kvm(); !found.is_usable) {
      GTEST_SKIP() << "/dev/kvm is not usable: " << found.reason;
    }
  }

  [[nodiscard]] static MachineOptions with_kvm(const std::string& guest, const std::vector<std::string>& more = {}) {
    MachineOptions options{.arch = "x86_64", .guest = guest, .more = {"-accel", "kvm"}};
    options.more.insert(options.more.end(), more.begin(), more.end());
    return options;
  }

  struct Watched : Monitored {
    [[nodiscard]] std::string registers() { return qmp.human("info registers -a"); }
    [[nodiscard]] bool is_at_reset() { return registers().find("EIP=0000fff0") != std::string::npos; }
  };
  [[nodiscard]] std::unique_ptr<Watched> start(const std::string& guest,
                                               const std::vector<std::string>& more = {}) const {
    return start_monitored<Watched>(qemu(), with_kvm(guest, more));
  }

  // Whether QEMU has a local APIC for KVM, besides the kernel's; and the option with which most timers are QEMU's.
  [[nodiscard]] static bool has_own_apic() { return std::string(GetParam()) == "7.2"; }
  [[nodiscard]] static std::string most_in_qemu() {
    return has_own_apic() ? "kernel-irqchip=off" : "kernel-irqchip=split";
  }

  // Until the guest has printed `text`.
  static void run_until_printed(Machine& machine, const std::string& text) {
    for (int i = 0; i < 5000 && machine.output().find(text) == std::string::npos; ++i) {
      machine.advance_exactly(10_ms);
      if (HasFailure()) {
        return;
      }
    }
    EXPECT_NE(machine.output().find(text), std::string::npos) << machine.messages();
  }

  static void expect_goes_on(Machine& machine) {
    machine.advance_exactly(1_ms, 20);
    machine.advance_exactly(10_us, 20);
  }
};

INSTANTIATE_TEST_SUITE_P(Qemu, Kvm, every_version(), version_name);

TEST_P(Kvm, ReportsAreExact) {
  for (const char* guest : {"spin", "idle"}) {
    for (const char* vcpus : {"1", "2"}) {
      Machine machine(qemu(), with_kvm(guest, {"-smp", vcpus}));
      machine.advance_exactly(1_us, 50);
      machine.advance_exactly(37_us, 50);
      machine.advance_exactly(200_us, 200);
      machine.advance_exactly(7_ms, 10);
    }
  }
}

TEST_P(Kvm, NoGuestInstructionRunsBeforeTheFirstGrant) {
  auto started = start("spin");
  for (int i = 0; i < 20; ++i) {
    EXPECT_TRUE(started->is_at_reset()) << started->registers();
  }
  started->machine->advance_exactly(10_ms, 10);
  EXPECT_FALSE(started->is_at_reset());
}

TEST_P(Kvm, AHeldGuestStands) {
  auto started = start("spin", {"-smp", "2"});
  for (int i = 0; i < 10; ++i) {
    started->machine->advance_exactly(10_ms);
    const std::string before = started->registers();
    EXPECT_EQ(started->registers(), before);
    EXPECT_EQ(started->qmp.status(), "running");
  }
}

TEST_P(Kvm, StopAndContinueWhileHeld) {
  auto started = start("idle", {"-smp", "2"});
  for (int i = 0; i < 10; ++i) {
    started->machine->advance_exactly(1_ms);
    started->qmp.execute("stop");
    EXPECT_EQ(started->qmp.status(), "paused");
    started->qmp.execute("cont");
  }
  expect_goes_on(*started->machine);
}

TEST_P(Kvm, GrantWhileStopped) {
  auto started = start("spin");
  started->machine->advance_exactly(1_ms);
  started->qmp.execute("stop");
  started->machine->guest().grant(1_ms);
  started->machine->expect_no_report(50ms);
  started->qmp.execute("cont");
  started->machine->expect_report(1_ms);
  expect_goes_on(*started->machine);
}

TEST_P(Kvm, StopAndContinueInMidGrant) {
  auto started = start("spin", {"-smp", "2"});
  started->machine->advance_exactly(1_ms);
  started->machine->guest().grant(2_s);
  for (int i = 0; i < 3; ++i) {
    started->qmp.execute("stop");
    EXPECT_EQ(started->qmp.status(), "paused");
    started->machine->expect_no_report(20ms);
    started->qmp.execute("cont");
  }
  started->machine->expect_report(2_s);
  expect_goes_on(*started->machine);
}

TEST_P(Kvm, ResetWhileHeld) {
  auto started = start("spin");
  for (int i = 0; i < 5; ++i) {
    started->machine->advance_exactly(10_ms, 5);
    started->qmp.execute("system_reset");
    started->qmp.wait_for_event("RESET");
    for (int look = 0; look < 5; ++look) {
      EXPECT_TRUE(started->is_at_reset()) << started->registers();
    }
  }
  expect_goes_on(*started->machine);
}

TEST_P(Kvm, ResetInMidGrantAndWhileStopped) {
  auto started = start("spin");
  started->machine->guest().grant(2_s);
  started->qmp.execute("system_reset");
  started->qmp.wait_for_event("RESET");
  started->machine->expect_report(2_s);
  started->qmp.execute("stop");
  started->qmp.execute("system_reset");
  started->qmp.execute("cont");
  expect_goes_on(*started->machine);
}

TEST_P(Kvm, PoweroffEndsInOrder) {
  Machine machine(qemu(), with_kvm("poweroff"));
  EXPECT_EQ(machine.expect_end(), host::ExitStatus{}) << machine.messages();
}

TEST_P(Kvm, AGuestThatResetsItself) {
  Machine machine(qemu(), with_kvm("reset"));
  run_until_printed(machine, "reset\nreset\n");
  expect_goes_on(machine);
}

TEST_P(Kvm, Snapshots) {
  const TempFolder folder;
  const Outcome made = run({qemu().folder() / "qemu-img", "create", "-q", "-f", "qcow2", folder.path("disk"), "64M"});
  ASSERT_EQ(made.status, host::ExitStatus{}) << made.errors;
  auto started = start("spin", {"-drive", "if=none,format=qcow2,file=" + folder.path("disk")});
  started->machine->advance_exactly(10_ms, 20);
  EXPECT_EQ(started->qmp.human("savevm one"), "");
  const std::string saved = started->registers();
  started->machine->advance_exactly(10_ms, 20);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(started->qmp.human("loadvm one"), "");
    EXPECT_EQ(started->registers(), saved);
    expect_goes_on(*started->machine);
  }
}

TEST_P(Kvm, TheSimulatorsEndIsQemus) {
  for (const time::Duration outstanding : {0_s, endless_grant}) {
    Machine machine(qemu(), with_kvm("spin", {"-smp", "2"}));
    machine.advance_exactly(1_ms);
    if (outstanding > 0_s) {
      machine.guest().grant(outstanding);
    }
    const auto status = machine.guest().close(limit);
    ASSERT_TRUE(status.has_value());
    EXPECT_TRUE(status->is_success()) << machine.messages();
  }
}

TEST_P(Kvm, AQemuThatDiesIsNoticed) {
  Machine machine(qemu(), with_kvm("spin"));
  machine.advance_exactly(1_ms);
  machine.guest().grant(endless_grant);
  ASSERT_EQ(::kill(*machine.guest().pid(), SIGKILL), 0);
  EXPECT_EQ(machine.expect_end().signal, SIGKILL);
}

TEST_P(Kvm, AnUnchangedClient) {
  const Outcome shims = run({built_program("fermata"), "shim-dir"});
  ASSERT_EQ(shims.status, host::ExitStatus{}) << shims.errors;
  const char* path = std::getenv("PATH");
  const ScopedVariable scoped("PATH", shims.output.substr(0, shims.output.find('\n')) + ":" + qemu().folder().string() +
                                          ":" + (path != nullptr ? path : ""));
  const Outcome outcome = run({built_program("plain_client"), guest_path("x86_64", "spin"), "1", "kvm"});
  EXPECT_EQ(outcome.status, host::ExitStatus{}) << outcome.errors;
  EXPECT_EQ(outcome.output, "1000 reports, 1000000 us, wait status 0\n") << outcome.errors;
}

// What the guest `clocks` shows, in ns since it started to look.
struct Clocks {
  std::int64_t virtual_clock = 0, counter = 0, apic = 0, kvmclock = 0;
};

std::vector<Clocks> clocks_in(const std::string& output) {
  std::vector<Clocks> found;
  for (const std::string& line : whole_lines(output)) {
    Clocks clocks;
    std::istringstream words(line);
    const auto read = [&words](std::int64_t& value) {
      std::string label;
      return static_cast<bool>(std::getline(words, label, '=') >> value);
    };
    if (read(clocks.virtual_clock) && read(clocks.counter) && read(clocks.apic) && read(clocks.kvmclock)) {
      found.push_back(clocks);
    }
  }
  return found;
}

// A PC takes some time to boot. What it is sent, and its memory is asked for, is so at those instants; what it sends
// has the instants at which it next stands.
TEST_P(Kvm, ChannelsOverLinkV1) {
  LinkedQemu guest(qemu(), {.arch = "x86_64",
                            .guest = "mailbox",
                            .more = {"-accel", "kvm"},
                            .channels = {"dma=memory"},
                            .link = {.reactive = {"memory"}}});
  EXPECT_EQ(guest->abilities() & wire::link::ability_exact, 0U);
  const Outputs said = guest.run_until_it_says("\n", 10_ms);
  for (const auto& [at, text] : said) {
    EXPECT_EQ(at % 10'000'000, 0) << text;
  }
  const auto words = static_cast<std::uint64_t>(number_said(text_of(said), "words=").value());
  const std::uint32_t mail = 42;
  const time::Instant at = guest->now() + 1'234'567_ns;
  std::vector<time::Instant> done;
  guest->dma("memory").write(at, words + 4, std::as_bytes(std::span(&mail, 1)),
                             [&done](time::Instant when, const sim::DmaResult& result) {
                               EXPECT_TRUE(result.is_done());
                               done.push_back(when);
                             });
  guest.run_until_it_says("mail=42\n", 10_ms);
  EXPECT_EQ(done, std::vector{at});
  std::array<std::byte, 4> count{};
  EXPECT_TRUE(guest->dma("memory").read_now(words, count, limit));
}

TEST_P(Kvm, AReactiveOutputHasTheGuestStand) {
  LinkedQemu guest(qemu(),
                   {.arch = "x86_64", .guest = "time", .more = {"-accel", "kvm"}, .link = {.reactive = {"console"}}});
  for (int i = 0; i < 3; ++i) {
    const wire::Stop stop = guest->run_until_output(time::Instant::at(100'000_ms), limit);
    ASSERT_EQ(stop.reason, wire::StopReason::output);
    for (const auto& [at, text] : guest.take_outputs()) {
      EXPECT_EQ(at, stop.now.since_origin().ns()) << text;
    }
  }
}

TEST_P(Kvm, AReadOfTheSimulatorsIsAnswered) {
  for (const time::Duration latency : {0_ns, 3_ms}) {
    LinkedQemu guest(qemu(), {.arch = "x86_64",
                              .guest = "window",
                              .more = {"-accel", "kvm", "-smp", "2"},
                              .channels = {"window=board@0xe0000000+0x1000"}});
    std::vector<time::Instant> read_at;
    guest->mmio("board").on_read([&](time::Instant at, std::uint64_t, unsigned) {
      EXPECT_TRUE(read_at.empty() || at >= read_at.back() + latency);
      read_at.push_back(at);
      return sim::MmioValue(read_at.size(), at + latency);
    });
    const auto read = numbers_said(text_of(guest.run_until_it_says("read=8\n", 1_ms)), "read=");
    for (std::size_t i = 0; i < read.size(); ++i) {
      EXPECT_EQ(read[i], static_cast<std::int64_t>(i + 1));
    }
  }
}

// The guest is held for about as long as it runs, which none of its clocks shows; but for its counter on a host that
// does not obey, as is said then: FERMATA_KVM_OBEYS says that this one does. FERMATA_KVM_CLOCKS runs for longer and
// prints them.
TEST_P(Kvm, TheGuestsClocksShowVirtualTime) {
  const bool is_long = std::getenv("FERMATA_KVM_CLOCKS") != nullptr;
  Machine machine(qemu(), with_kvm("clocks", {"-machine", most_in_qemu()}));
  run_until_printed(machine, "\n");
  machine.advance_exactly(200_us, 5 * (is_long ? 10'000 : 1'000));
  const auto shown = clocks_in(machine.output());
  ASSERT_GE(shown.size(), is_long ? 20U : 2U) << machine.output();
  const bool does_obey = machine.messages().find(no_offsets) == std::string::npos;
  EXPECT_TRUE(does_obey || std::getenv("FERMATA_KVM_OBEYS") == nullptr) << machine.messages();
  std::int64_t worst = 0;
  for (const Clocks& clocks : shown) {
    const std::int64_t bound = 5'000'000 + clocks.virtual_clock * 7 / 1000;
    for (const std::int64_t other : {does_obey ? clocks.counter : clocks.virtual_clock, clocks.kvmclock,
                                     has_own_apic() ? clocks.apic : clocks.virtual_clock}) {
      EXPECT_NEAR(static_cast<double>(other), static_cast<double>(clocks.virtual_clock), static_cast<double>(bound));
      worst = std::max(worst, std::abs(other - clocks.virtual_clock));
    }
  }
  if (is_long) {
    std::cout << machine.output().substr(machine.output().rfind("pm=", machine.output().size() - 80))
              << "worst: " << worst << " ns\n";
  }
}

// A kernel that does not trust its own counter has no clock of it, and sets those of its guests at each of their runs.
TEST_P(Kvm, AHostWhoseCounterIsNotGoodIsFoundOut) {
  if (read_file("/sys/devices/system/clocksource/clocksource0/available_clocksource").find("tsc") !=
      std::string::npos) {
    GTEST_SKIP() << "this host's time-stamp counter is good";
  }
  Machine machine(qemu(), with_kvm("spin"));
  machine.advance_exactly(1_ms, 20);
  EXPECT_NE(machine.messages().find(no_offsets), std::string::npos) << machine.messages();
}

TEST_P(Kvm, WhatStaysOnTheHostsTimeIsSaid) {
  Machine in_kernel(qemu(), with_kvm("spin"));
  in_kernel.advance_exactly(1_ms);
  EXPECT_NE(in_kernel.messages().find("kernel-irqchip=split"), std::string::npos) << in_kernel.messages();
  Machine in_qemu(qemu(), with_kvm("spin", {"-machine", most_in_qemu()}));
  in_qemu.advance_exactly(1_ms);
  EXPECT_EQ(in_qemu.messages().find("the local APIC's timer follows") == std::string::npos, has_own_apic())
      << in_qemu.messages();
}

}  // namespace
}  // namespace fermata::qemu_test
