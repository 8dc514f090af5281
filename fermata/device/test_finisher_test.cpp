// SPDX-License-Identifier: MIT
#include "fermata/device/test_finisher.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fermata/device/testing/workbench.hpp"

namespace fermata::device {
namespace {

using ::testing::ElementsAre;

struct TestFinisherTest : ::testing::Test {
  testing::Workbench bench;
  std::vector<Finish> asked;
  TestFinisher finisher{{}, bench.ports(), [this](const Finish& finish) { asked.push_back(finish); }};
};

TEST_F(TestFinisherTest, PassesOnWhatIsAskedFor) {
  finisher.write(0, 4, 0x5555);
  finisher.write(0, 4, 0xabcd'3333);
  finisher.write(0, 2, 0x3333);
  finisher.write(0, 4, 0x7777);
  finisher.write(0, 4, 0x1'5555);
  EXPECT_THAT(
      asked, ElementsAre(Finish{Finish::Kind::pass, 0}, Finish{Finish::Kind::fail, 0xabcd},
                         Finish{Finish::Kind::fail, 0}, Finish{Finish::Kind::reset, 0}, Finish{Finish::Kind::pass, 0}));
  EXPECT_THAT(bench.errors.lines, ElementsAre());
}

TEST_F(TestFinisherTest, MisuseIsAGuestError) {
  finisher.write(0, 4, 0x1234);
  finisher.write(2, 2, 0x5555);  // the upper half alone means nothing
  finisher.write(4, 4, 0x5555);
  EXPECT_EQ(finisher.read(0, 4), 0U);
  EXPECT_EQ(finisher.read(8, 4), 0U);
  EXPECT_THAT(asked, ElementsAre());
  EXPECT_THAT(bench.errors.lines,
              ElementsAre("test_finisher: write of 0x1234 to FINISH, which means nothing: ignored",
                          "test_finisher: write of 0x55550000 to FINISH, which means nothing: ignored",
                          "test_finisher: write of 4 bytes at offset 0x4: no register there",
                          "test_finisher: read of 4 bytes at offset 0x8: no register there"));
}

TEST_F(TestFinisherTest, HasNoStateButItsName) {
  finisher.write(0, 4, 0x5555);
  const auto bytes = testing::saved(finisher);
  finisher.reset();
  state::Reader reader(bytes);
  finisher.load(reader);
  EXPECT_TRUE(reader.is_at_end());
  EXPECT_EQ(asked.size(), 1U);
}

}  // namespace
}  // namespace fermata::device
