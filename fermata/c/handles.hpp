// SPDX-License-Identifier: MIT
//
// What the C interface's functions share: the handles, and the wall that no exception passes.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <new>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "fermata/base/error.hpp"
#include "fermata/c/fermata.h"
#include "fermata/sim/link_guest.hpp"

namespace fermata::c {

/// One channel of a guest, for a caller in C.
template <typename Channel>
struct Handle {
  fermata_guest* guest;
  Channel channel;
};

/// A handler of the caller's that said so.
class HandlerFailed : public std::exception {
 public:
  explicit HandlerFailed(const char* what) : what_(what) {}
  [[nodiscard]] const char* what() const noexcept override { return what_; }

 private:
  const char* what_;
};

}  // namespace fermata::c

struct fermata_serial : fermata::c::Handle<fermata::sim::SerialChannel> {};
struct fermata_ethernet : fermata::c::Handle<fermata::sim::EthernetChannel> {};
struct fermata_line : fermata::c::Handle<fermata::sim::LineChannel> {};
struct fermata_mmio : fermata::c::Handle<fermata::sim::MmioChannel> {};
struct fermata_message : fermata::c::Handle<fermata::sim::MessageChannel> {};
struct fermata_dma : fermata::c::Handle<fermata::sim::DmaChannel> {};

struct fermata_guest {
  std::optional<fermata::sim::LinkGuest> link;
  std::string error;
  // Not moved when there are more: the caller has their addresses.
  std::deque<fermata_serial> serials;
  std::deque<fermata_ethernet> ethernets;
  std::deque<fermata_line> lines;
  std::deque<fermata_mmio> mmios;
  std::deque<fermata_message> messages;
  std::deque<fermata_dma> dmas;
};

namespace fermata::c {

inline fermata_status status_of(base::ErrorCode code) {
  switch (code) {
    case base::ErrorCode::peer_gone: return fermata_peer_gone;
    case base::ErrorCode::timed_out: return fermata_timed_out;
    case base::ErrorCode::protocol_violation: return fermata_protocol_violation;
    case base::ErrorCode::not_found: return fermata_not_found;
    case base::ErrorCode::unsupported: return fermata_unsupported;
    case base::ErrorCode::host_failure: return fermata_host_failure;
  }
  return fermata_internal;
}

inline void keep(fermata_guest& guest, const char* what) noexcept {
  try {
    guest.error = what;
  } catch (const std::bad_alloc&) {
    guest.error.clear();  // which needs no memory; the status tells
  }
}

// The wall that no exception passes.
template <typename Call>
fermata_status call(fermata_guest* guest, Call what) noexcept {
  if (guest == nullptr) {
    return fermata_bad_argument;
  }
  try {
    what();
    guest->error.clear();
    return fermata_ok;
  } catch (const base::Error& error) {
    keep(*guest, error.what());
    return status_of(error.code());
  } catch (const base::BadArgument& error) {
    keep(*guest, error.what());
    return fermata_bad_argument;
  } catch (const HandlerFailed& error) {
    keep(*guest, error.what());
    return fermata_handler_failed;
  } catch (const std::exception& error) {
    keep(*guest, error.what());
  } catch (...) {
    keep(*guest, "an unknown failure");
  }
  return fermata_internal;
}

template <typename Channel, typename Call>
fermata_status call_channel(Channel* channel, Call what) noexcept {
  return channel == nullptr ? fermata_bad_argument : call(channel->guest, std::move(what));
}

// They throw base::BadArgument.
inline void require(bool condition, const char* what) {
  if (!condition) {
    throw base::BadArgument(what);
  }
}

inline sim::LinkGuest& link_of(fermata_guest* guest) {
  require(guest->link.has_value(), "guest: it could not be opened, or has been closed");
  return *guest->link;
}

inline sim::LinkGuest& standing_link_of(fermata_guest* guest) {
  sim::LinkGuest& link = link_of(guest);
  require(!link.is_running(), "guest: it runs; wait until it stands");
  return link;
}

inline time::Instant instant(std::int64_t ns) {
  require(ns >= 0, "instant: it is 0 ns or later");
  return time::Instant::at(time::Duration::nanoseconds(ns));
}

inline host::HostDuration host_duration(std::int64_t ms) {
  require(ms >= 0 && ms <= 1'000'000'000, "limit: it is 0 to 1,000,000,000 ms");
  return std::chrono::milliseconds(ms);
}

inline std::span<const std::byte> bytes_of(const void* bytes, std::size_t count) {
  require(bytes != nullptr || count == 0, "bytes: NULL");
  return {static_cast<const std::byte*>(bytes), count};
}

template <typename Channel, typename Find>
Channel* find(fermata_guest* guest, std::deque<Channel> fermata_guest::*all, const char* name, Find find) noexcept {
  Channel* found = nullptr;
  static_cast<void>(call(guest, [&] {
    require(name != nullptr, "name: NULL");
    Channel wanted{{guest, (link_of(guest).*find)(name)}};
    for (Channel& known : guest->*all) {
      if (known.channel.declared().number == wanted.channel.declared().number) {
        found = &known;
        return;
      }
    }
    found = &(guest->*all).emplace_back(std::move(wanted));
  }));
  return found;
}

}  // namespace fermata::c
