// SPDX-License-Identifier: MIT
#include "serial_line.hpp"

#include <linux/sockios.h>
#include <sys/ioctl.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <span>
#include <sstream>
#include <thread>
#include <utility>

#include "fermata/base/contract.hpp"
#include "fermata/base/error.hpp"

namespace heated_room {
namespace {

namespace base = fermata::base;
namespace host = fermata::host;

constexpr host::HostDuration taken_limit = std::chrono::seconds(10);

base::Error not_taken() {
  return {base::ErrorCode::timed_out,
          "the guest's second serial port did not take a line; see the guest's console for what its controller does"};
}

}  // namespace

SerialLine::SerialLine() : SerialLine(fermata::transport::UnixSocket::make_pair()) {}

SerialLine::SerialLine(std::pair<fermata::transport::UnixSocket, fermata::transport::UnixSocket> ends)
    : plant_end_(std::move(ends.first)), guest_end_(std::move(ends.second)) {}

void SerialLine::send(std::string_view line) {
  base::expects(line.size() + 1 <= longest_line, "SerialLine: a line fits into the guest's receive FIFO");
  const std::string text = std::string(line) + '\n';
  const auto result = plant_end_.write(std::as_bytes(std::span(text)), taken_limit);
  if (result.is_end) {
    throw base::Error(base::ErrorCode::peer_gone,
                      "the guest closed its second serial port; see what it printed for the reason");
  }
  if (result.count != text.size()) {
    throw not_taken();
  }
  await_taken();
}

// The kernel tells how much of what was written lies unread, but has no event for "all of it was read".
void SerialLine::await_taken() const {
  const host::Deadline deadline(host::HostClock::monotonic(), taken_limit);
  for (;;) {
    int unread = 0;
    if (::ioctl(plant_end_.descriptor(), SIOCOUTQ, &unread) < 0) {
      throw base::host_error("ask what a socket's peer has read", errno);
    }
    if (unread == 0) {
      return;
    }
    if (deadline.has_passed()) {
      throw not_taken();
    }
    std::this_thread::sleep_for(std::chrono::microseconds(20));
  }
}

std::optional<std::string> SerialLine::receive() {
  take_bytes();
  if (lines_.empty()) {
    return std::nullopt;
  }
  std::string line = std::move(lines_.front());
  lines_.pop_front();
  return line;
}

void SerialLine::take_bytes() {
  std::array<std::byte, 256> buffer{};
  for (;;) {
    // A closed port is not news: the report, or its absence, tells how the guest ended.
    const auto result = plant_end_.read(buffer, host::HostDuration::zero());
    for (const std::byte byte : std::span(buffer).first(result.count)) {
      const char character = std::to_integer<char>(byte);
      if (character != '\n') {
        partial_ += character;
        continue;
      }
      lines_.push_back(std::exchange(partial_, {}));
    }
    if (result.count == 0) {
      return;
    }
  }
}

std::optional<ControllerAnswer> parse_answer(std::string_view line) {
  std::istringstream words{std::string(line)};
  std::string heater_word;
  std::string heater;
  std::string uptime_word;
  std::int64_t seconds = 0;
  std::string fraction;
  if (!(words >> heater_word >> heater >> uptime_word >> seconds >> fraction) || !words.eof()) {
    return std::nullopt;
  }
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  constexpr std::int64_t longest_s = 1'000'000'000;
  if (heater_word != "H" || uptime_word != "U" || (heater != "0" && heater != "1") || seconds < 0 ||
      seconds > longest_s || fraction.size() != 3 || fraction[0] != '.' || !is_digit(fraction[1]) ||
      !is_digit(fraction[2])) {
    return std::nullopt;
  }
  const std::int64_t hundredths = (fraction[1] - '0') * 10 + (fraction[2] - '0');
  return ControllerAnswer{.is_heating = heater == "1",
                          .uptime = Duration::seconds(seconds) + Duration::milliseconds(10 * hundredths)};
}

}  // namespace heated_room
