// SPDX-License-Identifier: MIT
#pragma once

#include <deque>
#include <vector>

#include "fermata/wire/guest_session.hpp"
#include "fermata/wire/qqq_layout.hpp"

namespace fermata::wire {

/// What a request to advance by 0 us asks for (sync-protocol, "Exchange": the option's help and its code disagreed).
enum class ZeroRequest : std::uint8_t {
  answer,  ///< answered at once with what had elapsed
  exit,    ///< the emulator exits: `-qqq sock=N,zero=exit`
};

/// The guest's end of the qqq protocol. Requests that arrive early are kept in order and each gets its report; elapsed
/// time is counted from the previous synchronisation point in whole microseconds, the rest is carried, so the sum of
/// all reports never drifts from the machine's instant.
class QqqGuestSession final : public GuestSession {
 public:
  explicit QqqGuestSession(ZeroRequest zero = ZeroRequest::answer) : zero_(zero) {}

  [[nodiscard]] bool wants_bytes() const override;
  void receive(std::span<const std::byte> bytes) override;
  void receive_end() override;
  void stopped(const Stop& stop) override;
  [[nodiscard]] const Order& order() const override { return order_; }
  [[nodiscard]] std::span<const std::byte> outgoing() const override { return outgoing_; }
  void sent(std::size_t count) override;

 private:
  void begin_next();
  void report();
  [[nodiscard]] bool has_left() const { return std::holds_alternative<Leave>(order_); }

  ZeroRequest zero_;
  QqqReassembler reassembler_;
  std::deque<std::uint32_t> kept_us_;  // requests that wait for their turn
  Order order_ = Hold{};
  time::Instant now_;     // where the machine stands, or stood when it was last told to run
  time::Instant synced_;  // the sum of all reports
  std::vector<std::byte> outgoing_;
};

}  // namespace fermata::wire
