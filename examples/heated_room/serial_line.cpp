// SPDX-License-Identifier: MIT
#include "serial_line.hpp"

#include <linux/sockios.h>
#include <sys/ioctl.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <span>
#include <thread>
#include <utility>

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
  const std::string text = line_to_guest(line);
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
  std::array<std::byte, 256> buffer{};
  for (;;) {
    // A closed port is not news: the report, or its absence, tells how the guest ended.
    const auto result = plant_end_.read(buffer, host::HostDuration::zero());
    if (result.count == 0) {
      return received_.take();
    }
    received_.put(std::span(buffer).first(result.count));
  }
}

}  // namespace heated_room
