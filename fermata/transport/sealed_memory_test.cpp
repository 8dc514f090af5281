// SPDX-License-Identifier: MIT
// What it refuses beyond this: ring/region_test.cpp.
#include "fermata/transport/sealed_memory.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <utility>

#include "fermata/base/error.hpp"

namespace fermata::transport {
namespace {

constexpr SealedMemory::Wanted wanted{.least = 100, .advice = "pass another"};

TEST(SealedMemory, IsZeroAndOneForAllWhoMapIt) {
  const host::UniqueFd fd = SealedMemory::make("test", 5000);
  const SealedMemory one = SealedMemory::map(fd.get(), wanted);
  const SealedMemory other = SealedMemory::map(fd.get(), wanted);
  EXPECT_EQ(one.size(), 5000U);
  EXPECT_EQ(other.data()[4999], std::byte{0});
  one.data()[4999] = std::byte{7};
  EXPECT_EQ(other.data()[4999], std::byte{7});
  EXPECT_NE(::fcntl(fd.get(), F_GETFD) & FD_CLOEXEC, 0);
}

TEST(SealedMemory, CannotChangeItsSize) {
  const host::UniqueFd fd = SealedMemory::make("test", 5000);
  EXPECT_NE(::ftruncate(fd.get(), 4000), 0);
  EXPECT_NE(::ftruncate(fd.get(), 6000), 0);
}

TEST(SealedMemory, SaysWhatElseToPass) {
  const host::UniqueFd fd = SealedMemory::make("test", 99);
  try {
    static_cast<void>(SealedMemory::map(fd.get(), wanted));
    ADD_FAILURE() << "mapped";
  } catch (const base::Error& error) {
    EXPECT_EQ(error.what(),
              "descriptor " + std::to_string(fd.get()) + " has 99 bytes, less than a header; pass another");
  }
}

TEST(SealedMemory, IsMovable) {
  const host::UniqueFd fd = SealedMemory::make("test", 200);
  SealedMemory one = SealedMemory::map(fd.get(), wanted);
  const SealedMemory moved = std::move(one);
  moved.data()[0] = std::byte{1};
  EXPECT_EQ(SealedMemory::map(fd.get(), wanted).data()[0], std::byte{1});
}

}  // namespace
}  // namespace fermata::transport
