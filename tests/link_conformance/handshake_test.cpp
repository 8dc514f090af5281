// SPDX-License-Identifier: MIT
//
// docs/protocol.md, "Hand-shake".
#include <gmock/gmock.h>

#include "fermata/base/error.hpp"
#include "tests/link_conformance/raw_link.hpp"

namespace fermata::conformance_test {
namespace {

using namespace wire::link;
using ::testing::AllOf;
using ::testing::HasSubstr;

class Handshake : public Conformance {
 protected:
  // What a guest answers to a HELLO that is not ours; its program ends by it.
  static std::string answer_to(const Hello& hello, std::string_view name = "test") {
    RawLink link(target(), {.program = "spin"});
    std::vector<std::byte> bytes;
    append(bytes, hello, name);
    link.say(bytes);
    std::string answer = link.refusal();
    if (target().is_program()) {
      EXPECT_EQ(link.end(), (host::ExitStatus{.code = target().guest == "7.2" ? 0 : 1}));
    }
    return answer;
  }
};
INSTANTIATE_TEST_SUITE_P(Each, Handshake, each_target(), target_name);

TEST_P(Handshake, TellsAbilitiesAndChannels) {
  const Wanted wanted{.program = target().arch == "riscv64" ? "netecho" : "spin",
                      .has_window = target().arch != "aarch64",
                      .has_line = target().arch != "aarch64",
                      .has_network = target().arch == "riscv64"};
  Guest guest(target(), wanted);
  EXPECT_EQ(guest->abilities(),
            ability_exact | ability_reactive | ability_present | ability_checkpoints | ability_raise | ability_progress)
      << names_of(guest->abilities());
  EXPECT_EQ(guest->now(), Instant::origin());
  std::string kinds;
  for (const Channel& channel : guest->channels()) {
    EXPECT_EQ(channel.timing, Timing::exact) << channel.name;
    EXPECT_GE(channel.input_bound, max_payload) << channel.name;
    EXPECT_TRUE(channel.takes_inputs) << channel.name;
    EXPECT_EQ(channel.makes_outputs, channel.kind != ChannelKind::line) << channel.name;
    EXPECT_EQ(channel.extent, channel.kind == ChannelKind::mmio ? 0x1000U : 0U) << channel.name;
    kinds += channel.name + ' ';
  }
  EXPECT_EQ(kinds, std::string("serial0 ") + (wanted.has_network ? "ethernet0 " : "") +
                       (wanted.has_line ? "line20 board " : ""));
}

TEST_P(Handshake, AnotherMajorVersionIsRefusedWithBothNamed) {
  EXPECT_THAT(answer_to({.header = {}, .major = 9}), AllOf(HasSubstr("9.3"), HasSubstr("1.3")));
}

TEST_P(Handshake, AHigherMinorVersionIsNone) {
  RawLink link(target(), {.program = "spin"});
  std::vector<std::byte> bytes;
  append(bytes, Hello{.header = {}, .minor = 77}, "test");
  link.say(bytes);
  link.session().sent(link.session().outgoing().size());  // its own hello
  link.take_until([&] { return link.session().is_open(); });
  EXPECT_EQ(link.run_until(after(1_ms)).reason, wire::StopReason::horizon);
}

TEST_P(Handshake, WhatTheGuestLacksIsNamed) {
  EXPECT_THAT(answer_to({.header = {}, .needs = 1U << 20}), HasSubstr("0x100000"));
}

TEST_P(Handshake, WhatIsNoHelloIsRefused) {
  EXPECT_THAT(answer_to({.header = {}, .magic = magic + 1}), HasSubstr("FERMATA"));
  RawLink link(target(), {.program = "spin"});
  std::vector<std::byte> bytes;
  append(bytes, Grant{.header = {}, .horizon_ns = 5});
  link.say(bytes);
  EXPECT_THAT(link.refusal(), HasSubstr("HELLO"));
}

TEST_P(Handshake, BytesMayComeInAnyPieces) {
  RawLink link(target(), {.program = "echo"});
  const auto hello = link.session().outgoing();
  for (const std::byte& byte : hello) {
    link.say({&byte, 1});
  }
  link.session().sent(hello.size());
  link.take_until([&] { return link.session().is_open(); });
  link.run_until(after(1_ms));
  link.session().input(1, after(2_ms), std::as_bytes(std::span("x", 1)));
  link.session().grant(after(3_ms));
  const auto said = link.session().outgoing();
  for (const std::byte& byte : said) {
    link.say({&byte, 1});
  }
  link.session().sent(said.size());
  link.take_until([&] { return !link.session().is_running(); });
  EXPECT_EQ(link.outputs().size(), 1U);
}

TEST_P(Handshake, ByeEndsTheGuestInOrder) {
  RawLink link(target(), {.program = "spin"});
  link.open();
  link.run_until(after(1_ms));
  link.session().bye();
  link.flush();
  EXPECT_EQ(link.refusal(), "");
  if (target().is_program()) {
    EXPECT_EQ(link.end(), host::ExitStatus{});
  }
}

}  // namespace
}  // namespace fermata::conformance_test
