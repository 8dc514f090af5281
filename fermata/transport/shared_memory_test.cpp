// SPDX-License-Identifier: MIT
#include "fermata/transport/shared_memory.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <functional>
#include <string>
#include <thread>
#include <tuple>

#include "fermata/base/error.hpp"
#include "fermata/host/unique_fd.hpp"
#include "fermata/transport/ring/region.hpp"

namespace fermata::transport {
namespace {

using namespace std::chrono_literals;
using Side = SharedMemory::Side;

constexpr auto long_enough = 30s;  // a limit for what must come, not a delay
constexpr std::size_t capacity = 4096;
constexpr std::size_t room = capacity / 64 * 60;  // for the stream's bytes

std::span<const std::byte> bytes_of(const std::string& text) { return std::as_bytes(std::span(text)); }

std::string read_some(Stream& stream, host::HostDuration wait = 0s) {
  std::string text(2 * capacity, '\0');
  text.resize(stream.read(std::as_writable_bytes(std::span(text)), wait).count);
  return text;
}

// What the call said when it threw.
std::string error_of(base::ErrorCode code, const std::function<void()>& call) {
  try {
    call();
  } catch (const base::Error& error) {
    EXPECT_EQ(error.code(), code);
    return error.what();
  }
  return "no error";
}

class SharedMemoryTest : public ::testing::Test {
 protected:
  // Until the side sleeps in a wait for `what`.
  void await_sleep(std::size_t side, ring::WaitsFor what) const {
    while (region_.words(side).asleep.load() != static_cast<std::uint32_t>(what)) {
      std::this_thread::yield();
    }
  }

  std::pair<SharedMemory, SharedMemory> ends_ = SharedMemory::make_pair(capacity);
  SharedMemory& a_ = ends_.first;
  SharedMemory& b_ = ends_.second;
  ring::Region region_ = ring::Region::map(a_.descriptors().memory);
};

TEST_F(SharedMemoryTest, ManyBlocksThatDoNotDivideTheRingArriveWhole) {
  std::string sent;
  std::string received;
  for (int i = 0; i < 1000; ++i) {
    const std::string block(static_cast<std::size_t>(i % 97), static_cast<char>('a' + i % 26));
    EXPECT_EQ(a_.write(bytes_of(block), 0s).count, block.size());
    sent += block;
    received += i % 7 == 0 ? read_some(b_) : "";
  }
  received += read_some(b_);
  EXPECT_EQ(received, sent);
  EXPECT_GT(sent.size(), 10 * capacity);
}

TEST_F(SharedMemoryTest, AFullRingTakesThePartThatFits) {
  EXPECT_EQ(a_.write(bytes_of(std::string(room - 60, 'f')), 0s).count, room - 60);
  EXPECT_EQ(a_.write(bytes_of(std::string(70, 'g')), 0s), IoResult{.count = 60});
  EXPECT_EQ(a_.write(bytes_of("x"), 0s), IoResult{});
  EXPECT_EQ(a_.write(bytes_of("x"), 1ms), IoResult{});
  EXPECT_EQ(b_.write(bytes_of("the other way is free"), 0s).count, 21U);
  EXPECT_EQ(read_some(b_), std::string(room - 60, 'f') + std::string(60, 'g'));
  EXPECT_EQ(a_.write(bytes_of("x"), 0s), IoResult{.count = 1});
}

TEST_F(SharedMemoryTest, NothingToMoveIsNoReasonToWait) {
  EXPECT_EQ(a_.read({}, long_enough), IoResult{});
  EXPECT_EQ(a_.write({}, long_enough), IoResult{});
}

TEST_F(SharedMemoryTest, AReaderThatSleepsIsWokenByBytes) {
  for (int i = 0; i < 100; ++i) {
    std::thread reader([this] { EXPECT_EQ(read_some(b_, long_enough), "wake up"); });
    await_sleep(1, ring::WaitsFor::bytes);
    EXPECT_EQ(a_.write(bytes_of("wake up"), 0s).count, 7U);
    reader.join();
    std::thread reverse([this] { EXPECT_EQ(read_some(a_, long_enough), "you, too"); });
    await_sleep(0, ring::WaitsFor::bytes);
    EXPECT_EQ(b_.write(bytes_of("you, too"), 0s).count, 8U);
    reverse.join();
    EXPECT_EQ(region_.words(0).asleep.load(), 0U);
    EXPECT_EQ(region_.words(1).asleep.load(), 0U);
  }
}

TEST_F(SharedMemoryTest, AWriterThatSleepsIsWokenByRoom) {
  EXPECT_EQ(a_.write(bytes_of(std::string(room, 'f')), 0s).count, room);
  EXPECT_EQ(b_.write(bytes_of(std::string(room, 'g')), 0s).count, room);
  std::array<std::byte, 60> slot{};
  for (int i = 0; i < 100; ++i) {
    std::thread writer([this] { EXPECT_EQ(a_.write(bytes_of(std::string(60, 'f')), long_enough).count, 60U); });
    await_sleep(0, ring::WaitsFor::room);
    EXPECT_EQ(b_.read(slot, 0s).count, 60U);
    writer.join();
    std::thread reverse([this] { EXPECT_EQ(b_.write(bytes_of(std::string(60, 'g')), long_enough).count, 60U); });
    await_sleep(1, ring::WaitsFor::room);
    EXPECT_EQ(a_.read(slot, 0s).count, 60U);
    reverse.join();
  }
}

// The sleeps are short, so a wake-up that is missing shows in the word and hardly in the time.
TEST_F(SharedMemoryTest, AReadDoesNotWakeAPeerThatWaitsForBytesButOneThatWaitsForRoom) {
  EXPECT_EQ(a_.write(bytes_of("request"), 0s).count, 7U);
  region_.words(0).asleep = static_cast<std::uint32_t>(ring::WaitsFor::bytes);
  EXPECT_EQ(read_some(b_), "request");
  EXPECT_EQ(region_.words(0).asleep.load(), 1U);
  EXPECT_EQ(b_.write(bytes_of("answer"), 0s).count, 6U);
  EXPECT_EQ(region_.words(0).asleep.load(), 0U);
  region_.words(1).asleep = static_cast<std::uint32_t>(ring::WaitsFor::room);
  EXPECT_EQ(read_some(a_), "answer");
  EXPECT_EQ(region_.words(1).asleep.load(), 0U);
}

TEST_F(SharedMemoryTest, ATagOfThePeerThatCannotBeIsAnErrorOnceAndThenTheEnd) {
  region_.slots(0)[0].tag = 0x1ff;
  const std::string said = error_of(base::ErrorCode::protocol_violation, [this] { read_some(b_); });
  EXPECT_NE(said.find("gave the slot at 0 the tag 511"), std::string::npos) << said;
  std::byte byte{};
  EXPECT_EQ(b_.read({&byte, 1}, long_enough), IoResult{.is_end = true});
  EXPECT_EQ(b_.write({&byte, 1}, long_enough), IoResult{.is_end = true});
  EXPECT_EQ(a_.read({&byte, 1}, long_enough), IoResult{.is_end = true}) << "the hostile side sees a close";
}

TEST_F(SharedMemoryTest, AWriterFindsAHostileReader) {
  EXPECT_EQ(a_.write(bytes_of(std::string(room, 'f')), 0s).count, room);
  region_.words(1).read = capacity + 1;
  const std::string said =
      error_of(base::ErrorCode::protocol_violation, [this] { std::ignore = a_.write(bytes_of("x"), 0s); });
  EXPECT_NE(said.find("moved its read position to 4097, after 0"), std::string::npos) << said;
  EXPECT_EQ(a_.write(bytes_of("x"), long_enough), IoResult{.is_end = true});
}

TEST_F(SharedMemoryTest, AHostileHeaderOrSleepWordDoesNoHarm) {
  const ring::SideWords& first = region_.words(0);
  auto* const head = reinterpret_cast<std::byte*>(const_cast<ring::SideWords*>(&first)) - offsetof(ring::Header, sides);
  std::fill_n(head, offsetof(ring::Header, sides), std::byte{0xff});
  region_.words(0).asleep = 0xffffffff;
  region_.words(1).asleep = 0xffffffff;
  b_.keep_apart();
  for (const std::uint32_t processor : {0x8000'0000U, 0xffff'ffffU, 0x7fff'ffffU, 1'000'000U, 1U, 2U}) {
    std::byte none{};
    region_.words(0).processor = processor;
    EXPECT_EQ(b_.read({&none, 1}, 1ms), IoResult{});
  }
  EXPECT_EQ(a_.write(bytes_of("still the same rings"), 0s).count, 20U);
  EXPECT_EQ(read_some(b_, long_enough), "still the same rings");
  std::byte byte{};
  EXPECT_EQ(b_.read({&byte, 1}, 1ms), IoResult{});
}

TEST_F(SharedMemoryTest, IsNotInheritedByPrograms) {
  for (const SharedMemory* end : {&a_, &b_}) {
    EXPECT_NE(::fcntl(end->descriptors().memory, F_GETFD) & FD_CLOEXEC, 0);
    EXPECT_NE(::fcntl(end->descriptors().life_socket, F_GETFD) & FD_CLOEXEC, 0);
  }
  EXPECT_NE(a_.descriptors().memory, b_.descriptors().memory);
}

TEST_F(SharedMemoryTest, AnEndIsHandedOverWithWhatIsUnderWay) {
  EXPECT_EQ(a_.write(bytes_of("to b"), 0s).count, 4U);
  EXPECT_EQ(b_.write(bytes_of("from b"), 0s).count, 6U);
  const SharedMemory::Descriptors old = b_.descriptors();
  const SharedMemory::Descriptors copy{::dup(old.memory), ::dup(old.life_socket), old.side};
  b_.detach();
  EXPECT_EQ(b_.descriptors().memory, -1);
  SharedMemory adopted = SharedMemory::adopt(copy);
  EXPECT_EQ(adopted.descriptors().side, Side::b);
  EXPECT_EQ(read_some(adopted), "to b");
  EXPECT_EQ(adopted.write(bytes_of(", again"), 0s).count, 7U);
  EXPECT_EQ(read_some(a_), "from b, again");
  adopted.close();
  EXPECT_EQ(a_.write(bytes_of("x"), 0s), IoResult{.is_end = true});
}

TEST_F(SharedMemoryTest, AnEndThatWasOnlyDetachedShowsAsADeadPeer) {
  EXPECT_EQ(b_.write(bytes_of("left behind"), 0s).count, 11U);
  b_.detach();
  EXPECT_EQ(region_.words(1).closed.load(), 0U);
  EXPECT_EQ(read_some(a_, long_enough), "left behind");
  std::byte byte{};
  EXPECT_EQ(a_.read({&byte, 1}, long_enough), IoResult{.is_end = true});
}

TEST(SharedMemoryAdopt, RefusesWhatIsNoEndAndLeavesItOpen) {
  auto [a, b] = SharedMemory::make_pair(capacity);
  const SharedMemory::Descriptors good = b.descriptors();
  const auto refusal = [](const SharedMemory::Descriptors& descriptors) {
    return error_of(base::ErrorCode::unsupported, [&descriptors] { std::ignore = SharedMemory::adopt(descriptors); });
  };
  EXPECT_NE(refusal({987, good.life_socket, Side::b}).find("descriptor 987 is not open"), std::string::npos);
  EXPECT_NE(refusal({good.life_socket, good.life_socket, Side::b}).find("is no memfd"), std::string::npos);
  EXPECT_NE(refusal({good.memory, good.memory, Side::b}).find("is not a socket"), std::string::npos);
  const host::UniqueFd lonely(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  EXPECT_NE(refusal({good.memory, lonely.get(), Side::b}).find("is not connected"), std::string::npos);

  const ring::Region region = ring::Region::map(good.memory);
  region.words(1).written = capacity + 64;
  EXPECT_NE(refusal(good).find("more under way than its rings hold"), std::string::npos);
  region.words(1).written = 0;
  region.words(1).closed = 1;
  EXPECT_NE(refusal(good).find("was closed already"), std::string::npos);
  EXPECT_GE(::fcntl(good.memory, F_GETFD), 0);
  EXPECT_GE(::fcntl(good.life_socket, F_GETFD), 0);
}

TEST(SharedMemoryPair, TakesAPowerOfTwoInItsRangeOnly) {
  for (const std::size_t wrong : {std::size_t{0}, std::size_t{32}, std::size_t{65}, std::size_t{32} << 20U}) {
    try {
      std::ignore = SharedMemory::make_pair(wrong);
      ADD_FAILURE() << wrong;
    } catch (const base::BadArgument& error) {
      EXPECT_NE(std::string(error.what()).find("capacity is " + std::to_string(wrong)), std::string::npos);
    }
  }
  auto [a, b] = SharedMemory::make_pair(64);
  EXPECT_EQ(a.write(bytes_of(std::string(100, 'f')), 0s).count, 60U);
}

}  // namespace
}  // namespace fermata::transport
