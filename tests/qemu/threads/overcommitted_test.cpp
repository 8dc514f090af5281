// SPDX-License-Identifier: MIT
//
// Guests with a thread for each vCPU on a host that has too few cores for them: two processes take both cores, and
// three guests of two vCPUs want them as well, for ten minutes of host time on each version of QEMU. What a guest knows
// of time must not drift from the sum of its reports: docs/accuracy.md has the bounds.
//
// FERMATA_OVERCOMMITTED_SPAN=20s shortens it, to try it out.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <limits>
#include <memory>
#include <thread>

#include "fermata/host/clock.hpp"
#include "fermata/host/kvm.hpp"
#include "fermata/host/punctual_thread.hpp"
#include "fermata/time/units.hpp"
#include "tests/qemu/support/fixture.hpp"
#include "tests/qemu/support/monitored.hpp"

namespace fermata::qemu_test {
namespace {

constexpr host::HostDuration usual_span = std::chrono::minutes(10);
constexpr int quanta_between_looks = 20;
constexpr int looks_of_a_window = 25;
constexpr std::array quanta{200_us, 1_ms, 5_ms};

host::HostDuration span_of_run() {
  const char* given = std::getenv("FERMATA_OVERCOMMITTED_SPAN");
  return given != nullptr ? host::HostDuration(time::parse_duration(given).ns()) : usual_span;
}

// Whether this process may give threads of its children real-time priority. A thread's own affair, so it is tried in
// one.
bool may_be_punctual() {
  bool may = false;
  std::thread([&may] { may = host::make_punctual().empty(); }).join();
  return may;
}

// What takes that right away from a program and its children, root or not.
std::vector<std::string> without_priority() {
  std::vector<std::string> command{"prlimit", "--rtprio=0"};
  if (::geteuid() == 0) {
    command.insert(command.begin(), {"setpriv", "--bounding-set=-sys_nice"});
  }
  return command;
}

// A guest's clocks behind the sum of its reports, in ns; of a vCPU that the host kept from its core at a look, by as
// much as that took. So a window's least counts: what has drifted stays behind in all of them.
struct Lag {
  static constexpr std::int64_t none = std::numeric_limits<std::int64_t>::max();
  std::int64_t least = none;
  std::int64_t least_in_any_window = 0;
  std::int64_t most = 0;

  void take(std::int64_t ns) {
    least = std::min(least, ns);
    most = std::max(most, ns);
  }
  // Ends a window, and returns its least.
  std::int64_t end_window() {
    least_in_any_window = std::max(least_in_any_window, least);
    return std::exchange(least, none);
  }
};

// A guest that tells in memory what it knows of time: tests/guests/riscv64/drift.c.
class Watched {
 public:
  struct Bounds {
    std::int64_t clock_ns;       // how far a vCPU's clock may be behind
    std::int64_t interrupts_ns;  // and its timer's interrupts
    std::int64_t executed_ns;    // how far its instructions may be from that, either way; 0: they tell nothing
  };

  Watched(const Qemu& qemu, const char* name, sim::TimeFrom from, std::vector<std::string> through, Bounds bounds)
      : name_(name),
        bounds_(bounds),
        monitored_(start_monitored(
            qemu, {.guest = "drift", .more = {"-smp", "2"}, .through = std::move(through), .threads = from})) {}

  void grant(time::Duration span) { monitored_->machine->guest().grant(span); }
  void expect_report(time::Duration span) { monitored_->machine->expect_report(span); }
  [[nodiscard]] std::string messages() const { return monitored_->machine->messages(); }

  // While it is held.
  void look() {
    const auto known = read_words<4>(monitored_->qmp, "0x80100000");
    const std::int64_t sum = monitored_->machine->guest().now().since_origin().ns();
    constexpr std::int64_t tick_ns = 100;
    constexpr std::int64_t period_ns = 1'000'000;
    constexpr std::int64_t loop_ns = 5 * 8;
    clocks_[0].take(sum - known[0] * tick_ns);
    clocks_[1].take(sum - known[2] * tick_ns);
    interrupts_.take(sum - known[1] * period_ns);
    EXPECT_GE(sum, known[0] * tick_ns) << name_ << ": vCPU 0 is ahead of its reports";
    EXPECT_GE(sum, known[2] * tick_ns) << name_ << ": vCPU 1 is ahead of its reports";
    EXPECT_GE(sum, known[1] * period_ns) << name_ << ": a timer came early";
    if (bounds_.executed_ns != 0 && known[3] != 0) {
      if (!first_executed_) {
        first_executed_ = sum - known[3] * loop_ns;
      }
      const std::int64_t off = sum - known[3] * loop_ns - *first_executed_;
      executed_off_ = std::max(executed_off_, std::abs(off));
      EXPECT_LE(std::abs(off), bounds_.executed_ns) << name_ << ": instructions against time";
    }
  }

  void end_window() {
    EXPECT_LE(clocks_[0].end_window(), bounds_.clock_ns) << name_ << ": vCPU 0";
    EXPECT_LE(clocks_[1].end_window(), bounds_.clock_ns) << name_ << ": vCPU 1";
    EXPECT_LE(interrupts_.end_window(), bounds_.interrupts_ns) << name_ << ": interrupts";
  }

  [[nodiscard]] std::string summary() const {
    return fmt::format(
        "{}: {} of virtual time; behind in the worst window vCPU 0 {} ns, vCPU 1 {} ns, interrupts {} ns; at worst "
        "{}, {}, {} ns; instructions off by {} ns",
        name_, time::to_string(monitored_->machine->guest().now().since_origin()), clocks_[0].least_in_any_window,
        clocks_[1].least_in_any_window, interrupts_.least_in_any_window, clocks_[0].most, clocks_[1].most,
        interrupts_.most, executed_off_);
  }

 private:
  const char* name_;
  Bounds bounds_;
  std::unique_ptr<Monitored> monitored_;
  std::array<Lag, 2> clocks_;
  Lag interrupts_;
  std::optional<std::int64_t> first_executed_;
  std::int64_t executed_off_ = 0;
};

class Overcommitted : public QemuTest {};
INSTANTIATE_TEST_SUITE_P(Qemu, Overcommitted, every_version(), version_name);

// With time from the host's clock, with real-time priority and without, and from instructions, at the same time.
TEST_P(Overcommitted, AGuestsClockDoesNotDriftFromItsReports) {
  constexpr std::int64_t tick_ns = 100;
  const Watched::Bounds held{.clock_ns = 1'000'000, .interrupts_ns = 100'000'000, .executed_ns = 0};
  const Watched::Bounds counted{.clock_ns = 2 * tick_ns, .interrupts_ns = 2'000'000, .executed_ns = 2'000};
  std::vector<std::unique_ptr<Watched>> guests;
  const auto start = [&](const char* name, sim::TimeFrom from, std::vector<std::string> through,
                         Watched::Bounds bounds) {
    guests.push_back(std::make_unique<Watched>(qemu(), name, from, std::move(through), bounds));
  };
  start("host's clock", sim::TimeFrom::host, {}, held);
  start("host's clock, no priority", sim::TimeFrom::host, without_priority(), held);
  if (GetParam() != std::string("7.2")) {
    start("instructions", sim::TimeFrom::instructions, {}, counted);
  }
  const Load load;
  const host::Deadline end(host::HostClock::monotonic(), span_of_run());
  for (int window = 0; !end.has_passed() && !HasFailure(); ++window) {
    for (int i = 0; i < looks_of_a_window * quanta_between_looks && !HasFailure(); ++i) {
      const time::Duration quantum = quanta.at(static_cast<std::size_t>(i) % quanta.size());
      std::ranges::for_each(guests, [&](auto& guest) { guest->grant(quantum); });
      std::ranges::for_each(guests, [&](auto& guest) { guest->expect_report(quantum); });
      if (i % quanta_between_looks == quanta_between_looks - 1) {
        std::ranges::for_each(guests, [](auto& guest) { guest->look(); });
      }
    }
    std::ranges::for_each(guests, [](auto& guest) { guest->end_window(); });
  }
  const std::string fallback = "no real-time priority";
  EXPECT_EQ(guests[0]->messages().find(fallback) == std::string::npos, may_be_punctual()) << guests[0]->messages();
  EXPECT_NE(guests[1]->messages().find(fallback), std::string::npos) << guests[1]->messages();
  for (const auto& guest : guests) {
    std::printf("QEMU %s, %s\n", GetParam(), guest->summary().c_str());
  }
}

}  // namespace
}  // namespace fermata::qemu_test
