// SPDX-License-Identifier: MIT
#include "fermata/loop/descriptors.hpp"

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <string>
#include <utility>

#include "fermata/base/contract.hpp"
#include "fermata/base/error.hpp"

namespace fermata::loop {
namespace {

constexpr short trouble = POLLERR | POLLHUP;

short events_of(const DescriptorHandlers& handlers) {
  return static_cast<short>((handlers.readable ? POLLIN : 0) | (handlers.writable ? POLLOUT : 0));
}

}  // namespace

std::vector<Descriptors::Watch>::iterator Descriptors::find(int fd) {
  return std::find_if(watches_.begin(), watches_.end(), [fd](const Watch& watch) { return watch.fd == fd; });
}

void Descriptors::watch(int fd, DescriptorHandlers handlers) {
  if (fd < 0) {
    throw base::BadArgument("Descriptors: fd is " + std::to_string(fd) + "; it is an open descriptor");
  }
  if (!handlers.readable && !handlers.writable) {
    forget(fd);
    return;
  }
  auto shared = std::make_shared<DescriptorHandlers>(std::move(handlers));
  if (const auto known = find(fd); known != watches_.end()) {
    known->handlers = std::move(shared);
  } else {
    watches_.push_back({fd, std::move(shared)});
  }
}

void Descriptors::forget(int fd) {
  if (const auto known = find(fd); known != watches_.end()) {
    watches_.erase(known);
  }
}

bool Descriptors::wait(std::optional<host::HostDuration> limit, int also) {
  polled_.clear();
  for (const Watch& watch : watches_) {
    polled_.push_back({.fd = watch.fd, .events = events_of(*watch.handlers), .revents = 0});
  }
  polled_.push_back({.fd = also, .events = POLLIN, .revents = 0});
  timespec timeout{};
  if (limit) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(std::max(*limit, host::HostDuration::zero()));
    timeout = {.tv_sec = seconds.count(), .tv_nsec = (std::max(*limit, host::HostDuration::zero()) - seconds).count()};
  }
  ready_.clear();
  if (::ppoll(polled_.data(), polled_.size(), limit ? &timeout : nullptr, nullptr) < 0) {
    if (errno != EINTR) {
      throw base::host_error("wait for descriptors", errno);
    }
    return false;
  }
  for (std::size_t i = 0; i < watches_.size(); ++i) {
    base::expects((polled_[i].revents & POLLNVAL) == 0, "Descriptors: a descriptor is forgotten before it is closed");
    if (polled_[i].revents != 0) {
      ready_.emplace_back(watches_[i], polled_[i].revents);
    }
  }
  return polled_.back().revents != 0;
}

bool Descriptors::run_ready() {
  bool has_run = false;
  for (const auto& [watch, events] : std::exchange(ready_, {})) {
    const auto& handlers = *watch.handlers;
    const bool is_in_trouble = (events & trouble) != 0;
    if (handlers.readable && ((events & POLLIN) != 0 || is_in_trouble)) {
      has_run = call(watch, &DescriptorHandlers::readable) || has_run;
    }
    if (handlers.writable && ((events & POLLOUT) != 0 || (is_in_trouble && !handlers.readable))) {
      has_run = call(watch, &DescriptorHandlers::writable) || has_run;
    }
  }
  return has_run;
}

// Unless a handler that ran before has forgotten it or changed the interest in it.
bool Descriptors::call(const Watch& watch, std::function<void()> DescriptorHandlers::*handler) {
  const auto known = find(watch.fd);
  if (known == watches_.end() || known->handlers != watch.handlers) {
    return false;
  }
  ((*watch.handlers).*handler)();
  return true;
}

}  // namespace fermata::loop
