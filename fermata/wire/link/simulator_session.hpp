// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "fermata/wire/link/channel.hpp"
#include "fermata/wire/link/frame.hpp"
#include "fermata/wire/link/milestones.hpp"
#include "fermata/wire/stop.hpp"

namespace fermata::wire::link {

/// What a guest has done. The payload is its own.
struct Output {
  std::uint16_t channel = 0;
  time::Instant at;
  std::uint64_t sequence = 0;
  std::vector<std::byte> payload{};

  friend bool operator==(const Output&, const Output&) = default;
};

/// How many inputs a channel has dropped so far.
struct DroppedInputs {
  std::uint16_t channel = 0;
  std::uint64_t total = 0;

  friend bool operator==(const DroppedInputs&, const DroppedInputs&) = default;
};

/// The running guest has come so far. All its outputs of earlier instants came before.
struct Progress {
  time::Instant now;

  friend bool operator==(const Progress&, const Progress&) = default;
};

/// The answer to a checkpoint or restore.
struct Finished {
  time::Instant now;
  std::string failure{};  ///< empty: it succeeded

  friend bool operator==(const Finished&, const Finished&) = default;
};

/// What comes from a guest, in its order.
using Event = std::variant<Output, DroppedInputs, Stop, Finished, Progress>;

/// The simulator's end of link v1 (docs/protocol.md) as a pure state machine: calls and bytes in, bytes and events out.
/// No I/O, threads or clocks. Not thread-safe.
class SimulatorSession {
 public:
  /// Says hello. `needs` is a set of Ability: a guest that lacks one refuses.
  explicit SimulatorSession(std::string_view name = "simulator", std::uint32_t needs = 0);

  /// Takes bytes in any pieces. Throws base::Error: protocol_violation if the guest breaks the protocol, unsupported
  /// if it refuses, with its words. The session is of no use afterwards.
  void receive(std::span<const std::byte> bytes);

  /// True once the guest has told all about itself; before that none of the calls below is allowed but `outgoing`.
  [[nodiscard]] bool is_open() const { return is_open_; }
  [[nodiscard]] const std::vector<Channel>& channels() const { return channels_; }
  [[nodiscard]] std::uint32_t abilities() const { return abilities_; }
  [[nodiscard]] const std::string& guest() const { return guest_; }

  /// Makes a channel reactive. Before the first input, grant or checkpoint. Throws base::BadArgument for a channel that
  /// is not there, base::Error (unsupported) if the guest cannot.
  void select_reactive(std::uint16_t channel);
  /// An input at `at`; returns its sequence. Throws base::BadArgument: no such channel, a payload that it does not
  /// carry, an instant earlier than `earliest_input` or than the channel's input before, or more than its bound on
  /// their way.
  std::uint64_t input(std::uint16_t channel, time::Instant at, std::span<const std::byte> payload);
  /// The sequence of the channel's last input; 0 if there was none.
  [[nodiscard]] std::uint64_t last_input(std::uint16_t channel) const { return states_.at(channel - 1U).inputs; }
  /// The guest may run until `horizon`, which is not less than before; again the same after a stop on the way, once
  /// that was taken: one that waits for an answer is not gone on from by a grant of who has not heard of it. Throws
  /// base::BadArgument.
  void grant(time::Instant horizon);
  /// From now on the running guest tells its progress at these, or no more. The guest stands. Throws base::Error
  /// (unsupported) if the guest cannot.
  void ask_milestones(const Milestones& milestones);
  /// From now on the guest comes no further than `distance` beyond the clock of another, number `clock` of those that
  /// they share; zero: it keeps to that no more. The guest stands. Throws base::Error (unsupported) if the guest shares
  /// none; base::BadArgument for a distance below zero.
  void follow(std::uint32_t clock, time::Duration distance);
  /// Of a guest that keeps to clocks, as those stand: it has come to `reached`, and comes to `limit` at most, or less
  /// than an instruction beyond. Inputs can be for that instant, and those up to `reached` are on their way no more.
  void look_at_clocks(time::Instant reached, time::Instant limit);
  /// Throws base::Error (unsupported) if the guest has none; base::BadArgument for a name that is none. The guest
  /// stands.
  void checkpoint(std::string_view name);
  void restore(std::string_view name);
  void bye();

  /// The oldest event that was not taken yet.
  [[nodiscard]] std::optional<Event> take();
  /// The same, to look at.
  [[nodiscard]] const Event* peek() const { return events_.empty() ? nullptr : &events_.front(); }

  /// True if a Stop is among the events that were not taken yet.
  [[nodiscard]] bool has_stop() const { return stops_to_take_ > 0; }

  /// The first of them.
  [[nodiscard]] const Stop* first_stop() const;

  /// Where the guest stood at its last report.
  [[nodiscard]] time::Instant now() const { return now_; }
  /// How far it has come, by its last report or progress.
  [[nodiscard]] time::Instant reached() const { return reached_; }
  [[nodiscard]] time::Instant horizon() const { return horizon_; }
  /// True from a grant until the report that answers it, or until the guest stands for another reason.
  [[nodiscard]] bool is_running() const { return is_running_; }
  /// The earliest instant that an input may have now.
  [[nodiscard]] time::Instant earliest_input() const {
    return std::min({is_running_ ? horizon_ : now_, horizon_, limit_});
  }

  /// Bytes to be written to the peer; `sent` says how many of them were. Valid until the next call.
  [[nodiscard]] std::span<const std::byte> outgoing() const { return outgoing_; }
  void sent(std::size_t count);

 private:
  struct ChannelState {
    std::uint64_t inputs = 0;
    std::uint64_t outputs = 0;
    time::Instant last_input;
    std::deque<std::pair<time::Instant, std::size_t>> on_their_way;
    std::size_t bytes_on_their_way = 0;
  };

  void take(const Frame& frame);
  void take_welcome(const Frame& frame);
  void take_channel(const Frame& frame);
  void take_output(const Frame& frame);
  void take_dropped(const Frame& frame);
  void take_report(const Frame& frame);
  void take_progress(const Frame& frame);
  void come_to(time::Instant reached);
  void forget_arrived(time::Instant reached);
  void take_done(const Frame& frame);
  void send_named(MessageType type, std::string_view name);
  [[nodiscard]] std::size_t index_of(std::uint16_t channel) const;

  FrameReader reader_;
  bool is_open_ = false;
  std::optional<std::uint32_t> channels_to_come_;
  std::string guest_;
  std::uint32_t abilities_ = 0;
  std::vector<Channel> channels_;
  std::vector<ChannelState> states_;
  std::deque<Event> events_;
  std::size_t stops_to_take_ = 0;

  time::Instant now_;
  time::Instant reached_;
  Milestones milestones_;
  time::Instant horizon_;
  time::Instant limit_ = time::Instant::max();
  time::Instant last_output_;
  bool is_running_ = false;
  bool has_begun_ = false;
  std::optional<MessageType> named_pending_;
  std::uint64_t grants_ = 0;
  std::uint64_t reports_ = 0;
  std::vector<std::byte> outgoing_;
};

}  // namespace fermata::wire::link
