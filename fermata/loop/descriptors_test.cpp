// SPDX-License-Identifier: MIT
#include "fermata/loop/descriptors.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <vector>

#include "fermata/base/error.hpp"
#include "fermata/host/unique_fd.hpp"

namespace fermata::loop {
namespace {

using namespace std::chrono_literals;

struct Pair {
  Pair() {
    std::array<int, 2> ends{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
    near.reset(ends[0]);
    far.reset(ends[1]);
  }
  void send() const { EXPECT_EQ(::write(far.get(), "x", 1), 1); }
  void receive() const {
    char byte = 0;
    EXPECT_EQ(::read(near.get(), &byte, 1), 1);
  }

  host::UniqueFd near;
  host::UniqueFd far;
};

class DescriptorsTest : public ::testing::Test {
 protected:
  bool look() {
    descriptors.wait(0ms, also.near.get());
    return descriptors.run_ready();
  }
  std::function<void()> note(int what) {
    return [this, what] { ran.push_back(what); };
  }

  Pair also;
  Descriptors descriptors;
  std::vector<int> ran;
};

TEST_F(DescriptorsTest, CallsTheHandlerOfWhatIsReadable) {
  const Pair a;
  const Pair b;
  descriptors.watch(a.near.get(), {.readable = note(1), .writable = {}});
  descriptors.watch(b.near.get(), {.readable = note(2), .writable = {}});
  EXPECT_FALSE(look());
  b.send();
  EXPECT_TRUE(look());
  EXPECT_TRUE(look());  // still readable
  b.receive();
  EXPECT_FALSE(look());
  EXPECT_EQ(ran, (std::vector{2, 2}));
}

TEST_F(DescriptorsTest, CallsTheHandlerOfWhatIsWritable) {
  const Pair a;
  descriptors.watch(a.near.get(), {.readable = note(1), .writable = note(2)});
  EXPECT_TRUE(look());
  a.send();
  EXPECT_TRUE(look());
  EXPECT_EQ(ran, (std::vector{2, 1, 2}));
}

TEST_F(DescriptorsTest, RunsInTheOrderInWhichTheyWereFirstWatched) {
  const Pair a;
  const Pair b;
  descriptors.watch(b.near.get(), {.readable = note(2), .writable = {}});
  descriptors.watch(a.near.get(), {.readable = note(1), .writable = {}});
  descriptors.watch(b.near.get(), {.readable = note(3), .writable = {}});  // changed, not moved
  a.send();
  b.send();
  look();
  EXPECT_EQ(ran, (std::vector{3, 1}));
}

TEST_F(DescriptorsTest, AHangUpCountsAsReadableOrAsWritableWhereThatIsTheOnlyInterest) {
  Pair a;
  Pair b;
  descriptors.watch(a.near.get(), {.readable = note(1), .writable = {}});
  a.far.reset();
  EXPECT_TRUE(look());
  descriptors.forget(a.near.get());
  b.far.reset();
  descriptors.watch(b.near.get(), {.readable = {}, .writable = note(2)});
  EXPECT_TRUE(look());
  EXPECT_EQ(ran, (std::vector{1, 2}));
}

TEST_F(DescriptorsTest, HandlersMayForgetThemselvesAndOthersAndWatchNewOnes) {
  const Pair a;
  const Pair b;
  const Pair c;
  descriptors.watch(a.near.get(), {.readable =
                                       [&] {
                                         ran.push_back(1);
                                         descriptors.forget(a.near.get());
                                         descriptors.forget(b.near.get());
                                         descriptors.watch(c.near.get(), {.readable = note(3), .writable = {}});
                                       },
                                   .writable = {}});
  descriptors.watch(b.near.get(), {.readable = note(2), .writable = {}});
  for (const Pair* pair : {&a, &b, &c}) {
    pair->send();
  }
  EXPECT_TRUE(look());
  EXPECT_EQ(ran, std::vector{1});
  EXPECT_TRUE(look());
  EXPECT_EQ(ran, (std::vector{1, 3}));
}

TEST_F(DescriptorsTest, AChangedInterestIsNotServedByTheOldWait) {
  const Pair a;
  const Pair b;
  descriptors.watch(
      a.near.get(),
      {.readable = [&] { descriptors.watch(b.near.get(), {.readable = note(2), .writable = {}}); }, .writable = {}});
  descriptors.watch(b.near.get(), {.readable = note(1), .writable = {}});
  a.send();
  b.send();
  look();
  EXPECT_TRUE(ran.empty());  // another file may be behind that number by now
  look();
  EXPECT_EQ(ran, (std::vector<int>{}));  // a's handler changes it again and again
  descriptors.forget(a.near.get());
  look();
  EXPECT_EQ(ran, (std::vector{2}));
}

TEST_F(DescriptorsTest, WatchingWithoutAHandlerForgets) {
  const Pair a;
  descriptors.watch(a.near.get(), {.readable = note(1), .writable = {}});
  descriptors.watch(a.near.get(), {});
  descriptors.forget(a.near.get());  // not there
  a.send();
  EXPECT_FALSE(look());
}

TEST_F(DescriptorsTest, SaysWhetherTheOtherDescriptorIsReadable) {
  EXPECT_FALSE(descriptors.wait(0ms, also.near.get()));
  also.send();
  EXPECT_TRUE(descriptors.wait(std::nullopt, also.near.get()));
}

TEST_F(DescriptorsTest, WaitsAsLongAsItIsToldAndNotLess) {
  const host::HostClock& clock = host::HostClock::monotonic();
  const host::HostInstant begin = clock.now();
  EXPECT_FALSE(descriptors.wait(2ms, also.near.get()));
  EXPECT_GE(clock.now() - begin, 2ms);
  EXPECT_FALSE(descriptors.wait(-5ms, also.near.get()));  // at once
}

TEST_F(DescriptorsTest, RefusesWhatIsNoDescriptor) {
  EXPECT_THROW(descriptors.watch(-1, {.readable = note(1), .writable = {}}), base::BadArgument);
}

using DescriptorsDeathTest = DescriptorsTest;

TEST_F(DescriptorsDeathTest, AClosedDescriptorThatIsStillWatchedIsAProgrammingError) {
  Pair a;
  descriptors.watch(a.near.get(), {.readable = note(1), .writable = {}});
  a.near.reset();
  EXPECT_DEATH(look(), "broken precondition.*forgotten before it is closed");
}

}  // namespace
}  // namespace fermata::loop
