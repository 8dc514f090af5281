// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>

#include "fermata/clock/timer.hpp"
#include "fermata/guest/pending_inputs.hpp"

namespace fermata::machine::link {

/// Inputs that wait for their instants on a virtual clock. At one instant they are delivered by channel, then in the
/// order in which they were added, after the devices' timers of that instant and before the guest executes anything at
/// it (docs/protocol.md, "Inputs and outputs"). One thread, the one that runs the timers.
class InputQueue {
 public:
  struct Receiver {
    /// Whether the channel takes one more input at this instant. If not, it and those behind it wait where they are,
    /// and the machine is to stand at this instant before it goes on.
    std::function<bool(std::uint16_t channel)> is_ready;
    std::function<void(const guest::PendingInputs::Input& input)> deliver;
  };

  /// Channels are numbered 1 to `channels`. `timers` outlives it.
  InputQueue(clock::TimerList& timers, std::size_t channels, Receiver receiver);

  /// Behind those of its channel that have the same instant or an earlier one. One whose instant has come is delivered
  /// in the timers' next pass.
  void add(const wire::link::Datum& input);
  [[nodiscard]] std::size_t size() const { return inputs_.size(); }

  /// Takes its timer out of the list, while the machine that owns the clock is saved or loaded; `load` or `unpark` puts
  /// it back.
  void park() { timer_.cancel(); }
  void unpark() { arm(); }
  void save(state::Writer& writer) const { inputs_.save(writer); }
  void load(state::Reader& reader);

 private:
  void arm();
  void expired();

  guest::PendingInputs inputs_;
  Receiver receiver_;
  clock::Timer timer_;
  bool has_let_devices_go_first_ = false;
};

}  // namespace fermata::machine::link
