// SPDX-License-Identifier: MIT
//
// docs/protocol.md, "Checkpoints".
#include <gmock/gmock.h>

#include "fermata/base/error.hpp"
#include "tests/link_conformance/target.hpp"

namespace fermata::conformance_test {
namespace {

class Checkpoints : public Conformance {
 protected:
  // Its clock is lost in a snapshot of some machines (docs/protocol.md, "Connecting"): `echo` looks at none.
  [[nodiscard]] static Wanted echo() { return {.program = "echo", .keeps_checkpoints = true}; }
};
INSTANTIATE_TEST_SUITE_P(Each, Checkpoints, each_target(), target_name);

TEST_P(Checkpoints, AreGoneBackToWithTheGuestsOwnTime) {
  if (target().arch == "riscv64" && (target().guest == "7.2" || target().guest == "10.0")) {
    GTEST_SKIP() << "the ACLINT of this QEMU loses the guest's mtime in a snapshot";
  }
  const Wanted wanted{.program = "time", .keeps_checkpoints = true};
  SKIP_IF_IT_LACKS(wanted, wire::link::ability_checkpoints);
  Guest guest(target(), wanted);
  guest->run_until(after(15_ms), limit);
  const Instant saved = guest->now();
  guest->checkpoint("branch", limit);
  EXPECT_EQ(guest->now(), saved);
  guest.take_outputs();
  guest->run_until(after(40_ms), limit);
  const Outputs first = guest.take_outputs();
  EXPECT_FALSE(first.empty());
  for (int i = 0; i < 3; ++i) {
    guest->restore("branch", limit);
    EXPECT_EQ(guest->now(), saved);
    guest->run_until(after(40_ms), limit);
    EXPECT_EQ(guest.take_outputs(), first);
  }
}

TEST_P(Checkpoints, InputsOnTheirWayAreTakenAgainAndLaterOnesForgotten) {
  SKIP_IF_IT_LACKS(echo(), wire::link::ability_checkpoints);
  Guest guest(target(), echo());
  auto serial = guest->serial("serial0");
  guest->run_until(after(1_ms), limit);
  serial.send(after(2_ms), "before");
  guest->checkpoint("one", limit);
  const auto go_on = [&] {
    serial.send(after(2'050_us), "after");
    guest->run_until(after(2'010_us), limit);
    guest->run_until(after(4_ms), limit);
    return guest.take_outputs();
  };
  const Outputs first = go_on();
  EXPECT_EQ(text_of(first), "beforeafter");
  guest->restore("one", limit);
  EXPECT_EQ(go_on(), first);
  guest->restore("one", limit);
  serial.send(after(3_ms), "late");
  guest->restore("one", limit);
  EXPECT_EQ(go_on(), first) << "earlier than one that was sent and forgotten";
}

TEST_P(Checkpoints, ANameIsUsedAgainAndAnUnknownOneChangesNothing) {
  SKIP_IF_IT_LACKS(echo(), wire::link::ability_checkpoints);
  Guest guest(target(), echo());
  guest->run_until(after(1_ms), limit);
  guest->checkpoint("one", limit);
  guest->run_until(after(2_ms), limit);
  guest->checkpoint("one", limit);
  guest->run_until(after(3_ms), limit);
  EXPECT_THROW(guest->restore("never-made", limit), base::Error);
  EXPECT_EQ(guest->now(), after(3_ms));
  EXPECT_EQ(guest->run_until(after(4_ms), limit).now, after(4_ms));
  guest->restore("one", limit);
  EXPECT_EQ(guest->now(), after(2_ms));
  EXPECT_THROW(guest->checkpoint(".hidden", limit), base::BadArgument);
}

TEST_P(Checkpoints, OneThatCannotBeMadeSaysWhyAndChangesNothing) {
  if (target().is_machine()) {
    GTEST_SKIP() << "the embedded machine needs nothing to keep them in";
  }
  Guest guest(target(), {.program = "echo"});
  guest->run_until(after(1_ms), limit);
  try {
    guest->checkpoint("branch", limit);
    FAIL();
  } catch (const base::Error& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr("qcow2"));
  }
  guest->serial("serial0").send(after(2_ms), "x");
  guest->run_until(after(3_ms), limit);
  EXPECT_EQ(text_of(guest.take_outputs()), "x");
}

}  // namespace
}  // namespace fermata::conformance_test
