// SPDX-License-Identifier: MIT
#include "fermata/transport/unix_socket.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <cerrno>
#include <ctime>
#include <optional>
#include <string>

#include "fermata/base/error.hpp"

namespace fermata::transport {
namespace {

bool would_block(int error) { return error == EAGAIN || error == EWOULDBLOCK; }

// ECONNRESET: the peer died with unread bytes. EPIPE: it closed its end.
bool is_peer_gone(int error) { return error == ECONNRESET || error == EPIPE; }

// One attempt; nothing where it would have to wait.
std::optional<IoResult> receive_now(int fd, std::span<std::byte> into) {
  const ssize_t count = ::recv(fd, into.data(), into.size(), MSG_DONTWAIT);
  if (count > 0) {
    return IoResult{.count = static_cast<std::size_t>(count)};
  }
  if (count == 0 || is_peer_gone(errno)) {
    return IoResult{.is_end = true};
  }
  if (would_block(errno) || errno == EINTR) {
    return std::nullopt;
  }
  throw base::host_error("read from the socket", errno);
}

std::optional<IoResult> send_now(int fd, std::span<const std::byte> bytes) {
  const ssize_t count = ::send(fd, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  if (count >= 0) {
    return IoResult{.count = static_cast<std::size_t>(count)};
  }
  if (is_peer_gone(errno)) {
    return IoResult{.is_end = true};
  }
  if (would_block(errno) || errno == EINTR) {
    return std::nullopt;
  }
  throw base::host_error("write to the socket", errno);
}

void sleep_until_ready(int fd, short events, host::HostDuration wait) {
  pollfd ready{.fd = fd, .events = events, .revents = 0};
  const auto seconds = std::chrono::floor<std::chrono::seconds>(wait);
  const timespec timeout{.tv_sec = seconds.count(), .tv_nsec = (wait - seconds).count()};
  if (::ppoll(&ready, 1, &timeout, nullptr) < 0 && errno != EINTR) {
    throw base::host_error("wait for the socket", errno);
  }
}

// Sleeps and tries until it works or `wait` has passed. For after a first attempt that did not.
template <typename Attempt>
IoResult attempt_until(int fd, short events, host::HostDuration wait, Attempt attempt) {
  const host::Deadline deadline(host::HostClock::monotonic(), wait);
  for (;;) {
    sleep_until_ready(fd, events, deadline.remaining());
    if (const auto result = attempt()) {
      return *result;
    }
    if (deadline.has_passed()) {
      return {};
    }
  }
}

}  // namespace

std::pair<UnixSocket, UnixSocket> UnixSocket::make_pair() {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) < 0) {
    throw base::host_error("make a pair of sockets", errno);
  }
  return {UnixSocket(host::UniqueFd(ends[0])), UnixSocket(host::UniqueFd(ends[1]))};
}

UnixSocket UnixSocket::connect(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path) {
    throw base::BadArgument("socket path \"" + path + "\": 1 to " + std::to_string(sizeof address.sun_path - 1) +
                            " bytes");
  }
  path.copy(address.sun_path, path.size());
  host::UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd.is_open()) {
    throw base::host_error("make a socket", errno);
  }
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    const int error = errno;
    if (error == ENOENT || error == ECONNREFUSED) {
      throw base::Error(base::ErrorCode::not_found,
                        "nobody listens at the socket " + path + ": start the simulator first, or look at the path");
    }
    throw base::host_error("connect to the socket " + path, error);
  }
  return UnixSocket(std::move(fd));
}

UnixSocket UnixSocket::adopt(int descriptor) {
  const auto refuse = [descriptor](const char* why) {
    throw base::Error(base::ErrorCode::unsupported,
                      "descriptor " + std::to_string(descriptor) + " " + why +
                          "; pass one end of a connected pair of UNIX stream sockets, open in this process");
  };
  int type = 0;
  socklen_t size = sizeof type;
  if (::getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &size) < 0) {
    refuse(errno == EBADF ? "is not open" : "is not a socket");
  }
  if (type != SOCK_STREAM) {
    refuse("is not a stream socket");
  }
  sockaddr_storage peer{};
  size = sizeof peer;
  // A peer that has gone already shows itself at the first read; that is its end, not a wrong descriptor.
  if (::getpeername(descriptor, reinterpret_cast<sockaddr*>(&peer), &size) < 0 && errno == ENOTCONN) {
    refuse("is not connected");
  }
  return UnixSocket(host::UniqueFd(descriptor));
}

IoResult UnixSocket::read(std::span<std::byte> into, host::HostDuration wait) {
  if (!fd_.is_open()) {
    return {.is_end = true};
  }
  const auto receive = [this, into] { return receive_now(fd_.get(), into); };
  std::optional<IoResult> result = receive();
  if (result || wait <= host::HostDuration::zero()) {
    return result.value_or(IoResult{});
  }
  if (spin_.until(
          host::HostClock::monotonic(), [&] { return (result = receive()).has_value(); },
          std::min(wait, host::AdaptiveSpin::length))) {
    return *result;
  }
  const host::HostInstant begin = host::HostClock::monotonic().now();
  const IoResult late = attempt_until(fd_.get(), POLLIN, wait, receive);
  spin_.slept(host::HostClock::monotonic().now() - begin);
  return late;
}

IoResult UnixSocket::write(std::span<const std::byte> bytes, host::HostDuration wait) {
  if (!fd_.is_open()) {
    return {.is_end = true};
  }
  const auto send = [this, bytes] { return send_now(fd_.get(), bytes); };
  const std::optional<IoResult> result = send();
  if (result || wait <= host::HostDuration::zero()) {
    return result.value_or(IoResult{});
  }
  return attempt_until(fd_.get(), POLLOUT, wait, send);
}

}  // namespace fermata::transport
