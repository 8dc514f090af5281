// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "fermata/time/instant.hpp"

namespace fermata::trace {

/// What a record tells. Guest kinds make up the guest trace, which determinism promises and comparisons look at; run
/// kinds depend on the quantum and the transport by nature.
enum class RecordKind : std::uint8_t {
  // guest trace
  guest_started,
  guest_stopped,    ///< stopped by its user: QMP stop, gdb
  guest_continued,  ///< goes on after a stop
  guest_reset,
  guest_powered_off,
  guest_panicked,
  guest_rebased,  ///< a snapshot was loaded: the guest's own clock jumped, the simulator's did not
  guest_error,    ///< the guest did what a device forbids; `text` names the device and says what
  input,          ///< bytes that the guest was given; `text` as that of an output
  output,         ///< bytes that the guest sent; `text` names the channel and shows them
  // run trace
  grant,
  report,
  ended,  ///< the connection or the guest ended; `text` says how
};

/// The kind as a word, e.g. "grant".
[[nodiscard]] std::string_view to_string(RecordKind kind);
/// True for the kinds of the guest trace.
[[nodiscard]] bool is_guest_record(RecordKind kind);

/// One line of a trace: what happened at which virtual instant. Never contains host time, a pid or an address.
struct Record {
  time::Instant at;
  RecordKind kind{};
  std::string text{};

  friend bool operator==(const Record&, const Record&) = default;
};

/// "0.001000000 grant horizon=0.002000000": instant in seconds, kind, text. No line end; `text` must have none either
/// (pass bytes through `escape`).
[[nodiscard]] std::string to_line(const Record& record);

/// `bytes` as text of a record: printable ASCII as it is, all else as \xNN, backslash doubled.
[[nodiscard]] std::string escape(std::string_view bytes);

}  // namespace fermata::trace
