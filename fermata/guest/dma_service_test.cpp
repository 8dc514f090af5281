// SPDX-License-Identifier: MIT
#include "fermata/guest/dma_service.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include "fermata/wire/link/dma.hpp"

namespace fermata::guest {
namespace {

using wire::link::DmaKind;
using wire::link::DmaReply;
using wire::link::DmaRequest;
using wire::link::DmaStatus;

/// 64 bytes at 100, of which the first 32 are for reading only.
struct Memory final : GuestMemory {
  bool is_memory(std::uint64_t address, std::uint64_t size, Need need) override {
    const std::uint64_t from = need == Need::writing ? 132 : 100;
    return address >= from && size <= 164 - from && address - from <= 164 - from - size;
  }
  void read(std::uint64_t address, std::span<std::byte> into) override {
    std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(address - 100), into.size(), into.begin());
  }
  void write(std::uint64_t address, std::span<const std::byte> from) override {
    std::copy(from.begin(), from.end(), bytes.begin() + static_cast<std::ptrdiff_t>(address - 100));
  }
  std::vector<std::byte> bytes = std::vector<std::byte>(64, std::byte{1});
};

struct Answer {
  std::uint64_t request;
  DmaStatus status;
  std::vector<std::byte> data;
};

Answer ask(Memory& memory, DmaKind kind, std::uint64_t address, std::uint32_t length,
           const std::vector<std::byte>& data = {}) {
  const auto request = DmaRequest{{.kind = kind, .length = length, .address = address}, data}.bytes();
  EXPECT_EQ(wire::link::why_not_dma_request(request), "");
  const auto payload = serve_dma(memory, 77, request);
  EXPECT_EQ(wire::link::why_not_dma_reply(payload), "");
  const auto [head, bytes] = DmaReply::from(payload);
  return {head.request, head.status, {bytes.begin(), bytes.end()}};
}

TEST(DmaService, ReadsAndWrites) {
  Memory memory;
  const std::vector<std::byte> two(2, std::byte{9});
  const Answer written = ask(memory, DmaKind::write, 162, 2, two);
  EXPECT_EQ(written.request, 77U);
  EXPECT_EQ(written.status, DmaStatus::done);
  EXPECT_TRUE(written.data.empty());
  const Answer read = ask(memory, DmaKind::read, 161, 3);
  EXPECT_EQ(read.status, DmaStatus::done);
  EXPECT_EQ(read.data, (std::vector{std::byte{1}, std::byte{9}, std::byte{9}}));
}

TEST(DmaService, MovesAllOrNothing) {
  Memory memory;
  const std::vector<std::byte> four(4, std::byte{9});
  const auto before = memory.bytes;
  for (const std::uint64_t address :
       {std::uint64_t{161}, std::uint64_t{130}, std::uint64_t{0}, std::numeric_limits<std::uint64_t>::max() - 1}) {
    EXPECT_EQ(ask(memory, DmaKind::write, address, 4, four).status, DmaStatus::not_memory) << address;
    EXPECT_EQ(ask(memory, DmaKind::check_write, address, 4).status, DmaStatus::not_memory) << address;
  }
  EXPECT_EQ(memory.bytes, before);
  const Answer read = ask(memory, DmaKind::read, 161, 4);
  EXPECT_EQ(read.status, DmaStatus::not_memory);
  EXPECT_TRUE(read.data.empty());
}

TEST(DmaService, ChecksMoveNothing) {
  Memory memory;
  const auto before = memory.bytes;
  EXPECT_EQ(ask(memory, DmaKind::check_read, 100, 64).status, DmaStatus::done);
  EXPECT_EQ(ask(memory, DmaKind::check_read, 100, 65).status, DmaStatus::not_memory);
  EXPECT_EQ(ask(memory, DmaKind::check_write, 132, 32).status, DmaStatus::done);
  EXPECT_EQ(ask(memory, DmaKind::check_write, 131, 32).status, DmaStatus::not_memory);
  EXPECT_EQ(ask(memory, DmaKind::check_read, 100, 0xffff'ffff).status, DmaStatus::not_memory);
  EXPECT_EQ(memory.bytes, before);
}

TEST(DmaService, SaysWhatItDoesNotKnow) {
  Memory memory;
  EXPECT_EQ(ask(memory, static_cast<DmaKind>(5), 132, 4).status, DmaStatus::unknown_request);
  EXPECT_EQ(ask(memory, static_cast<DmaKind>(0), 132, 0).status, DmaStatus::unknown_request);
}

}  // namespace
}  // namespace fermata::guest
