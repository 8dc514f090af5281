// SPDX-License-Identifier: MIT
#include "cli/memory_file.hpp"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

namespace fermata::cli {
namespace {

TEST(MemoryFile, KeepsWhatIsWritten) {
  const MemoryFile file("test");
  EXPECT_EQ(file.content(), "");
  ASSERT_EQ(::write(file.descriptor(), "hello", 5), 5);
  EXPECT_EQ(file.content(), "hello");
  EXPECT_EQ(file.content(), "hello");
}

TEST(SharedStatistics, AreUsedOnceAGuestSaysSo) {
  const SharedStatistics statistics;
  EXPECT_FALSE(statistics.is_used());
  void* memory =
      ::mmap(nullptr, sizeof(guest::Statistics), PROT_READ | PROT_WRITE, MAP_SHARED, statistics.descriptor(), 0);
  ASSERT_NE(memory, MAP_FAILED);
  auto* theirs = static_cast<guest::Statistics*>(memory);
  theirs->running_ns = 5;
  theirs->layout = guest::Statistics::current_layout;
  EXPECT_TRUE(statistics.is_used());
  EXPECT_EQ(statistics.counts().running_ns, 5U);
  ::munmap(memory, sizeof(guest::Statistics));
}

}  // namespace
}  // namespace fermata::cli
