// SPDX-License-Identifier: MIT
#include "fermata/record/block_file.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>

#include "fermata/base/error.hpp"
#include "fermata/record/testing/recordings.hpp"

namespace fermata::record {
namespace {

using testing::TempFile;
using Bytes = std::vector<std::byte>;

TEST(BlockFile, WhatIsAppendedIsInTheFileAtOnce) {
  const TempFile path("block_at_once");
  BlockFile file(path.path());
  file.append(Bytes(9, std::byte{1}));
  file.append(Bytes(100, std::byte{2}));
  Bytes expected(9, std::byte{1});
  expected.resize(109, std::byte{2});
  const Bytes before = path.bytes();
  ASSERT_GE(before.size(), 109U);
  EXPECT_EQ(Bytes(before.begin(), before.begin() + 109), expected);
  EXPECT_TRUE(std::all_of(before.begin() + 109, before.end(), [](std::byte byte) { return byte == std::byte{0}; }));
  file.close();
  file.close();
  EXPECT_EQ(path.bytes(), expected);
}

TEST(BlockFile, ManyWindowsFollowEachOther) {
  const TempFile path("block_windows");
  Bytes expected;
  {
    BlockFile first(path.path());
    BlockFile file(std::move(first));
    for (unsigned i = 0; i < 40; ++i) {
      const Bytes block(BlockFile::window / 7 + i * 111, static_cast<std::byte>(i + 1));
      file.append(block);
      expected.insert(expected.end(), block.begin(), block.end());
    }
    file.append(Bytes(BlockFile::window - 1, std::byte{77}));
    expected.resize(expected.size() + BlockFile::window - 1, std::byte{77});
  }
  EXPECT_EQ(path.bytes() == expected, true);
}

TEST(BlockFile, WhatCannotBeMappedIsWritten) {
  BlockFile file("/dev/null");
  file.append(Bytes(1000));
  file.close();
  BlockFile full("/dev/full");
  EXPECT_THROW(full.append(Bytes(1000)), base::Error);
  EXPECT_FALSE(full.is_open());
  full.close();
  EXPECT_THROW(BlockFile("/nowhere/at/all"), base::Error);
}

// As a disk that is full at that size would.
TEST(BlockFile, NoMoreRoomIsAnErrorAndNoSignal) {
  const TempFile path("block_full");
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto old = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit lower{.rlim_cur = 2 * BlockFile::window, .rlim_max = before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &lower), 0);
  {
    BlockFile file(path.path());
    const Bytes block(BlockFile::window / 4, std::byte{1});
    EXPECT_THROW(
        {
          for (int i = 0; i < 100; ++i) {
            file.append(block);
          }
        },
        base::Error);
    EXPECT_FALSE(file.is_open());
  }
  ::setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, old);
}

}  // namespace
}  // namespace fermata::record
