// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string_view>

#include "fermata/time/instant.hpp"
#include "fermata/wire/link/channel.hpp"

namespace fermata::sim {

class LinkGuest;
struct LinkState;  // what a guest's handles share: link_state.hpp

/// Part of what every channel's handle is: a cheap copy, good as long as its guest.
class LinkChannel {
 public:
  using Handler = std::function<void(time::Instant at, std::span<const std::byte> payload)>;

  [[nodiscard]] const wire::link::Channel& declared() const;
  /// How many inputs the guest's device has dropped, as far as it has told.
  [[nodiscard]] std::uint64_t dropped() const;

 protected:
  LinkChannel(LinkState& link, std::uint16_t number) : link_(&link), number_(number) {}
  void send_bytes(time::Instant at, std::span<const std::byte> payload);
  void set_handler(Handler handler);
  [[nodiscard]] LinkState& state() const { return *link_; }
  [[nodiscard]] std::uint16_t number() const { return number_; }

 private:
  friend class LinkGuest;
  LinkState* link_;
  std::uint16_t number_;
};

/// A serial line. What is sent is received at `at`, as fast as the guest's device takes it.
class SerialChannel : public LinkChannel {
 public:
  /// Throws base::BadArgument: no bytes, an instant that has passed (LinkGuest::earliest_input), too much on its way.
  void send(time::Instant at, std::string_view bytes);
  /// Called with each piece that the guest sends, in the order of time, from within the guest's `wait` and `run_until`;
  /// it may send.
  void on_output(std::function<void(time::Instant at, std::string_view bytes)> handler);

 private:
  friend class LinkGuest;
  using LinkChannel::LinkChannel;
};

/// An Ethernet cable. Frames are without FCS, 14 to 9018 bytes.
class EthernetChannel : public LinkChannel {
 public:
  void send(time::Instant at, std::span<const std::byte> frame) { send_bytes(at, frame); }
  void on_output(std::function<void(time::Instant at, std::span<const std::byte> frame)> handler) {
    set_handler(std::move(handler));
  }

 private:
  friend class LinkGuest;
  using LinkChannel::LinkChannel;
};

/// An interrupt or GPIO line into the guest.
class LineChannel : public LinkChannel {
 public:
  void set(time::Instant at, bool level);

 private:
  friend class LinkGuest;
  using LinkChannel::LinkChannel;
};

/// What a read gives: a value, of which as many of the lower bytes count as are read, and the instant at which the
/// guest has it; until then all its harts stall. At once, unless an instant is given.
struct MmioValue {
  template <std::integral Number>
  MmioValue(Number number) : value(static_cast<std::uint64_t>(number)) {}  // NOLINT: a number is a value
  template <std::integral Number>
  MmioValue(Number number, time::Instant when) : value(static_cast<std::uint64_t>(number)), at(when) {}
  std::uint64_t value;
  std::optional<time::Instant> at{};  ///< not earlier than the read
};

/// A window of guest-physical addresses whose device model is the simulator's. Accesses are of 1, 2, 4 or 8 bytes and
/// aligned; `offset` is from the window's beginning.
class MmioChannel : public LinkChannel {
 public:
  /// Called with each write, in the order of time, from within the guest's `wait` and `run_until`. The guest has gone
  /// on meanwhile, unless the channel is reactive.
  void on_write(
      std::function<void(time::Instant at, std::uint64_t offset, unsigned size, std::uint64_t value)> handler);
  /// Called with each read, while the guest stands at it; the handler may send on other channels, at that instant too.
  /// A read without a handler is base::Error from the guest's `wait`, and so is a handler that throws: the guest can
  /// then only be closed or restored. An instant earlier than the read is base::BadArgument from there.
  void on_read(std::function<MmioValue(time::Instant at, std::uint64_t offset, unsigned size)> handler);

  /// Whether writes stop the guest at their instants (LinkOptions::reactive).
  [[nodiscard]] bool is_reactive() const;

 private:
  friend class LinkGuest;
  using LinkChannel::LinkChannel;
};

/// Opaque messages of 1 to 65,536 bytes to and from a device of the guest's. (The guest's memory is a channel of its
/// own kind: DmaChannel.)
class MessageChannel : public LinkChannel {
 public:
  void send(time::Instant at, std::span<const std::byte> message) { send_bytes(at, message); }
  void on_output(std::function<void(time::Instant at, std::span<const std::byte> message)> handler) {
    set_handler(std::move(handler));
  }

 private:
  friend class LinkGuest;
  using LinkChannel::LinkChannel;
};

}  // namespace fermata::sim
