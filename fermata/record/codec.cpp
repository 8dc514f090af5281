// SPDX-License-Identifier: MIT
#include "fermata/record/codec.hpp"

#include <algorithm>
#include <cstring>
#include <optional>
#include <string>

#include "fermata/base/contract.hpp"
#include "fermata/base/error.hpp"

namespace fermata::record {

namespace link = wire::link;

namespace {

constexpr unsigned high_nibble = 15;  // the most that it holds; of a channel or count: the number follows

[[noreturn]] void refuse(const std::string& what) {
  throw base::Error(base::ErrorCode::protocol_violation, "a record that is none: " + what);
}

// A record's beginning: its numbers, before a payload.
class Numbers {
 public:
  Numbers(Kind kind, unsigned high) { put_byte(static_cast<unsigned>(kind) | (high << 4U)); }
  void put(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7U) {
      put_byte(static_cast<unsigned>(value & 0x7f) | 0x80U);
    }
    put_byte(static_cast<unsigned>(value));
  }
  // The small ones of either sign become small ones without: 0, -1, 1, -2, ...
  static std::uint64_t folded(std::int64_t after, std::int64_t before) {
    const std::uint64_t difference = static_cast<std::uint64_t>(after) - static_cast<std::uint64_t>(before);
    return (difference << 1U) ^ (static_cast<std::int64_t>(difference) < 0 ? ~std::uint64_t{0} : 0);
  }
  void put_difference(std::int64_t after, std::int64_t before) { put(folded(after, before)); }
  void append_to(std::vector<std::byte>& out) const {
    out.insert(out.end(), bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(count_));
  }

 private:
  void put_byte(unsigned value) { bytes_[count_++] = static_cast<std::byte>(value); }

  std::array<std::byte, 48> bytes_;  // NOLINT(cppcoreguidelines-pro-type-member-init): written before it is read
  std::size_t count_ = 0;
};

unsigned take_byte(std::span<const std::byte>& records) {
  if (records.empty()) {
    refuse("it ends with its block");
  }
  const auto byte = std::to_integer<unsigned>(records.front());
  records = records.subspan(1);
  return byte;
}

std::uint64_t take_number(std::span<const std::byte>& records) {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    const std::uint64_t byte = take_byte(records);
    const std::uint64_t part = byte & 0x7f;
    if (shift == 63 && part > 1) {
      break;
    }
    value |= part << shift;
    if (byte < 0x80) {
      return value;
    }
  }
  refuse("a number beyond 64 bits");
}

std::int64_t unfolded(std::uint64_t folded, std::int64_t before) {
  const std::uint64_t difference = (folded >> 1U) ^ ((folded & 1U) != 0 ? ~std::uint64_t{0} : 0);
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(before) + difference);
}

std::int64_t take_difference(std::span<const std::byte>& records, std::int64_t before) {
  return unfolded(take_number(records), before);
}

std::span<const std::byte> take_bytes(std::span<const std::byte>& records, std::uint64_t count) {
  if (count > records.size()) {
    refuse("it is longer than its block");
  }
  const auto bytes = records.first(static_cast<std::size_t>(count));
  records = records.subspan(bytes.size());
  return bytes;
}

link::Header header_of(std::span<const std::byte> message) {
  link::Header header;
  std::memcpy(&header, message.data(), sizeof header);
  return header;
}

// The structure at the beginning of a message, if it is as long as that.
template <typename Body>
std::optional<Body> body_of(std::span<const std::byte> message) {
  Body body;
  if (message.size() < sizeof body) {
    return std::nullopt;
  }
  std::memcpy(&body, message.data(), sizeof body);
  return body;
}

bool is_filling(std::span<const std::byte> bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](std::byte byte) { return byte == std::byte{0}; });
}

}  // namespace

link::Frame Message::frame() const {
  base::expects(bytes.size() >= sizeof(link::Header), "Message: it is whole");
  return {.header = header_of(bytes), .bytes = bytes};
}

std::uint64_t& History::sequence(Direction from, std::uint16_t channel) {
  auto& of_direction = sequences[static_cast<std::size_t>(from)];
  if (channel >= of_direction.size()) {
    of_direction.resize(channel + 1U);
  }
  return of_direction[channel];
}

void Encoder::append(std::vector<std::byte>& out, Direction from, std::span<const std::byte> message) {
  base::expects(message.size() >= sizeof(link::Header) && message.size() <= link::max_message &&
                    header_of(message).size == message.size(),
                "Encoder: the message is whole");
  const link::MessageType type = header_of(message).type;
  const bool from_simulator = from == Direction::from_simulator;
  const bool is_told = (type == link::MessageType::input && from_simulator && append_data(out, from, message)) ||
                       (type == link::MessageType::output && !from_simulator && append_data(out, from, message)) ||
                       (type == link::MessageType::grant && from_simulator && append_grant(out, message)) ||
                       (type == link::MessageType::report && !from_simulator && append_report(out, message));
  if (!is_told) {
    Numbers numbers(from_simulator ? Kind::raw_from_simulator : Kind::raw_from_guest, 0);
    numbers.put(message.size());
    numbers.append_to(out);
    out.insert(out.end(), message.begin(), message.end());
  }
}

bool Encoder::append_data(std::vector<std::byte>& out, Direction from, std::span<const std::byte> message) {
  const auto data = body_of<link::Data>(message);
  if (!data || data->zero != 0 || data->header.channel == 0 || data->length > link::max_payload ||
      message.size() != sizeof(link::Data) + link::padded(data->length) ||
      !is_filling(message.subspan(sizeof(link::Data) + data->length)) ||
      data->sequence != history_.sequence(from, data->header.channel) + 1) {
    return false;
  }
  const unsigned channel = data->header.channel;
  Numbers numbers(from == Direction::from_simulator ? Kind::input : Kind::output, std::min(channel, high_nibble));
  if (channel >= high_nibble) {
    numbers.put(channel);
  }
  numbers.put_difference(data->at_ns, history_.instant_ns);
  numbers.put(data->length);
  numbers.append_to(out);
  const auto payload = message.subspan(sizeof(link::Data), data->length);
  out.insert(out.end(), payload.begin(), payload.end());
  history_.instant_ns = data->at_ns;
  ++history_.sequence(from, data->header.channel);
  return true;
}

bool Encoder::append_grant(std::vector<std::byte>& out, std::span<const std::byte> message) {
  const auto grant = body_of<link::Grant>(message);
  if (!grant || message.size() != sizeof *grant || grant->header.channel != 0) {
    return false;
  }
  const std::uint64_t reports = grant->reports - history_.reports;
  Numbers numbers(Kind::grant, static_cast<unsigned>(std::min<std::uint64_t>(reports, high_nibble)));
  if (reports >= high_nibble) {
    numbers.put(reports);
  }
  numbers.put_difference(grant->horizon_ns, history_.horizon_ns);
  numbers.append_to(out);
  history_.horizon_ns = grant->horizon_ns;
  history_.reports = grant->reports;
  return true;
}

bool Encoder::append_report(std::vector<std::byte>& out, std::span<const std::byte> message) {
  const auto report = body_of<link::Report>(message);
  if (!report || message.size() != sizeof *report || report->header.channel != 0 || report->reason > high_nibble ||
      report->exit_status != 0 || report->next_deadline_ns < link::deadline_busy) {
    return false;
  }
  Numbers numbers(Kind::report, report->reason);
  numbers.put_difference(report->now_ns, history_.horizon_ns);
  numbers.put_difference(static_cast<std::int64_t>(report->grants), static_cast<std::int64_t>(history_.grants));
  if (report->next_deadline_ns == link::deadline_busy || report->next_deadline_ns == link::deadline_none) {
    numbers.put(report->next_deadline_ns == link::deadline_busy ? 0 : 1);
  } else {
    const std::uint64_t folded = Numbers::folded(report->next_deadline_ns, history_.deadline_ns);
    if (folded > ~std::uint64_t{0} - 2) {
      return false;
    }
    numbers.put(folded + 2);
    history_.deadline_ns = report->next_deadline_ns;
  }
  numbers.append_to(out);
  history_.grants = report->grants;
  return true;
}

void Decoder::take(std::span<const std::byte>& records, Message& message) {
  const unsigned first = take_byte(records);
  const unsigned high = first >> 4U;
  message.bytes.clear();
  switch (static_cast<Kind>(first & 0xfU)) {
    case Kind::raw_from_simulator:
    case Kind::raw_from_guest:
      message.from = static_cast<Kind>(first & 0xfU) == Kind::raw_from_simulator ? Direction::from_simulator
                                                                                 : Direction::from_guest;
      take_raw(records, message);
      return;
    case Kind::input:
    case Kind::output:
      message.from = static_cast<Kind>(first & 0xfU) == Kind::input ? Direction::from_simulator : Direction::from_guest;
      take_data(records, high, message);
      return;
    case Kind::grant:
      message.from = Direction::from_simulator;
      take_grant(records, high, message);
      return;
    case Kind::report:
      message.from = Direction::from_guest;
      take_report(records, high, message);
      return;
  }
  refuse("its kind is " + std::to_string(first & 0xfU));
}

void Decoder::take_raw(std::span<const std::byte>& records, Message& message) const {
  const auto bytes = take_bytes(records, take_number(records));
  if (bytes.size() < sizeof(link::Header) || bytes.size() > link::max_message ||
      header_of(bytes).size != bytes.size()) {
    refuse("a message whose size is not its own");
  }
  message.bytes.assign(bytes.begin(), bytes.end());
}

void Decoder::take_data(std::span<const std::byte>& records, unsigned channel, Message& message) {
  const std::uint64_t number = channel == high_nibble ? take_number(records) : channel;
  if (number == 0 || number > 0xffff) {
    refuse("channel " + std::to_string(number));
  }
  const auto channel_number = static_cast<std::uint16_t>(number);
  const std::int64_t at_ns = take_difference(records, history_.instant_ns);
  const std::uint64_t length = take_number(records);
  if (length > link::max_payload) {
    refuse("a payload of " + std::to_string(length) + " bytes");
  }
  const auto payload = take_bytes(records, length);
  history_.instant_ns = at_ns;
  const auto type = message.from == Direction::from_simulator ? link::MessageType::input : link::MessageType::output;
  link::append(message.bytes, type, channel_number,
               link::Data{.header = {}, .at_ns = at_ns, .sequence = ++history_.sequence(message.from, channel_number)},
               payload);
}

void Decoder::take_grant(std::span<const std::byte>& records, unsigned reports, Message& message) {
  history_.reports += reports == high_nibble ? take_number(records) : reports;
  history_.horizon_ns = take_difference(records, history_.horizon_ns);
  link::append(message.bytes,
               link::Grant{.header = {}, .horizon_ns = history_.horizon_ns, .reports = history_.reports});
}

void Decoder::take_report(std::span<const std::byte>& records, unsigned reason, Message& message) {
  link::Report report{.header = {}, .now_ns = take_difference(records, history_.horizon_ns), .reason = reason};
  report.grants = static_cast<std::uint64_t>(take_difference(records, static_cast<std::int64_t>(history_.grants)));
  const std::uint64_t deadline = take_number(records);
  if (deadline <= 1) {
    report.next_deadline_ns = deadline == 0 ? link::deadline_busy : link::deadline_none;
  } else {
    report.next_deadline_ns = history_.deadline_ns = unfolded(deadline - 2, history_.deadline_ns);
  }
  history_.grants = report.grants;
  link::append(message.bytes, report);
}

}  // namespace fermata::record
