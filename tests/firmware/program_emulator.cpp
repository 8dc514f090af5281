// SPDX-License-Identifier: MIT
#include "tests/firmware/program_emulator.hpp"

#include <linux/sockios.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <span>
#include <thread>
#include <utility>

#include "fermata/base/contract.hpp"
#include "fermata/base/error.hpp"

namespace fermata::firmware_test {
namespace {

using namespace std::chrono_literals;

// Host time after which something that is waited for counts as never coming.
constexpr host::HostDuration limit = 60s;

std::string socket_path(const std::string& folder) { return folder + "/serial.sock"; }

host::UniqueFd listen_at(const std::string& path) {
  host::UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  base::expects(path.size() < sizeof address.sun_path, "listen_at: the path fits into a socket's address");
  std::memcpy(address.sun_path, path.data(), path.size());
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): what the socket interface demands
  const auto* const generic = reinterpret_cast<const sockaddr*>(&address);
  if (!fd.is_open() || ::bind(fd.get(), generic, sizeof address) != 0 || ::listen(fd.get(), 1) != 0) {
    throw base::host_error("listen at " + path, errno);
  }
  return fd;
}

transport::UnixSocket accept_from(const host::UniqueFd& listener) {
  pollfd wanted{.fd = listener.get(), .events = POLLIN, .revents = 0};
  if (::poll(&wanted, 1, 60'000) != 1) {
    throw base::Error(base::ErrorCode::timed_out, "the emulator did not connect to its serial port's socket");
  }
  const int fd = ::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC);
  if (fd < 0) {
    throw base::host_error("accept a connection", errno);
  }
  return transport::UnixSocket::adopt(fd);
}

host::Command with_serial(host::Command command, const std::string& folder) {
  command.arguments.insert(command.arguments.end(), {"-serial", "unix:" + socket_path(folder)});
  return command;
}

// The kernel tells how much of what was written lies unread, but has no event for "all of it was read".
void await_taken(int descriptor) {
  const host::Deadline deadline(host::HostClock::monotonic(), limit);
  for (int unread = 1; unread != 0; std::this_thread::yield()) {
    if (::ioctl(descriptor, SIOCOUTQ, &unread) < 0) {
      throw base::host_error("ask what a socket's peer has read", errno);
    }
    if (deadline.has_passed()) {
      throw base::Error(base::ErrorCode::timed_out, "the guest's serial port did not take what was typed");
    }
  }
}

}  // namespace

ProgramEmulator::ProgramEmulator(host::Command command, const std::string& folder)
    : listener_(listen_at(socket_path(folder))),
      guest_(sim::Guest::launch({.command = with_serial(std::move(command), folder), .name = "the emulator"})),
      serial_(accept_from(listener_)) {}

std::vector<Output> ProgramEmulator::advance(time::Duration span) {
  std::string bytes;
  try {
    guest_.grant(span);
    static_cast<void>(guest_.wait(limit));
    bytes = received();
  } catch (const base::Error& error) {
    bytes = received();  // its last words
    if (error.code() != base::ErrorCode::peer_gone || bytes.empty()) {
      throw;
    }
  }
  if (bytes.empty()) {
    return {};
  }
  return {{.at = guest_.now(), .bytes = std::move(bytes)}};
}

std::string ProgramEmulator::received() {
  std::string bytes;
  std::array<std::byte, 4096> buffer{};
  for (;;) {
    const auto result = serial_.read(buffer, host::HostDuration::zero());
    for (const std::byte byte : std::span(buffer).first(result.count)) {
      bytes += std::to_integer<char>(byte);
    }
    if (result.count == 0) {
      return bytes;
    }
  }
}

void ProgramEmulator::send(std::string_view bytes) {
  const auto result = serial_.write(std::as_bytes(std::span(bytes)), limit);
  if (result.is_end || result.count != bytes.size()) {
    throw base::Error(base::ErrorCode::peer_gone, "the guest's serial port is closed");
  }
  await_taken(serial_.descriptor());
}

int ProgramEmulator::exit_status() {
  const auto status = guest_.close();
  base::expects(status.has_value(), "ProgramEmulator: a program that was launched has an end");
  return status->signal != 0 ? 128 + status->signal : status->code;
}

}  // namespace fermata::firmware_test
