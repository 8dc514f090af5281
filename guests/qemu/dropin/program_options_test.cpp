// SPDX-License-Identifier: GPL-2.0-or-later
#include "guests/qemu/dropin/program_options.hpp"

#include <gtest/gtest.h>

#include "fermata/base/error.hpp"

namespace fermata::qemu {
namespace {

using Arguments = std::vector<std::string>;

TEST(ProgramOptions, EndWhereTheQemuIsNamed) {
  const ProgramOptions options =
      parse_program_options({"--add-missing", "--agent", "a.so", "--stats", "7", "qemu-system-arm", "--version", "-S"});
  EXPECT_TRUE(options.add_missing);
  EXPECT_EQ(options.agent, "a.so");
  EXPECT_EQ(options.stats, 7);
  EXPECT_EQ(options.qemu, "qemu-system-arm");
  EXPECT_EQ(options.arguments, (Arguments{"--version", "-S"}));
  EXPECT_FALSE(options.wants_version);
}

TEST(ProgramOptions, TwoDashesEndThemToo) {
  EXPECT_EQ(parse_program_options({"--", "./qemu", "-M", "none"}).arguments, (Arguments{"-M", "none"}));
}

TEST(ProgramOptions, SayWhereVirtualTimeComesFrom) {
  const ProgramOptions none = parse_program_options({"qemu"});
  EXPECT_FALSE(none.time_from_instructions);
  EXPECT_FALSE(none.tells_way);
  EXPECT_EQ(none.dilation, "");
  EXPECT_EQ(none.slice, "");
  EXPECT_EQ(none.instruction, "");
  const ProgramOptions all =
      parse_program_options({"--time", "instructions", "--tell-way", "--dilation", "1/10", "qemu", "--time"});
  EXPECT_TRUE(all.time_from_instructions);
  EXPECT_TRUE(all.tells_way);
  EXPECT_EQ(all.dilation, "1/10");
  EXPECT_EQ(all.arguments, (Arguments{"--time"}));
  EXPECT_FALSE(parse_program_options({"--time", "instructions", "--time", "host", "qemu"}).time_from_instructions);
  const ProgramOptions slices = parse_program_options({"--slice", "50us", "--instruction", "8ns/0.01us", "qemu"});
  EXPECT_EQ(slices.slice, "50us");
  EXPECT_EQ(slices.instruction, "8ns/0.01us");
}

TEST(ProgramOptions, RefuseWhatIsWrong) {
  for (const Arguments& wrong : {Arguments{},
                                 {"--add-missing"},
                                 {"-qqq", "sock=5", "qemu"},
                                 {"--agent"},
                                 {"--stats", "x", "qemu"},
                                 {"--time"},
                                 {"--time", "icount", "qemu"},
                                 {"--time", "", "qemu"},
                                 {"--dilation"},
                                 {"--slice"},
                                 {"--slice", "", "qemu"},
                                 {"--slice", "1us,time=host", "qemu"},
                                 {"--slice", "1us/2us", "qemu"},
                                 {"--instruction", "", "qemu"},
                                 {"--instruction", "8ns,8ns", "qemu"},
                                 {"--tell-way"},
                                 {"--doctor", "-1", "qemu"}}) {
    EXPECT_THROW(static_cast<void>(parse_program_options(wrong)), base::BadArgument);
  }
  EXPECT_TRUE(parse_program_options({"--help"}).wants_help);
}

}  // namespace
}  // namespace fermata::qemu
