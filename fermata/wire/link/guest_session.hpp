// SPDX-License-Identifier: MIT
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fermata/wire/guest_session.hpp"
#include "fermata/wire/link/channel.hpp"
#include "fermata/wire/link/frame.hpp"
#include "fermata/wire/link/milestones.hpp"

namespace fermata::wire::link {

/// The guest's end of link v1 (docs/protocol.md) as a pure state machine. Not thread-safe.
class GuestSession final : public wire::GuestSession {
 public:
  /// What the guest says of itself. Channels are numbered 1, 2, 3 ... in their order.
  struct Identity {
    std::string name = "guest";
    std::uint32_t abilities = 0;
    std::vector<Channel> channels{};
    time::Instant now{};
    std::uint32_t clocks = 0;  ///< how many there are in the memory that it shares with other guests; 0: none is shared
    std::uint32_t clock = 0;   ///< its own of them
  };

  /// Takes what is no order. Calls come from within `receive`.
  class Port {
   public:
    virtual ~Port() = default;
    /// To be delivered at `input.at`, which has not passed; the payload is valid during the call.
    virtual void input(const Datum& input) = 0;
    /// The guest stands: save it, or go back to what was saved; `done` or `failed` of the session answers, now or
    /// later.
    virtual void checkpoint(const std::string& name) = 0;
    virtual void restore(const std::string& name) = 0;
  };

  /// `port` outlives it.
  GuestSession(Identity identity, Port& port);

  [[nodiscard]] bool wants_bytes() const override { return !has_left(); }
  void receive(std::span<const std::byte> bytes) override;
  void receive_end() override;
  void stopped(const Stop& stop) override;
  [[nodiscard]] const Order& order() const override { return order_; }
  [[nodiscard]] std::optional<time::Instant> milestone() const override { return milestone_; }
  /// Tells it, unless what was said before has not been sent: so a peer that does not read makes nothing grow.
  void progressed(time::Instant now) override;
  [[nodiscard]] std::span<const Followed> followed() const override { return followed_; }
  void allow(time::Instant limit) override;
  [[nodiscard]] bool waits_for_clocks() const override { return waits_for_clocks_; }
  [[nodiscard]] time::Instant now() const override { return now_; }
  [[nodiscard]] std::optional<time::Instant> granted() const override;
  [[nodiscard]] std::span<const std::byte> outgoing() const override { return outgoing_; }
  void sent(std::size_t count) override;

  /// What the guest has to do after an output.
  enum class After : std::uint8_t {
    go_on,
    stop,  ///< stand still at once, and say so with StopReason::output or full
  };
  /// The guest has made an output; `at` is not earlier than that of the one before. The payload is one that the
  /// channel's kind carries.
  After output(std::uint16_t channel, time::Instant at, std::span<const std::byte> payload);
  /// So many bytes of output may come before `output` says stop; 0 if it says so at any.
  [[nodiscard]] std::size_t room_for_output(std::uint16_t channel) const;
  /// True if the channel has reached its output bound since the last grant, reactive or not: inputs that are answered
  /// by outputs have to wait until the next. `kept`: bytes of output that the session has yet to be told of.
  [[nodiscard]] bool is_full(std::uint16_t channel, std::size_t kept = 0) const {
    return states_.at(channel - 1U).output_bytes + kept >= channels_[channel - 1U].output_bound;
  }
  /// Why After::stop was said last.
  [[nodiscard]] StopReason stop_wanted() const { return stop_wanted_; }
  /// So many inputs of the channel were dropped so far; told before the next report.
  void dropped(std::uint16_t channel, std::uint64_t total);
  /// Answers `checkpoint` or `restore`; `now` is where the guest stands.
  void done(time::Instant now);
  void failed(const std::string& why);

  [[nodiscard]] const std::vector<Channel>& channels() const { return channels_; }
  /// The simulator's name, once it has said hello.
  [[nodiscard]] const std::string& simulator() const { return simulator_; }

 private:
  enum class Phase : std::uint8_t { hello, selecting, running };
  struct ChannelState {
    bool is_reactive = false;
    std::uint64_t inputs = 0;  // sequences so far
    std::uint64_t outputs = 0;
    std::uint64_t output_bytes = 0;  // since the last grant
    std::deque<std::pair<time::Instant, std::size_t>> on_their_way;
    std::size_t bytes_on_their_way = 0;
    std::uint64_t dropped = 0;
    bool has_news_of_dropped = false;
  };

  void take(const Frame& frame);
  void take_hello(const Frame& frame);
  void take_select(const Frame& frame);
  void take_input(const Frame& frame);
  void take_grant(const Frame& frame);
  void take_milestones(const Frame& frame);
  void take_follow(const Frame& frame);
  void take_named(const Frame& frame);
  void send_welcome();
  void refuse(const std::string& why);
  void come_to(time::Instant now);
  void tell_dropped();
  void report(const Stop& stop);
  void go_on_if_allowed();
  void look_anew();
  [[nodiscard]] time::Instant earliest_input() const;
  void stop_at_limit(const Stop& stop);
  void go_on();
  [[nodiscard]] std::size_t index_of(std::uint16_t channel) const;
  void forget_arrived(ChannelState& state) const;
  [[nodiscard]] bool has_left() const { return std::holds_alternative<Leave>(order_); }

  std::string name_;
  std::uint32_t abilities_;
  std::vector<Channel> channels_;
  std::vector<ChannelState> states_;
  Port* port_;

  FrameReader reader_;
  Phase phase_ = Phase::hello;
  std::string simulator_;
  Order order_ = Hold{};
  std::optional<StopReason> stands_ = StopReason::horizon;  // for what it stands, waiting for a grant
  StopReason stop_wanted_ = StopReason::output;
  bool is_stop_wanted_ = false;               // and has not been reported
  std::optional<MessageType> named_pending_;  // a checkpoint or restore
  Milestones milestones_;
  std::optional<time::Instant> milestone_;  // the next after now_
  std::uint32_t clocks_;
  std::uint32_t clock_;
  std::vector<Followed> followed_;
  time::Instant limit_ = time::Instant::max();  // as those were when they were looked at
  bool must_look_anew_ = false;                 // what was seen before does not count
  bool waits_for_clocks_ = false;
  time::Instant now_;
  time::Instant horizon_;
  time::Instant last_output_;
  std::uint64_t grants_ = 0;
  std::uint64_t grants_reported_ = 0;
  std::uint64_t reports_ = 0;
  std::uint64_t reports_seen_ = 0;
  std::vector<std::byte> outgoing_;
};

}  // namespace fermata::wire::link
