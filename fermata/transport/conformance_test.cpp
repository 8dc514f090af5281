// SPDX-License-Identifier: MIT
// What every transport promises, run over each of them.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "fermata/transport/in_process.hpp"
#include "fermata/transport/shared_memory.hpp"
#include "fermata/transport/unix_socket.hpp"

namespace fermata::transport {
namespace {

using namespace std::chrono_literals;

constexpr auto long_enough = 30s;  // a limit for what must come, not a delay

struct Ends {
  std::unique_ptr<Stream> a;
  std::unique_ptr<Stream> b;
};

template <typename Transport>
Ends make_ends() {
  auto [a, b] = Transport::make_pair();
  return {std::make_unique<Transport>(std::move(a)), std::make_unique<Transport>(std::move(b))};
}

struct Kind {
  std::string name;
  Ends (*make)();
};

class TransportConformance : public ::testing::TestWithParam<Kind> {
 protected:
  Ends ends_ = GetParam().make();
};

std::span<const std::byte> bytes_of(const std::string& text) { return std::as_bytes(std::span(text)); }

std::string read_text(Stream& stream, std::size_t count) {
  std::string text(count, '\0');
  std::size_t got = 0;
  while (got < count) {
    const IoResult result = stream.read(std::as_writable_bytes(std::span(text).subspan(got)), long_enough);
    if (result.count == 0) {
      break;
    }
    got += result.count;
  }
  text.resize(got);
  return text;
}

TEST_P(TransportConformance, CarriesBytesBothWaysInOrder) {
  EXPECT_EQ(ends_.a->write(bytes_of("grant"), 0s), IoResult{.count = 5});
  EXPECT_EQ(ends_.b->write(bytes_of("report"), 0s), IoResult{.count = 6});
  EXPECT_EQ(read_text(*ends_.b, 5), "grant");
  EXPECT_EQ(read_text(*ends_.a, 6), "report");
}

TEST_P(TransportConformance, AReadWithoutBytesEndsAtItsLimit) {
  std::byte byte{};
  EXPECT_EQ(ends_.a->read({&byte, 1}, 0s), IoResult{});
  EXPECT_EQ(ends_.a->read({&byte, 1}, 1ms), IoResult{});
}

TEST_P(TransportConformance, AReaderIsWokenByAWriteFromAnotherThread) {
  std::thread writer([this] { EXPECT_EQ(ends_.b->write(bytes_of("x"), long_enough).count, 1U); });
  EXPECT_EQ(read_text(*ends_.a, 1), "x");
  writer.join();
}

TEST_P(TransportConformance, WhatWasWrittenBeforeTheCloseIsStillRead) {
  EXPECT_EQ(ends_.a->write(bytes_of("last words"), 0s).count, 10U);
  ends_.a->close();
  EXPECT_EQ(read_text(*ends_.b, 10), "last words");
  std::byte byte{};
  EXPECT_EQ(ends_.b->read({&byte, 1}, long_enough), IoResult{.is_end = true});
  EXPECT_EQ(ends_.b->read({&byte, 1}, long_enough), IoResult{.is_end = true}) << "and again";
}

TEST_P(TransportConformance, TheClosersOwnEndIsAtItsEnd) {
  ends_.a->close();
  ends_.a->close();
  std::byte byte{};
  EXPECT_EQ(ends_.a->read({&byte, 1}, 0s), IoResult{.is_end = true});
  EXPECT_EQ(ends_.a->write({&byte, 1}, 0s), IoResult{.is_end = true});
}

TEST_P(TransportConformance, AWriteToAClosedPeerSaysSo) {
  ends_.b->close();
  EXPECT_EQ(ends_.a->write(bytes_of("x"), long_enough), IoResult{.is_end = true});
}

TEST_P(TransportConformance, DestroyingAnEndClosesIt) {
  ends_.b.reset();
  std::byte byte{};
  EXPECT_EQ(ends_.a->read({&byte, 1}, long_enough), IoResult{.is_end = true});
}

TEST_P(TransportConformance, ACloseWakesAWaitingReader) {
  std::thread closer([this] { ends_.b->close(); });
  std::byte byte{};
  EXPECT_EQ(ends_.a->read({&byte, 1}, long_enough), IoResult{.is_end = true});
  closer.join();
}

TEST_P(TransportConformance, AFullStreamMakesTheWriterWaitAndLosesNothing) {
  const std::string block(1000, 'f');
  std::size_t written = 0;
  for (IoResult result; (result = ends_.a->write(bytes_of(block), 0s)).count > 0;) {
    written += result.count;
  }
  EXPECT_EQ(ends_.a->write(bytes_of(block), 1ms), IoResult{});
  EXPECT_EQ(read_text(*ends_.b, written).size(), written);
  EXPECT_GT(ends_.a->write(bytes_of(block), 0s).count, 0U);
}

INSTANTIATE_TEST_SUITE_P(Each, TransportConformance,
                         ::testing::Values(Kind{"unix_socket", &make_ends<UnixSocket>},
                                           Kind{"in_process", &make_ends<InProcessStream>},
                                           Kind{"shared_memory", &make_ends<SharedMemory>}),
                         [](const auto& param_info) { return param_info.param.name; });

}  // namespace
}  // namespace fermata::transport
