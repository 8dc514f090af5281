// SPDX-License-Identifier: GPL-2.0-or-later
#include "guests/qemu/dropin/descriptors.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <initializer_list>
#include <regex>
#include <string_view>

#include "fermata/base/error.hpp"
#include "guests/qemu/dropin/command_line.hpp"

namespace fermata::qemu {
namespace {

// Numbers separated by colons, as in fds=5:6:7.
void add_numbers(std::string_view text, std::set<int>& numbers) {
  while (!text.empty()) {
    int number = -1;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error == std::errc()) {
      numbers.insert(number);
    }
    const auto used = std::min(static_cast<std::size_t>(end - text.data()) + 1, text.size());
    text.remove_prefix(used);
  }
}

// Values that are the guest's business, where fd=5 means nothing to QEMU.
bool is_free_text(std::string_view option) {
  return option == "append" || option == "name" || option == "smbios" || option == "fw_cfg" || option == "uuid";
}

void set_close_on_exec(int fd, bool closes) {
  const int flags = ::fcntl(fd, F_GETFD);
  if (flags >= 0) {
    ::fcntl(fd, F_SETFD, closes ? flags | FD_CLOEXEC : flags & ~FD_CLOEXEC);
  }
}

std::vector<int> open_descriptors() {
  std::vector<int> open;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd", error)) {
    open.push_back(std::stoi(entry.path().filename()));
  }
  if (open.empty()) {  // no /proc: every number that there may be
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    const int end = static_cast<int>(std::min<rlim_t>(limit.rlim_cur, 1 << 16));
    for (int fd = 0; fd < end; ++fd) {
      open.push_back(fd);
    }
  }
  return open;
}

}  // namespace

std::set<int> named_descriptors(const std::vector<std::string>& arguments) {
  static const std::regex by_key(R"rx((?:fds?|\bstr)"?\s*[=:]\s*"?([0-9]+(?::[0-9]+)*))rx");
  static const std::regex by_link_key(R"rx(\b(?:sock|fd|memory|life|clocks|stats|doctor)=([0-9]+))rx");
  static const std::regex by_path(R"rx(/fd/([0-9]+))rx");
  static const std::regex by_shell(R"rx([<>]&\s*([0-9]+))rx");
  std::set<int> numbers;
  const auto add = [&numbers](const std::string& text, std::initializer_list<const std::regex*> patterns) {
    for (const std::regex* pattern : patterns) {
      for (std::sregex_iterator match(text.begin(), text.end(), *pattern), end; match != end; ++match) {
        add_numbers((*match)[1].str(), numbers);
      }
    }
  };
  for (const std::string& argument : arguments) {
    add(argument, {&by_path});  // disk images are bare arguments
  }
  for (const Option& option : parse_options(arguments)) {
    if (!option.value || is_free_text(option.name)) {
      continue;
    }
    if (option.name == "plugin" || option.name == "qqq" || option.name == "external_sim") {
      add(*option.value, {&by_link_key});
    }
    add(*option.value, {&by_key, &by_shell});
  }
  return numbers;
}

void check_link_socket(int descriptor) {
  const auto refuse = [descriptor](const char* why) {
    throw base::Error(base::ErrorCode::unsupported,
                      "sock=" + std::to_string(descriptor) + ": the descriptor " + why +
                          "; pass one end of a connected pair of UNIX stream sockets, open in this process");
  };
  int type = 0;
  socklen_t size = sizeof type;
  if (::getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &size) < 0) {
    refuse(errno == EBADF ? "is not open" : "is not a socket");
  }
  int domain = 0;
  size = sizeof domain;
  if (type != SOCK_STREAM || ::getsockopt(descriptor, SOL_SOCKET, SO_DOMAIN, &domain, &size) < 0 || domain != AF_UNIX) {
    refuse("is not a UNIX stream socket");
  }
  sockaddr_storage peer{};
  size = sizeof peer;
  if (::getpeername(descriptor, reinterpret_cast<sockaddr*>(&peer), &size) < 0 && errno == ENOTCONN) {
    refuse("is not connected");
  }
}

void close_all_but_at_exec(const std::set<int>& kept) {
  for (const int fd : open_descriptors()) {
    if (fd > 2) {
      set_close_on_exec(fd, !kept.contains(fd));
    }
  }
}

}  // namespace fermata::qemu
