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

TEST(AgentOptions, SayWhatIsWrong) {
  EXPECT_NE(refusal({}).find("needs the simulator"), std::string::npos);
  EXPECT_NE(refusal({"sock=x"}).find("sock=x: needs the number"), std::string::npos);
  EXPECT_NE(refusal({"sock=-1"}).find("sock=-1: needs the number"), std::string::npos);
  EXPECT_NE(refusal({"sock"}).find("needs the number"), std::string::npos);
  EXPECT_NE(refusal({"sock=5", "zero=maybe"}).find("zero=maybe"), std::string::npos);
  EXPECT_NE(refusal({"sock=5", "color=red"}).find("unknown option \"color=red\""), std::string::npos);
}

}  // namespace
}  // namespace fermata::qemu
