// SPDX-License-Identifier: MIT
#include "guests/machine/terminal.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>

#include "fermata/host/unique_fd.hpp"

namespace fermata::machine_program {
namespace {

TEST(EscapeFilter, ControlAXEndsAndTheRestIsTyped) {
  EscapeFilter filter;
  EXPECT_EQ(filter.filter("abc").text, "abc");
  EXPECT_EQ(filter.filter("a\x01").text, "a") << "it waits for what follows";
  const auto end = filter.filter("x");
  EXPECT_TRUE(end.wants_end);
  EXPECT_EQ(filter.filter("\x01\x01z").text, "\x01z");
  EXPECT_FALSE(filter.filter("x").wants_end);
}

TEST(RawTerminal, PutsTheTerminalBackAsItWas) {
  const host::UniqueFd outer(::posix_openpt(O_RDWR | O_NOCTTY));
  ASSERT_TRUE(outer.is_open());
  ASSERT_EQ(::grantpt(outer.get()), 0);
  ASSERT_EQ(::unlockpt(outer.get()), 0);
  const host::UniqueFd inner(::open(::ptsname(outer.get()), O_RDWR | O_NOCTTY));
  ASSERT_TRUE(inner.is_open());
  termios before{};
  ASSERT_EQ(::tcgetattr(inner.get(), &before), 0);
  EXPECT_NE(before.c_lflag & static_cast<tcflag_t>(ECHO | ICANON), 0U);
  {
    const RawTerminal raw(inner.get());
    EXPECT_TRUE(raw.is_terminal());
    termios during{};
    ASSERT_EQ(::tcgetattr(inner.get(), &during), 0);
    EXPECT_EQ(during.c_lflag & static_cast<tcflag_t>(ECHO | ICANON | ISIG), 0U);
  }
  termios after{};
  ASSERT_EQ(::tcgetattr(inner.get(), &after), 0);
  EXPECT_EQ(after.c_lflag, before.c_lflag);
  EXPECT_EQ(after.c_iflag, before.c_iflag);
}

TEST(RawTerminal, LeavesWhatIsNoTerminalAlone) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const host::UniqueFd reader(ends[0]);
  const host::UniqueFd writer(ends[1]);
  EXPECT_FALSE(RawTerminal(reader.get()).is_terminal());
}

}  // namespace
}  // namespace fermata::machine_program
