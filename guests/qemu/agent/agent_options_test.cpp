// SPDX-License-Identifier: GPL-2.0-or-later
#include "guests/qemu/agent/agent_options.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "fermata/base/error.hpp"

namespace fermata::qemu {
namespace {

AgentOptions parse(const std::vector<const char*>& arguments) { return parse_agent_options(arguments); }

std::string refusal(const std::vector<const char*>& arguments) {
  try {
    static_cast<void>(parse(arguments));
  } catch (const base::BadArgument& error) {
    return error.what();
  }
  return "accepted";
}

TEST(AgentOptions, AreRead) {
  EXPECT_EQ(parse({"sock=5"}), (AgentOptions{.endpoint = {.socket = 5}}));
  EXPECT_EQ(parse({"sock=5", "zero=exit", "stats=7"}),
            (AgentOptions{.endpoint = {.socket = 5}, .zero = wire::ZeroRequest::exit, .stats = 7}));
  EXPECT_EQ(parse({"doctor=3"}), (AgentOptions{.doctor = 3}));
}

TEST(AgentOptions, SayWhereVirtualTimeComesFrom) {
  EXPECT_FALSE(parse({"sock=5"}).time_from_instructions);
  EXPECT_FALSE(parse({"sock=5", "time=host"}).time_from_instructions);
  EXPECT_TRUE(parse({"sock=5", "time=instructions"}).time_from_instructions);
  for (const char* wrong : {"time=", "time", "time=icount", "time=Host", "time=host "}) {
    EXPECT_NE(refusal({"sock=5", wrong}).find("is time=host or time=instructions"), std::string::npos) << wrong;
  }
}

TEST(AgentOptions, DilateByARatio) {
  EXPECT_EQ(parse({"sock=5"}).dilation, clock::SpeedFactor::nominal());
  EXPECT_EQ(parse({"sock=5", "dilation=3"}).dilation, clock::SpeedFactor(3));
  EXPECT_EQ(parse({"sock=5", "dilation=1/10"}).dilation, clock::SpeedFactor(1, 10));
  EXPECT_EQ(parse({"sock=5", "dilation=1000000000000/1000000000000"}).dilation,
            clock::SpeedFactor(clock::SpeedFactor::max_term, clock::SpeedFactor::max_term));
  for (const char* wrong : {"dilation", "dilation=", "dilation=0", "dilation=1/0", "dilation=1/", "dilation=/2",
                            "dilation=-1", "dilation=1.5", "dilation=1/2/3", "dilation=1 /2", "dilation=1000000000001",
                            "dilation=1/1000000000001", "dilation=99999999999999999999", "dilation=0x10"}) {
    EXPECT_NE(refusal({"sock=5", wrong}).find("is N or N/D, each from 1 to 10^12"), std::string::npos) << wrong;
  }
  EXPECT_NE(refusal({"sock=5", "dilation=1/0"}).find("dilation=1/0: "), std::string::npos);
}

TEST(AgentOptions, SayHowLongASliceIsAndAnInstruction) {
  using namespace time::literals;
  EXPECT_EQ(parse({"sock=5"}).slice, 200_us);
  EXPECT_EQ(parse({"sock=5"}).instruction, std::vector{8_ns});
  EXPECT_EQ(parse({"sock=5", "slice=1us"}).slice, 1_us);
  EXPECT_EQ(parse({"sock=5", "slice=1s"}).slice, 1_s);
  EXPECT_EQ(parse({"sock=5", "instruction=1ns"}).instruction, std::vector{1_ns});
  EXPECT_EQ(parse({"sock=5", "instruction=8ns/1ms/0.01us"}).instruction, (std::vector{8_ns, 1_ms, 10_ns}));
  for (const char* wrong :
       {"slice", "slice=", "slice=200", "slice=0us", "slice=999ns", "slice=1.1s", "slice=-1us", "slice=1us/2us",
        "instruction", "instruction=", "instruction=8", "instruction=0ns", "instruction=2ms", "instruction=8ns/",
        "instruction=/8ns", "instruction=8ns//8ns", "instruction=0.5ns"}) {
    EXPECT_NE(refusal({"sock=5", wrong}), "accepted") << wrong;
  }
  EXPECT_NE(refusal({"sock=5", "slice=2s"}).find("slice=2s: is from 1us to 1s"), std::string::npos);
  EXPECT_NE(refusal({"sock=5", "instruction=8ns/0ns"}).find("instruction=0ns: is from 1ns to 1ms"), std::string::npos);
}

TEST(AgentOptions, NameSharedClocks) {
  const std::vector<const char*> arguments{"fd=5", "clocks=6", "clock=1"};
  EXPECT_EQ(parse_agent_options(arguments).endpoint, (transport::Endpoint{.socket = 5, .clocks = 6, .clock = 1}));
}

TEST(AgentOptions, SayWhatIsWrong) {
  EXPECT_NE(refusal({}).find("needs the simulator"), std::string::npos);
  EXPECT_NE(refusal({"sock=x"}).find("sock=x: needs the number"), std::string::npos);
  EXPECT_NE(refusal({"sock=-1"}).find("sock=-1: needs the number"), std::string::npos);
  EXPECT_NE(refusal({"sock"}).find("needs the number"), std::string::npos);
  EXPECT_NE(refusal({"sock=5", "clocks=6", "clock=0"}).find("clocks= need link v1"), std::string::npos);
  EXPECT_NE(refusal({"fd=5", "clocks=6"}).find("go together"), std::string::npos);
  EXPECT_NE(refusal({"sock=5", "zero=maybe"}).find("zero=maybe"), std::string::npos);
  EXPECT_NE(refusal({"sock=5", "color=red"}).find("unknown option \"color=red\""), std::string::npos);
}

}  // namespace
}  // namespace fermata::qemu
