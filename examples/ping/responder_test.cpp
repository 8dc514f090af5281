// SPDX-License-Identifier: MIT
//
// The firmware in firmware/, on an embedded machine: what it answers, and what not.
#include <gmock/gmock.h>

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <vector>

#include "ethernet_link.hpp"
#include "fermata/machine/boot/boot_plan.hpp"
#include "fermata/machine/machine.hpp"
#include "icmp_echo.hpp"

namespace ping {
namespace {

namespace machine = fermata::machine;
using Bytes = std::vector<std::uint8_t>;

const Bytes pinger_card{2, 0, 0, 0, 0, 1};
const Bytes responder_card{2, 0, 0, 0, 0, 2};
const Bytes pinger_ip{10, 0, 0, 1};
const Bytes responder_ip{10, 0, 0, 2};

Bytes join(std::initializer_list<Bytes> parts) {
  Bytes all;
  for (const Bytes& part : parts) {
    all.insert(all.end(), part.begin(), part.end());
  }
  return all;
}

// The internet checksum of RFC 1071.
std::uint16_t checksum_of(const Bytes& bytes) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    sum += static_cast<std::uint32_t>(bytes[i]) << (i % 2 == 0 ? 8U : 0U);
  }
  while (sum > 0xffff) {
    sum = (sum & 0xffffU) + (sum >> 16U);
  }
  return static_cast<std::uint16_t>(~sum);
}

void put_checksum(Bytes& bytes, std::size_t at) {
  const std::uint16_t sum = checksum_of(bytes);
  bytes.at(at) = static_cast<std::uint8_t>(sum >> 8U);
  bytes.at(at + 1) = static_cast<std::uint8_t>(sum);
}

Bytes arp(std::uint8_t operation, const Bytes& target_card, const Bytes& target_ip) {
  return join({Bytes(6, 0xff),
               pinger_card,
               {8, 6, 0, 1, 8, 0, 6, 4, 0, operation},
               pinger_card,
               pinger_ip,
               target_card,
               target_ip});
}

// An ICMP message with `data`, to the responder unless said otherwise.
Bytes icmp(std::uint8_t type, const Bytes& data, const Bytes& to = responder_ip, std::uint8_t protocol = 1) {
  Bytes message = join({{type, 0, 0, 0, 0x5a, 0xa5, 0, 9}, data});
  put_checksum(message, 2);
  const auto length = static_cast<std::uint16_t>(20 + message.size());
  Bytes header = join({{0x45, 0, static_cast<std::uint8_t>(length >> 8U), static_cast<std::uint8_t>(length), 1, 2, 0x40,
                        0, 33, protocol, 0, 0},
                       pinger_ip,
                       to});
  put_checksum(header, 10);
  return join({responder_card, pinger_card, {8, 0}, header, message});
}

class Responder : public testing::Test {
 protected:
  Responder() : machine_(config()) {
    machine_.ethernet().set_receiver([this](Instant, std::span<const std::byte> frame) {
      Bytes bytes(frame.size());
      std::transform(frame.begin(), frame.end(), bytes.begin(),
                     [](std::byte byte) { return std::to_integer<std::uint8_t>(byte); });
      answers_.push_back(std::move(bytes));
    });
    machine_.run_until(machine_.now() + 1_ms);
  }

  static machine::Config config() {
    machine::Config config;
    config.boot = machine::boot::plan_boot({.kernel = machine::boot::read_named(PING_RESPONDER)}, 64 * 1024, 1);
    config.networks = {fermata::device::MacAddress{{2, 0, 0, 0, 0, 2}}};
    return config;
  }

  // What comes back within a millisecond.
  std::vector<Bytes> answers_to(const Bytes& frame) {
    answers_.clear();
    EXPECT_TRUE(machine_.ethernet().send(std::as_bytes(std::span(frame))));
    machine_.run_until(machine_.now() + 1_ms);
    EXPECT_TRUE(machine_.is_idle());
    return answers_;
  }

  machine::Machine machine_;
  std::vector<Bytes> answers_;
};

TEST_F(Responder, TellsItsAddressToWhomAsks) {
  const Bytes reply = join({pinger_card,
                            responder_card,
                            {8, 6, 0, 1, 8, 0, 6, 4, 0, 2},
                            responder_card,
                            responder_ip,
                            pinger_card,
                            pinger_ip});
  EXPECT_THAT(answers_to(arp(1, Bytes(6, 0), responder_ip)), testing::ElementsAre(reply));
}

TEST_F(Responder, LeavesOtherQuestionsForAddressesToOthers) {
  EXPECT_THAT(answers_to(arp(1, Bytes(6, 0), {10, 0, 0, 3})), testing::IsEmpty());
  EXPECT_THAT(answers_to(arp(2, responder_card, responder_ip)), testing::IsEmpty());
  Bytes cut = arp(1, Bytes(6, 0), responder_ip);
  cut.pop_back();
  EXPECT_THAT(answers_to(cut), testing::IsEmpty());
}

// The reply to a request of `icmp`: addresses the other way round, its own time to live, both checksums right.
Bytes reply_to(const Bytes& request) {
  Bytes header(request.begin() + 14, request.begin() + 34);
  Bytes message(request.begin() + 34, request.end());
  std::swap_ranges(header.begin() + 12, header.begin() + 16, header.begin() + 16);
  header[8] = 64;
  header[10] = header[11] = 0;
  put_checksum(header, 10);
  message[0] = message[2] = message[3] = 0;
  put_checksum(message, 2);
  return join({pinger_card, responder_card, {8, 0}, header, message});
}

TEST_F(Responder, AnswersEchoRequestsOfAllSizes) {
  for (const std::size_t size : {0U, 1U, 4U, 55U, 56U, 1'471U, 1'472U}) {
    Bytes data(size);
    std::generate(data.begin(), data.end(),
                  [n = std::uint8_t{0}]() mutable { return static_cast<std::uint8_t>(n += 37); });
    const Bytes request = icmp(8, data);
    EXPECT_THAT(answers_to(request), testing::ElementsAre(reply_to(request))) << size;
  }
}

TEST_F(Responder, AnswersAsMuchAsThePacketSaysAndSendsThePaddingBack) {
  Bytes request = icmp(8, {1, 2, 3, 4});
  Bytes reply = reply_to(request);
  request.resize(60, 0x77);  // Ethernet's least size
  reply.resize(60, 0x77);
  EXPECT_THAT(answers_to(request), testing::ElementsAre(reply));
}

TEST_F(Responder, LeavesUnansweredWhatIsNotForIt) {
  const Bytes data(56, 1);
  EXPECT_THAT(answers_to(icmp(0, data)), testing::IsEmpty()) << "a reply";
  EXPECT_THAT(answers_to(icmp(8, data, {10, 0, 0, 3})), testing::IsEmpty()) << "another's address";
  EXPECT_THAT(answers_to(icmp(8, data, responder_ip, 17)), testing::IsEmpty()) << "UDP";
  EXPECT_THAT(answers_to(join({responder_card, pinger_card, {0x86, 0xdd}, Bytes(46, 0)})), testing::IsEmpty())
      << "IPv6";
  EXPECT_THAT(answers_to(join({responder_card, pinger_card, {8, 0}})), testing::IsEmpty()) << "nothing in it";
}

TEST_F(Responder, LeavesUnansweredWhatIsDamaged) {
  const Bytes whole = icmp(8, Bytes(56, 1));
  for (std::size_t at = 14; at < whole.size(); ++at) {  // an exchanged byte shows in one of the checksums
    Bytes damaged = whole;
    damaged[at] ^= 0x10U;
    EXPECT_THAT(answers_to(damaged), testing::IsEmpty()) << "byte " << at;
  }
  for (std::size_t size = 14; size < whole.size(); ++size) {
    EXPECT_THAT(answers_to(Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size))), testing::IsEmpty())
        << size;
  }
  EXPECT_THAT(answers_to(whole), testing::SizeIs(1)) << "and still answers what is whole";
}

TEST_F(Responder, AnswersABurstInItsOrder) {
  for (std::uint8_t i = 0; i < 8; ++i) {
    const Bytes request = icmp(8, Bytes(56, i));
    EXPECT_TRUE(machine_.ethernet().send(std::as_bytes(std::span(request))));
  }
  machine_.run_until(machine_.now() + 2_ms);
  ASSERT_THAT(answers_, testing::SizeIs(8));
  for (std::uint8_t i = 0; i < 8; ++i) {
    EXPECT_EQ(answers_[i].back(), i);
  }
}

}  // namespace
}  // namespace ping
