// SPDX-License-Identifier: MIT
#include "fermata/transport/shared_clocks.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <string>
#include <thread>

#include "fermata/base/error.hpp"

namespace fermata::transport {
namespace {

using namespace std::chrono_literals;

// Another process's view of them.
SharedClocks other_view(const SharedClocks& clocks) {
  return SharedClocks::adopt(::fcntl(clocks.descriptor(), F_DUPFD_CLOEXEC, 0));
}

std::string refusal(int descriptor) {
  try {
    static_cast<void>(SharedClocks::adopt(descriptor));
  } catch (const base::Error& error) {
    EXPECT_EQ(error.code(), base::ErrorCode::unsupported);
    return error.what();
  }
  return "adopted";
}

TEST(SharedClocks, AreSeenByAllWhoShareThem) {
  SharedClocks clocks = SharedClocks::make(3);
  const SharedClocks others = other_view(clocks);
  EXPECT_EQ(others.count(), 3U);
  clocks.tell(0, 5);
  clocks.tell(2, SharedClocks::ended);
  EXPECT_EQ(others.read(0), 5);
  EXPECT_EQ(others.read(1), 0);
  EXPECT_EQ(others.read(2), SharedClocks::ended);
}

// Two that keep to each other, in turns, as fast as they can: a wake-up that is lost shows as a test that takes an
// hour.
TEST(SharedClocks, WhoWaitsForAClockIsWoken) {
  constexpr std::int64_t turns = 20'000;
  SharedClocks clocks = SharedClocks::make(2);
  SharedClocks others = other_view(clocks);
  const auto keep_to = [](SharedClocks& shared, std::size_t own, std::size_t other, std::int64_t distance) {
    for (std::int64_t now = 1; now <= turns; ++now) {
      for (std::int64_t seen = shared.read(other); seen + distance < now; seen = shared.read(other)) {
        shared.wait_while(other, seen, 1h);
      }
      shared.tell(own, now);
    }
  };
  std::jthread other([&] { keep_to(others, 1, 0, 0); });
  keep_to(clocks, 0, 1, 1);
  other.join();
  EXPECT_EQ(clocks.read(1), turns);
}

TEST(SharedClocks, AWaitEndsInTime) {
  SharedClocks clocks = SharedClocks::make(1);
  clocks.wait_while(0, 0, 1ms);
  clocks.wait_while(0, 1, 1h);  // it does not stand there
  clocks.wait_for_bell(0, 1ms);
  clocks.wait_for_bell(7, 1h);
}

TEST(SharedClocks, TheBellWakesWhoHasNotHeardIt) {
  SharedClocks clocks = SharedClocks::make(1);
  SharedClocks others = other_view(clocks);
  const std::uint32_t heard = clocks.bell();
  std::jthread other([&others] { others.ring_bell(); });
  while (clocks.bell() == heard) {
    clocks.wait_for_bell(heard, 1h);
  }
}

TEST(SharedClocks, TheBellIsRungForAClockThatIsAwaited) {
  SharedClocks clocks = SharedClocks::make(2);
  clocks.tell(0, 5);
  EXPECT_EQ(clocks.bell(), 0U);
  clocks.await(0, 7);
  clocks.tell(0, 6);
  clocks.tell(1, 9);
  EXPECT_EQ(clocks.bell(), 0U);
  clocks.tell(0, 7);
  clocks.tell(0, 8);
  EXPECT_EQ(clocks.bell(), 2U);
  clocks.await(0, SharedClocks::ended);
  clocks.tell(0, 9);
  EXPECT_EQ(clocks.bell(), 2U);
  clocks.tell(0, SharedClocks::ended);
  EXPECT_EQ(clocks.bell(), 3U);
}

TEST(SharedClocks, ThereAreFromOneToAThousandAndTwentyFour) {
  EXPECT_THROW(static_cast<void>(SharedClocks::make(0)), base::BadArgument);
  EXPECT_THROW(static_cast<void>(SharedClocks::make(1025)), base::BadArgument);
  SharedClocks clocks = SharedClocks::make(1024);
  clocks.tell(1023, 1);
  EXPECT_EQ(other_view(clocks).read(1023), 1);
}

TEST(SharedClocks, EachIsGivenAwayOnce) {
  SharedClocks clocks = SharedClocks::make(2);
  EXPECT_EQ(clocks.next(), 0U);
  EXPECT_EQ(clocks.next(), 0U) << "it was not taken";
  clocks.take(0);
  EXPECT_EQ(clocks.next(), 1U);
  clocks.take(1);
  EXPECT_THROW(static_cast<void>(clocks.next()), base::BadArgument);
}

// With another word at an offset of the head.
host::UniqueFd memory_with(std::size_t offset, std::uint32_t word) {
  const SharedClocks clocks = SharedClocks::make(2);
  host::UniqueFd memory(::fcntl(clocks.descriptor(), F_DUPFD_CLOEXEC, 0));
  EXPECT_EQ(::pwrite(memory.get(), &word, sizeof word, static_cast<off_t>(offset)), 4);
  return memory;
}

TEST(SharedClocks, RefusesWhatTheyAreNot) {
  EXPECT_NE(refusal(987).find("descriptor 987 is not open; pass the shared clocks"), std::string::npos);
  const host::UniqueFd open(::memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  EXPECT_NE(refusal(open.get()).find("can still change its size"), std::string::npos);
  EXPECT_NE(refusal(SealedMemory::make("test", 383).get()).find("383 bytes, less than a header"), std::string::npos);
  EXPECT_NE(refusal(memory_with(0, 0).get()).find("does not begin with FRMTCLCK"), std::string::npos);
  EXPECT_NE(refusal(memory_with(8, 2).get()).find("version 2 of the layout where this program speaks version 1"),
            std::string::npos);
  for (const std::uint32_t count : {0U, 1U, 3U, 0xffff'ffffU}) {
    EXPECT_NE(refusal(memory_with(12, count).get()).find("512 bytes and says that there are " + std::to_string(count)),
              std::string::npos);
  }
}

}  // namespace
}  // namespace fermata::transport
