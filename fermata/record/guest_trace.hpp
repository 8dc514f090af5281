// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "fermata/record/codec.hpp"
#include "fermata/time/instant.hpp"
#include "fermata/wire/link/channel.hpp"

namespace fermata::record {

class Reader;

/// One thing that a guest saw or did.
struct GuestEvent {
  enum class Kind : std::uint8_t {
    started,  ///< the beginning of the trace
    channel,  ///< a channel was declared; `text` says what it is
    input,
    output,
    reset,
    powered_off,  ///< `number` is the exit status
    panicked,
    error,
    checkpoint,  ///< saved under the name `text`
    restored,    ///< gone back to it, to `at`
    dropped,     ///< the end of the trace: `number` inputs of the channel were lost
  };

  time::Instant at;
  Kind kind = Kind::started;
  std::uint16_t channel = 0;               ///< 0: about none
  wire::link::ChannelKind channel_kind{};  ///< of an input or output
  bool is_dma = false;                     ///< the same: it is the guest's memory
  std::int64_t number = 0;
  std::string text{};  ///< of an input or output: the channel's name
  std::vector<std::byte> payload{};

  friend bool operator==(const GuestEvent&, const GuestEvent&) = default;
};

/// The guest trace of a link's messages: what determinism promises and what is compared. It has what the guest saw and
/// did, and not how it was granted time, so that it is the same for each quantum, transport and end of the link.
///
/// Order: by instant; at one instant inputs by channel and sequence, then outputs and events as they happened. An input
/// is in it once virtual time has reached it, and again if the guest went back to a checkpoint that was made before.
/// Memory: what happens between two reports, and the inputs on their way. Not thread-safe.
class GuestTrace {
 public:
  /// The next message of the link, in either direction. Throws base::Error (protocol_violation) if it is none.
  void take(Direction from, const wire::link::Frame& message);
  /// There are no more messages: what is held back is to come out.
  void finish();
  /// The next event that is certain.
  [[nodiscard]] std::optional<GuestEvent> next();

  [[nodiscard]] const std::vector<wire::link::Channel>& channels() const { return channels_; }

 private:
  // Inputs by instant, channel, sequence.
  using Inputs = std::map<std::tuple<time::Instant, std::uint16_t, std::uint64_t>, std::vector<std::byte>>;

  void take_welcome(const wire::link::Frame& message);
  void take_channel(const wire::link::Frame& message);
  void take_data(Direction from, const wire::link::Frame& message);
  void take_report(const wire::link::Frame& message);
  void take_named(const wire::link::Frame& message);
  void take_done(const wire::link::Frame& message);
  [[nodiscard]] const wire::link::Channel& channel_of(const wire::link::Frame& message) const;
  void hold(GuestEvent event) { held_.push_back(std::move(event)); }
  void settle_before(time::Instant instant);
  void settle_all();
  void emit_first_input();

  struct Named {
    wire::link::MessageType type{};
    std::string name;
  };

  std::vector<wire::link::Channel> channels_;
  std::map<std::uint16_t, std::uint64_t> dropped_;
  std::map<std::string, Inputs> checkpoints_;
  std::optional<Named> named_;
  Inputs inputs_;                // sent, not known to be reached
  std::deque<GuestEvent> held_;  // outputs and events after which something of their instant may still come
  std::deque<GuestEvent> settled_;
  time::Instant now_;
};

/// The events of a recording, one after the other.
class GuestTraceReader {
 public:
  explicit GuestTraceReader(Reader& reader) : reader_(&reader) {}
  /// Nothing at the end of what can be read: `damage` of the reader, or of this, says whether that is the end.
  [[nodiscard]] std::optional<GuestEvent> next();
  [[nodiscard]] const std::string& damage() const { return damage_; }
  /// That were declared so far.
  [[nodiscard]] const std::vector<wire::link::Channel>& channels() const { return trace_.channels(); }

 private:
  Reader* reader_;
  GuestTrace trace_;
  bool is_over_ = false;
  std::string damage_;
};

}  // namespace fermata::record
