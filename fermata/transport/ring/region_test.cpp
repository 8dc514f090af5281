// SPDX-License-Identifier: MIT
#include "fermata/transport/ring/region.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>

#include "fermata/base/error.hpp"

namespace fermata::transport::ring {
namespace {

constexpr std::size_t capacity = 4096;
constexpr int all_seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;

// Memory whose first bytes are a header's, with one of them wrong if a test wants it so.
struct Recipe {
  std::string magic = "FRMTRING";
  std::uint32_t version = 2;
  std::uint32_t header_bytes = 4096;
  std::uint64_t rings = capacity;
  off_t size = static_cast<off_t>(region_bytes(capacity));
  int seals = all_seals;
  unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
};

host::UniqueFd memory_of(const Recipe& recipe) {
  host::UniqueFd memory(::memfd_create("test", recipe.flags));
  EXPECT_TRUE(memory.is_open());
  std::string head = recipe.magic;
  head.append(reinterpret_cast<const char*>(&recipe.version), sizeof recipe.version);
  head.append(reinterpret_cast<const char*>(&recipe.header_bytes), sizeof recipe.header_bytes);
  head.append(reinterpret_cast<const char*>(&recipe.rings), sizeof recipe.rings);
  EXPECT_EQ(::pwrite(memory.get(), head.data(), head.size(), 0), static_cast<ssize_t>(head.size()));
  EXPECT_EQ(::ftruncate(memory.get(), recipe.size), 0);
  EXPECT_EQ(::fcntl(memory.get(), F_ADD_SEALS, recipe.seals), 0);
  return memory;
}

std::string refusal(int descriptor) {
  try {
    const Region region = Region::map(descriptor);
  } catch (const base::Error& error) {
    EXPECT_EQ(error.code(), base::ErrorCode::unsupported);
    return error.what();
  }
  return "mapped";
}

std::string refusal_of(const Recipe& recipe) { return refusal(memory_of(recipe).get()); }

TEST(Region, MakesWhatTheDocumentSays) {
  const host::UniqueFd memory = Region::make(capacity);
  EXPECT_EQ(::fcntl(memory.get(), F_GET_SEALS), all_seals);
  EXPECT_NE(::fcntl(memory.get(), F_GETFD) & FD_CLOEXEC, 0);
  struct stat status {};
  EXPECT_EQ(::fstat(memory.get(), &status), 0);
  EXPECT_EQ(status.st_size, 4096 + 2 * 4096);
  std::array<unsigned char, 24> head{};
  EXPECT_EQ(::pread(memory.get(), head.data(), head.size(), 0), 24);
  EXPECT_EQ(head, (std::array<unsigned char, 24>{'F', 'R',  'M', 'T', 'R', 'I',  'N', 'G', 2, 0, 0, 0,  //
                                                 0,   0x10, 0,   0,   0,   0x10, 0,   0,   0, 0, 0, 0}));
}

TEST(Region, TwoMappingsShowTheSameMemoryAndTheRingsDoNotOverlap) {
  const host::UniqueFd memory = Region::make(capacity);
  const Region one = Region::map(memory.get());
  const Region other = Region::map(memory.get());
  one.words(0).written = 7;
  one.words(1).closed = 1;
  one.slots(0).back().bytes.back() = std::byte{1};
  one.slots(1).front().tag = 2;
  one.slots(1).back().bytes.back() = std::byte{3};
  EXPECT_EQ(other.words(0).written.load(), 7U);
  EXPECT_EQ(other.words(1).closed.load(), 1U);
  EXPECT_EQ(other.words(0).closed.load(), 0U);
  EXPECT_EQ(other.slots(0).back().bytes.back(), std::byte{1});
  EXPECT_EQ(other.slots(1).front().tag.load(), 2U);
  EXPECT_EQ(other.slots(1).size_bytes(), capacity);
  std::byte last{};
  EXPECT_EQ(::pread(memory.get(), &last, 1, 4096 + 2 * 4096 - 1), 1);
  EXPECT_EQ(last, std::byte{3});
}

TEST(Region, RefusesWhatIsNoSealedMemory) {
  EXPECT_NE(refusal(987).find("descriptor 987 is not open"), std::string::npos);
  const host::UniqueFd file(::open("/dev/null", O_RDWR | O_CLOEXEC));
  EXPECT_NE(refusal(file.get()).find("is no memfd"), std::string::npos);
  for (const int seals : {0, F_SEAL_SHRINK, F_SEAL_GROW}) {
    EXPECT_NE(refusal_of({.seals = seals}).find("can still change its size"), std::string::npos) << seals;
  }
  EXPECT_NE(refusal_of({.seals = all_seals | F_SEAL_WRITE}).find("cannot be written to"), std::string::npos);
}

TEST(Region, RefusesHugePagesWhichCanRunOut) {
  const host::UniqueFd memory(::memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_HUGETLB));
  if (!memory.is_open()) {
    GTEST_SKIP() << "no huge pages on this host";
  }
  EXPECT_EQ(::ftruncate(memory.get(), off_t{1} << 30U), 0);
  EXPECT_EQ(::fcntl(memory.get(), F_ADD_SEALS, all_seals), 0);
  EXPECT_NE(refusal(memory.get()).find("huge pages"), std::string::npos);
}

TEST(Region, RefusesAnotherLayout) {
  EXPECT_EQ(refusal_of({}), "mapped") << "the recipe is right where nothing is changed";
  EXPECT_NE(refusal_of({.magic = "FRMTRINg"}).find("does not begin with FRMTRING"), std::string::npos);
  EXPECT_NE(refusal_of({.version = 1}).find("version 1 of the layout where this program speaks version 2"),
            std::string::npos);
  EXPECT_NE(refusal_of({.header_bytes = 4032}).find("a header of 4032 bytes"), std::string::npos);
}

TEST(Region, RefusesSizesThatDoNotFit) {
  EXPECT_NE(refusal_of({.size = 4095}).find("4095 bytes, less than a header"), std::string::npos);
  EXPECT_NE(refusal_of({.size = 4096 * 3 - 1}).find("12287 bytes where its rings need 12288"), std::string::npos);
  EXPECT_NE(refusal_of({.size = 4096 * 3 + 1}).find("12289 bytes where its rings need 12288"), std::string::npos);
  for (const std::uint64_t rings : {std::uint64_t{0}, std::uint64_t{32}, std::uint64_t{4095}, std::uint64_t{4097},
                                    std::uint64_t{32} << 20U, std::uint64_t{1} << 63U}) {
    EXPECT_NE(refusal_of({.rings = rings}).find("not a power of two from 64 to 16 MiB"), std::string::npos) << rings;
  }
}

TEST(Region, TakesTheSmallestAndTheGreatestRings) {
  for (const std::size_t rings : {smallest_capacity, greatest_capacity}) {
    const host::UniqueFd memory = Region::make(rings);
    EXPECT_EQ(Region::map(memory.get()).slots(1).size_bytes(), rings);
  }
}

}  // namespace
}  // namespace fermata::transport::ring
