// SPDX-License-Identifier: MIT
//
// Guests of both kinds that follow each other's clocks, and those that cannot. What two of a kind do together:
// tests/link_conformance.
#include <gmock/gmock.h>

#include <array>
#include <functional>

#include "fermata/base/error.hpp"
#include "fermata/sim/machine_command.hpp"
#include "fermata/sim/together.hpp"
#include "tests/qemu/support/linked_qemu.hpp"

namespace fermata::qemu_test {
namespace {

using time::Duration;
using time::Instant;

class TogetherOnQemu : public QemuTest {};
INSTANTIATE_TEST_SUITE_P(Qemu, TogetherOnQemu, every_version(), version_name);

constexpr Duration delay = 3_us;
constexpr Duration instruction = 8_ns;
constexpr std::size_t count = 3;

// Two QEMUs and an embedded machine in a ring: each sends back what it is sent, and that comes to the next after the
// delay; so each follows the one before it. What each has sent.
std::string run_ring(const Qemu& qemu, const std::function<void(const std::array<sim::LinkGuest*, count>&)>& run) {
  const auto clocks = sim::share_clocks(count);
  const auto link = [&clocks](const char* serial) {
    return sim::LinkOptions{.transport = sim::Transport::shared_memory, .reactive = {serial}, .clocks = clocks};
  };
  LinkedQemu first(qemu, {.guest = "echo", .link = link("console")});
  sim::LinkGuest machine = sim::LinkGuest::launch(
      sim::machine_command({"-bios", "none", "-nodefaults", "-m", "2", "-kernel", guest_path("riscv64", "echo")}),
      link("serial0"));
  LinkedQemu last(qemu, {.guest = "echo", .link = link("console")});
  const std::array<sim::LinkGuest*, count> guests{&*first, &machine, &*last};
  std::array serials{guests[0]->serial("console"), guests[1]->serial("serial0"), guests[2]->serial("console")};
  std::array<std::string, count> seen;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t next = (i + 1) % count;
    serials[i].on_output([&seen, &serials, i, next](Instant at, std::string_view bytes) {
      seen[i] += std::string(bytes) + '@' + std::to_string(at.since_origin().ns()) + ' ';
      serials[next].send(at + delay, bytes);
    });
    guests[next]->follow(*guests[i], delay);
    serials[i].send(Instant::at(100_us), std::string(1, static_cast<char>('a' + i)));
  }
  run(guests);
  return seen[0] + "\n" + seen[1] + "\n" + seen[2];
}

TEST_P(TogetherOnQemu, GuestsOfBothKindsDoWhatTheyDoByGrants) {
  const Instant end = Instant::at(2_ms);
  const std::string granted = run_ring(qemu(), [end](const auto& guests) {
    for (std::size_t i = 0; i < count; ++i) {
      guests[(i + 1) % count]->follow(*guests[i], 0_ns);
    }
    for (Instant at; at < end;) {
      at = std::min(at + (delay - instruction), end);
      for (sim::LinkGuest* guest : guests) {
        guest->run_until(at, limit);
      }
    }
  });
  EXPECT_THAT(granted, ::testing::ContainsRegex("a@.*c@.*b@.*a@"));
  for (int run = 0; run < 3; ++run) {
    EXPECT_EQ(run_ring(qemu(), [end](const auto& guests) { sim::run_together(guests, end, limit); }), granted);
  }
}

// Where it stands shows in whose turn is next.
TEST_P(TogetherOnQemu, SeveralVcpusFollowNobody) {
  const auto clocks = sim::share_clocks(2);
  LinkedQemu several(qemu(), {.guest = "smp", .more = {"-smp", "2"}, .link = {.clocks = clocks}});
  LinkedQemu one(qemu(), {.guest = "spin", .link = {.clocks = clocks}});
  EXPECT_EQ(several->abilities() & wire::link::ability_clocks, 0U);
  EXPECT_THROW(several->follow(*one, 1_us), base::Error);
  one->follow(*several, 10_us);  // which tells its clock all the same, where it stands
  for (Instant at = Instant::at(50_us); at <= Instant::at(500_us); at = at + 50_us) {
    const auto stops = sim::run_together(std::array{&*several, &*one}, at, limit);
    EXPECT_GE(stops[1].now, at);
  }
}

}  // namespace
}  // namespace fermata::qemu_test
