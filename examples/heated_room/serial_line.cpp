// SPDX-License-Identifier: MIT
#include "serial_line.hpp"

#include <cstdint>
#include <utility>

#include "fermata/time/frequency.hpp"

namespace heated_room {
namespace {

// 115,200 bits a second, ten to a byte with its start and stop bit.
constexpr std::uint64_t bytes_per_second = 11'520;

}  // namespace

SerialLine::SerialLine(fermata::sim::SerialChannel channel, Handler on_line)
    : channel_(channel), on_line_(std::move(on_line)) {
  channel_.on_output([this](Instant at, std::string_view bytes) { receive(at, bytes); });
}

Instant SerialLine::send(Instant from, std::string_view line) {
  const fermata::time::Frequency rate(bytes_per_second);
  const std::string text = std::string(line) + '\n';
  Instant at = from;
  for (std::uint64_t sent = 1; sent <= text.size(); ++sent) {
    at = from + rate.instant_of(sent).since_origin();
    channel_.send(at, std::string_view(text).substr(sent - 1, 1));
  }
  return at;
}

void SerialLine::receive(Instant at, std::string_view bytes) {
  for (const char byte : bytes) {
    if (byte != '\n') {
      partial_ += byte;
      continue;
    }
    on_line_(at, std::exchange(partial_, {}));
  }
}

}  // namespace heated_room
