// SPDX-License-Identifier: MIT
#include "tests/firmware/responder.hpp"

#include <algorithm>
#include <array>

namespace fermata::firmware_test {
namespace {

constexpr std::array<std::uint8_t, 6> own_address{2, 0, 0, 0, 0, 1};
constexpr std::array<std::uint8_t, 4> own_ip{10, 0, 0, 1};

// Where things stand in a frame with an Ethernet header (14 bytes), and then ARP, or IPv4 without options and ICMP.
constexpr std::size_t type_at = 12;
constexpr std::size_t arp_operation_at = 20;
constexpr std::size_t arp_sender_at = 22;  // address, IP
constexpr std::size_t arp_target_at = 32;
constexpr std::size_t arp_size = 42;
constexpr std::size_t ip_protocol_at = 23;
constexpr std::size_t ip_source_at = 26;
constexpr std::size_t ip_destination_at = 30;
constexpr std::size_t icmp_at = 34;
constexpr std::size_t icmp_size = 8;

bool has(const std::vector<std::uint8_t>& frame, std::size_t at, std::initializer_list<std::uint8_t> bytes) {
  return frame.size() >= at + bytes.size() &&
         std::equal(bytes.begin(), bytes.end(), frame.begin() + static_cast<std::ptrdiff_t>(at));
}

void put(std::vector<std::uint8_t>& frame, std::size_t at, std::span<const std::uint8_t> bytes) {
  std::ranges::copy(bytes, frame.begin() + static_cast<std::ptrdiff_t>(at));
}

bool is_for_us(const std::vector<std::uint8_t>& frame, std::size_t ip_at) {
  return has(frame, ip_at, {own_ip[0], own_ip[1], own_ip[2], own_ip[3]});
}

bool is_arp_request(const std::vector<std::uint8_t>& frame) {
  return frame.size() >= arp_size && has(frame, type_at, {8, 6}) && has(frame, arp_operation_at, {0, 1}) &&
         is_for_us(frame, arp_target_at + 6);
}

bool is_ping(const std::vector<std::uint8_t>& frame) {
  return frame.size() >= icmp_at + icmp_size && has(frame, type_at, {8, 0, 0x45}) && has(frame, ip_protocol_at, {1}) &&
         is_for_us(frame, ip_destination_at) && has(frame, icmp_at, {8, 0});
}

void address_back(std::vector<std::uint8_t>& frame) {
  std::copy_n(frame.begin() + 6, 6, frame.begin());
  put(frame, 6, own_address);
}

void answer_arp(std::vector<std::uint8_t>& frame) {
  address_back(frame);
  frame[arp_operation_at + 1] = 2;
  std::copy_n(frame.begin() + arp_sender_at, 10, frame.begin() + arp_target_at);
  put(frame, arp_sender_at, own_address);
  put(frame, arp_sender_at + 6, own_ip);
}

// The type goes from 8 to 0, so the checksum, of 16-bit words in ones' complement, grows by 0x800 (RFC 1624). That of
// the IP header does not change.
void answer_ping(std::vector<std::uint8_t>& frame) {
  address_back(frame);
  std::swap_ranges(frame.begin() + ip_source_at, frame.begin() + ip_source_at + 4, frame.begin() + ip_destination_at);
  frame[icmp_at] = 0;
  const unsigned sum = (static_cast<unsigned>(frame[icmp_at + 2]) << 8 | frame[icmp_at + 3]) + 0x800U;
  const unsigned folded = (sum & 0xffff) + (sum >> 16);
  frame[icmp_at + 2] = static_cast<std::uint8_t>(folded >> 8);
  frame[icmp_at + 3] = static_cast<std::uint8_t>(folded);
}

}  // namespace

Responder::Responder(machine::Machine& machine, time::Duration delay)
    : machine_(machine), delay_(delay), timer_(machine.timers().virtual_time(), [this] { give(); }) {
  machine_.ethernet().set_receiver([this](time::Instant at, std::span<const std::byte> bytes) { take(at, bytes); });
}

void Responder::take(time::Instant at, std::span<const std::byte> bytes) {
  Frame frame;
  std::ranges::transform(bytes, std::back_inserter(frame),
                         [](std::byte byte) { return std::to_integer<std::uint8_t>(byte); });
  const bool is_a_ping = is_ping(frame);
  if (is_a_ping) {
    answer_ping(frame);
    pings_.push_back({.asked = at, .answered = {}});
  } else if (is_arp_request(frame)) {
    answer_arp(frame);
  } else {
    return;  // IPv6 looks for neighbours and routers
  }
  answers_.push_back({.at = at + delay_, .frame = std::move(frame), .is_ping = is_a_ping});
  timer_.arm(answers_.front().at);
}

void Responder::give() {
  if (answers_.front().is_ping) {
    pings_[answered_++].answered = machine_.now();
  }
  machine_.ethernet().send(std::as_bytes(std::span(answers_.front().frame)));
  answers_.pop_front();
  if (!answers_.empty()) {
    timer_.arm(answers_.front().at);
  }
}

}  // namespace fermata::firmware_test
