// SPDX-License-Identifier: MIT
#include "guests/machine/serial_host.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include "fermata/base/error.hpp"

namespace fermata::machine_program {
namespace {

constexpr std::size_t most_kept = std::size_t{16} << 20;
// What a pipe takes without waiting when it polls writable.
constexpr std::size_t piece_size = 4096;
constexpr int finish_limit_ms = 2000;

bool is_open(int fd) { return ::fcntl(fd, F_GETFD) != -1; }

bool is_writable(int fd, int wait_ms) {
  pollfd wanted{.fd = fd, .events = POLLOUT, .revents = 0};
  return ::poll(&wanted, 1, wait_ms) == 1;
}

std::string name_of(const SerialTarget& target) {
  switch (target.kind) {
    case SerialTarget::Kind::file: return "file:" + target.path;
    case SerialTarget::Kind::unix_socket: return "unix:" + target.path;
    default: return "standard output";
  }
}

// Of a run that was killed. Nothing else may be in its place.
void remove_socket(const std::string& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) {
    return;  // nothing there, or binding will say what is wrong
  }
  if (!S_ISSOCK(status.st_mode)) {
    throw base::Error(base::ErrorCode::unsupported,
                      fmt::format("-serial unix:{}: there is something else than a socket, which stays; name another "
                                  "path, or take it away",
                                  path));
  }
  ::unlink(path.c_str());
}

sockaddr_un address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    throw base::BadArgument(fmt::format("-serial unix:{}: the path is longer than a socket's can be ({} bytes)", path,
                                        sizeof address.sun_path - 1));
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

}  // namespace

SerialHost::SerialHost(loop::EventLoop& loop, SerialTarget target, machine::SerialEnd& end, Callbacks callbacks)
    : loop_(loop), target_(std::move(target)), end_(end), callbacks_(std::move(callbacks)) {
  switch (target_.kind) {
    case SerialTarget::Kind::none:
    case SerialTarget::Kind::null: return;
    case SerialTarget::Kind::stdio: open_stdio(); break;
    case SerialTarget::Kind::file: open_file(); break;
    case SerialTarget::Kind::unix_socket: open_socket(); break;
  }
  end_.set_receiver([this](time::Instant, std::span<const std::byte> bytes) { take_output(bytes); });
  end_.set_drained_handler([this] { update_watch(); });
  update_watch();
}

SerialHost::~SerialHost() {
  end_.set_receiver({});
  end_.set_drained_handler({});
  disconnect();
  if (listener_.is_open()) {
    loop_.forget(listener_.get());
    ::unlink(target_.path.c_str());
  }
}

void SerialHost::open_stdio() {
  terminal_.emplace(STDIN_FILENO);
  input_ = is_open(STDIN_FILENO) ? STDIN_FILENO : -1;
  output_ = is_open(STDOUT_FILENO) ? STDOUT_FILENO : -1;
}

void SerialHost::open_file() {
  own_.reset(::open(target_.path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
  if (!own_.is_open()) {
    throw base::host_error("open -serial file:" + target_.path, errno);
  }
  output_ = own_.get();
}

void SerialHost::open_socket() {
  if (target_.is_server) {
    listen_at(target_.path);
    return;
  }
  own_.reset(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_un address = address_of(target_.path);
  if (!own_.is_open() || ::connect(own_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    throw base::host_error("connect to -serial unix:" + target_.path, errno);
  }
  input_ = output_ = own_.get();
}

void SerialHost::listen_at(const std::string& path) {
  const sockaddr_un address = address_of(path);
  remove_socket(path);
  listener_.reset(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!listener_.is_open() ||
      ::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(listener_.get(), 1) != 0) {
    throw base::host_error("listen at -serial unix:" + path, errno);
  }
  loop_.watch(listener_.get(), {.readable = [this] { accept_client(); }, .writable = {}});
}

void SerialHost::accept_client() {
  const int fd = ::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC);
  if (fd < 0) {
    return;  // it has gone again
  }
  loop_.forget(listener_.get());
  own_.reset(fd);
  input_ = output_ = fd;
  update_watch();
}

void SerialHost::disconnect() {
  for (const int fd : {input_, output_}) {
    if (fd >= 0) {
      loop_.forget(fd);
    }
  }
  input_ = output_ = -1;
  is_blocked_ = false;
  buffer_.clear();
  own_.reset();
  if (listener_.is_open()) {
    loop_.watch(listener_.get(), {.readable = [this] { accept_client(); }, .writable = {}});
  }
}

bool SerialHost::is_ready() const { return !listener_.is_open() || !target_.does_wait || output_ >= 0; }

void SerialHost::take_output(std::span<const std::byte> bytes) {
  if (output_ < 0) {
    return;  // nobody is there to read it
  }
  if (buffer_.size() + bytes.size() > most_kept) {
    tell_lost_output("nobody reads it");
    return;
  }
  buffer_.put(bytes);
}

void SerialHost::tell_lost_output(const std::string& why) {
  if (!std::exchange(has_lost_output_, true)) {
    fmt::print(stderr, "fermata-machine: output of the serial line is lost: {}: {}\n", name_of(target_), why);
  }
}

// False if it would have to wait, or there is nobody to write to any more.
bool SerialHost::write_some() {
  const std::size_t count = std::min(buffer_.size(), piece_size);
  ssize_t written = -1;
  if (target_.kind == SerialTarget::Kind::unix_socket) {
    written = ::send(output_, buffer_.bytes().data(), count, MSG_DONTWAIT | MSG_NOSIGNAL);
  } else if (is_writable(output_, 0)) {
    written = ::write(output_, buffer_.bytes().data(), count);
  } else {
    errno = EAGAIN;
  }
  if (written >= 0) {
    buffer_.drop(static_cast<std::size_t>(written));
    return true;
  }
  const int error = errno;
  is_blocked_ = error == EAGAIN || error == EINTR;
  if (!is_blocked_) {
    if (error != EPIPE && error != ECONNRESET) {  // a reader who has gone wants no more
      tell_lost_output(std::strerror(error));
    }
    if (target_.kind == SerialTarget::Kind::unix_socket) {
      disconnect();
    } else {
      buffer_.clear();
      output_ = -1;
    }
  }
  return false;
}

void SerialHost::flush() {
  const bool was_blocked = std::exchange(is_blocked_, false);
  while (!buffer_.is_empty() && write_some()) {
  }
  if (is_blocked_ != was_blocked) {
    update_watch();
  }
}

void SerialHost::finish() {
  for (flush(); !buffer_.is_empty() && output_ >= 0 && is_writable(output_, finish_limit_ms); flush()) {
  }
  if (!buffer_.is_empty()) {
    tell_lost_output("nobody reads it");
  }
}

void SerialHost::take_input() {
  std::array<char, 256> bytes{};
  const ssize_t count = ::read(input_, bytes.data(), bytes.size());
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) {
    return;
  }
  if (count <= 0) {
    if (target_.kind == SerialTarget::Kind::unix_socket) {
      disconnect();
    } else {
      loop_.forget(std::exchange(input_, -1));
    }
    return;
  }
  std::string text(bytes.data(), static_cast<std::size_t>(count));
  if (terminal_ && terminal_->is_terminal()) {
    EscapeFilter::Typed typed = escapes_.filter(text);
    if (typed.wants_end) {
      callbacks_.end();
      return;
    }
    text = std::move(typed.text);
  }
  if (!text.empty()) {
    callbacks_.before_input();
    end_.send(text);
    update_watch();
  }
}

void SerialHost::update_watch() {
  const auto watch = [this](int fd, bool wants_to_read, bool wants_to_write) {
    if (fd >= 0) {
      loop::DescriptorHandlers handlers;
      if (wants_to_read) {
        handlers.readable = [this] { take_input(); };
      }
      if (wants_to_write) {
        handlers.writable = [this] { flush(); };
      }
      loop_.watch(fd, std::move(handlers));  // without any it forgets the descriptor
    }
  };
  const bool wants_input = input_ >= 0 && end_.pending() == 0;
  if (input_ == output_) {
    watch(input_, wants_input, is_blocked_);
  } else {
    watch(input_, wants_input, false);
    if (target_.kind != SerialTarget::Kind::file) {
      watch(output_, false, is_blocked_);
    }
  }
}

}  // namespace fermata::machine_program
