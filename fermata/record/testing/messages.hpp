// SPDX-License-Identifier: MIT
//
// Messages of link v1 for the tests, each in one line.
#pragma once

#include <cstdint>
#include <string_view>

#include "fermata/record/codec.hpp"
#include "fermata/wire/link/channel.hpp"
#include "fermata/wire/link/frame.hpp"

namespace fermata::record::testing {

namespace link = wire::link;

inline Message hello() {
  Message message{.from = Direction::from_simulator};
  append(message.bytes, link::Hello{.header = {}}, "simulator");
  return message;
}

inline Message welcome(std::uint32_t channels, std::int64_t now_ns = 0) {
  Message message{.from = Direction::from_guest};
  append(message.bytes, link::Welcome{.header = {}, .abilities = 31, .now_ns = now_ns, .channels = channels}, "guest");
  return message;
}

inline Message channel(std::uint16_t number, link::ChannelKind kind, std::string_view name) {
  Message message{.from = Direction::from_guest};
  append(message.bytes,
         link::ChannelDeclaration{.header = {},
                                  .kind = static_cast<std::uint8_t>(kind),
                                  .directions = 3,
                                  .timing = 1,
                                  .input_bound = 1000,
                                  .output_bound = 1000},
         name, number);
  return message;
}

inline Message datum(Direction from, std::uint16_t number, std::int64_t at_ns, std::uint64_t sequence,
                     std::string_view payload) {
  Message message{.from = from};
  append(message.bytes, from == Direction::from_simulator ? link::MessageType::input : link::MessageType::output,
         number, link::Data{.header = {}, .at_ns = at_ns, .sequence = sequence}, std::as_bytes(std::span(payload)));
  return message;
}
inline Message input(std::uint16_t number, std::int64_t at_ns, std::uint64_t sequence, std::string_view payload) {
  return datum(Direction::from_simulator, number, at_ns, sequence, payload);
}
inline Message output(std::uint16_t number, std::int64_t at_ns, std::uint64_t sequence, std::string_view payload) {
  return datum(Direction::from_guest, number, at_ns, sequence, payload);
}

inline Message grant(std::int64_t horizon_ns, std::uint64_t reports) {
  Message message{.from = Direction::from_simulator};
  link::append(message.bytes, link::Grant{.header = {}, .horizon_ns = horizon_ns, .reports = reports});
  return message;
}

inline Message report(std::int64_t now_ns, std::uint64_t grants, std::uint32_t reason = 1,
                      std::int64_t next_deadline_ns = link::deadline_busy, std::int32_t exit_status = 0) {
  Message message{.from = Direction::from_guest};
  link::append(message.bytes, link::Report{.header = {},
                                           .now_ns = now_ns,
                                           .next_deadline_ns = next_deadline_ns,
                                           .reason = reason,
                                           .exit_status = exit_status,
                                           .grants = grants});
  return message;
}

inline Message dropped(std::uint16_t number, std::uint64_t inputs) {
  Message message{.from = Direction::from_guest};
  link::append(message.bytes, link::Dropped{.header = {}, .inputs = inputs}, number);
  return message;
}

inline Message named(link::MessageType type, std::string_view name) {
  Message message{.from = Direction::from_simulator};
  append(message.bytes, type, 0, link::Named{}, std::as_bytes(std::span(name)));
  return message;
}

inline Message done(std::int64_t now_ns, std::uint32_t status = 0) {
  Message message{.from = Direction::from_guest};
  append(message.bytes, link::Done{.header = {}, .now_ns = now_ns, .status = status}, status == 0 ? "" : "no room");
  return message;
}

/// A guest with a serial line, 1, and a network, 2.
inline std::vector<Message> hand_shake() {
  return {hello(), welcome(2), channel(1, link::ChannelKind::serial, "serial0"),
          channel(2, link::ChannelKind::ethernet, "ethernet0")};
}

}  // namespace fermata::record::testing
