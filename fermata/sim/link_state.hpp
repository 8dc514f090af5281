// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <queue>
#include <string>
#include <string_view>
#include <vector>

#include "fermata/host/clock.hpp"
#include "fermata/sim/channels.hpp"
#include "fermata/sim/connection.hpp"
#include "fermata/sim/dma_channel.hpp"
#include "fermata/transport/shared_clocks.hpp"
#include "fermata/wire/guest_session.hpp"
#include "fermata/wire/link/simulator_session.hpp"

namespace fermata::sim {

/// What a LinkGuest and its channels' handles share: the connection, the session, and what is called for what comes.
/// Internal to this folder. One thread.
struct LinkState {
  using ReadHandler = std::function<MmioValue(time::Instant at, std::uint64_t offset, unsigned size)>;
  /// Of the guest's last read of an mmio channel.
  enum class Read : std::uint8_t { none, unanswered, answered };
  /// A request to the guest's memory that has no answer.
  struct Dma {
    std::uint64_t sequence;
    wire::link::DmaRequestHead asked;
    std::shared_ptr<DmaChannel::Done> done;  ///< null: nobody wants to know
  };
  /// What is done at a stop for a read: the grant is renewed; or it is a stop as others are.
  enum class ReadStop : std::uint8_t { renew_grant, take };

  Connection connection;
  wire::link::SimulatorSession session;
  // By channel, from 0 on; so the others. Shared, for one that is called may set another in its own place; null if
  // there is none.
  std::vector<std::shared_ptr<LinkChannel::Handler>> handlers{};
  std::vector<std::shared_ptr<ReadHandler>> read_handlers{};
  std::vector<std::uint64_t> dropped{};
  std::vector<std::deque<Dma>> dma{};  ///< in the order of their answers
  std::map<std::string, std::vector<std::deque<Dma>>> dma_of_checkpoints{};
  std::vector<bool> is_reactive{};
  std::optional<wire::link::Finished> finished{};
  std::string named{};  ///< the checkpoint or restore that the guest has not answered: checkpoint "one"
  Read read = Read::none;
  wire::NextEvent next{};  // as of the last stop taken
  /// When inputs are due that may not have been taken, the earliest on top.
  std::priority_queue<time::Instant, std::vector<time::Instant>, std::greater<>> inputs{};
  /// While the guest is kept ahead: the earliest instant of an input, whether the guest has had to stand or not.
  std::optional<time::Instant> earliest{};
  std::optional<time::Instant> quantum_end{};  ///< the next, while it is kept ahead
  std::optional<time::Instant> reached{};      ///< where the guest has come to, if that may be such
  /// Came while the guest's memory was asked, before what the session has.
  std::deque<wire::link::Event> events{};
  std::shared_ptr<transport::SharedClocks> clocks{};  ///< null: it shares none
  std::size_t clock = 0;                              ///< its own of them
  std::vector<wire::Followed> followed{};             ///< the clocks that it keeps to
  /// While a stop of one of several guests that run together is dealt with: whose clock it is, and where it stands.
  std::optional<std::pair<std::size_t, time::Instant>> dealt_with{};
  std::optional<wire::Stop> end{};  ///< the stop from which it does not go on
  bool is_at_end = false;           ///< of its stream: nothing more comes
  bool is_passing = false;          ///< in a handler of an output at which the guest does not stand
  bool is_asking = false;           ///< what is waited for has to come from the session

  /// Waits for the guest to introduce itself; selects the reactive channels. Throws as LinkGuest::attach does.
  void open(const std::vector<std::string>& reactive, host::HostDuration limit);
  // A guest that has gone shows when what it said was taken.
  void flush() { static_cast<void>(connection.flush(session, session.is_running() ? 1 : 0)); }
  /// True once the stop that says so was taken. The session knows it before, of stops that were not.
  [[nodiscard]] bool stands() const { return !session.is_running() && !session.has_stop(); }
  void grant(time::Instant horizon);
  /// Tells the session how far the guest has come and can come, if that is for clocks to say.
  void look_at_clocks();
  /// While the stop of another guest is dealt with: the earliest instant of an input, however far this one has come on
  /// the host by now.
  [[nodiscard]] std::optional<time::Instant> earliest_by_dealing() const;
  void send(std::uint16_t channel, time::Instant at, std::span<const std::byte> payload);
  void send_dma(std::uint16_t channel, time::Instant at, const wire::link::DmaRequest& request, DmaChannel::Done done);
  /// The same for the instant at which the guest stands; waits for the answer, and gives its payload. What else happens
  /// meanwhile is dealt with as ever: by whoever is dealing with events, else from here. Throws as
  /// DmaChannel::read_now.
  [[nodiscard]] std::vector<std::byte> ask_now(std::uint16_t channel, const wire::link::DmaRequest& request,
                                               host::HostDuration limit);
  /// The next event, to look at; null if none has come.
  [[nodiscard]] const wire::link::Event* peek() const { return events.empty() ? session.peek() : &events.front(); }
  /// True if a stop has come that was not taken.
  [[nodiscard]] bool has_stop() const;
  /// The first of them; null if there is none.
  [[nodiscard]] const wire::Stop* first_stop() const;
  /// Takes bytes that come within `wait`; true if there may be more. Throws base::Error: peer_gone, protocol_violation.
  bool receive_within(host::HostDuration wait);
  /// Deals with what has come, in its order, up to and including the first stop. While the guest is kept ahead also up
  /// to its progress, or in front of an output that is not before the quantum's end.
  [[nodiscard]] std::optional<wire::Stop> take_events(ReadStop read_stop = ReadStop::renew_grant);
  /// Receives until `is_there` holds. Throws base::Error: timed_out, which says what the guest did not do, `awaited`;
  /// and as `receive_within`.
  template <typename IsThere>
  void wait_for(std::string_view awaited, host::HostDuration limit, IsThere is_there);
  /// "console (serial), net (ethernet)".
  [[nodiscard]] std::string channel_names() const;

 private:
  [[nodiscard]] bool must_wait_for_stop() const;
  [[nodiscard]] std::optional<wire::link::Event> take_event();
  void take(const wire::link::Output& output);
  void hand_on(const wire::link::Output& output);
  void record_output(const wire::link::Output& output) const;
  [[noreturn]] void accuse(const std::string& what) const;
  void take_dma(const wire::link::Output& output);
  [[nodiscard]] Dma match(const wire::link::Output& output);
  void note(const wire::Stop& stop);
  void check_may_ask(std::uint16_t channel) const;
  class Exchange;
  void come_to(time::Instant now);
  [[nodiscard]] bool is_at_quantum_end();
  [[nodiscard]] time::Instant limit_by_dealing() const;
  void answer(const wire::link::Output& output);
  void take_stop_for_read();
};

// Looks at the host's clock only if it has to wait.
template <typename IsThere>
void LinkState::wait_for(std::string_view awaited, host::HostDuration limit, IsThere is_there) {
  if (is_there()) {
    return;
  }
  // Most answers come at once: no look at the host's clock for them.
  receive_within(std::min<host::HostDuration>(limit, std::chrono::milliseconds(1)));
  if (is_there()) {
    return;
  }
  const host::Deadline deadline(host::HostClock::monotonic(), limit);
  do {
    receive_within(deadline.remaining());
    if (is_there()) {
      return;
    }
  } while (!deadline.has_passed());
  connection.throw_timed_out(awaited, limit, session.is_running() ? 1 : 0);
}

}  // namespace fermata::sim
