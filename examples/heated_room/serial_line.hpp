// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "fermata/sim/link_guest.hpp"
#include "fermata/time/instant.hpp"

namespace heated_room {

using fermata::time::Duration;
using fermata::time::Instant;

/// The plant's end of the cable to its controller, in lines of text. Each byte has an instant of its own, both ways:
///
///   plant                              guest
///     |  "T 20437\n" from t on            |
///     | --- input "T" at t + 86.806 us --> |  as its last bit arrives, at 115,200 baud, 8N1
///     | --- input " " at t + 173.612 us -> |
///     | ...                                |
///     | <--- output "H" at u ------------- |  as the guest writes it into its UART
///     | <--- output " " at v ------------- |
///     | ...                                |
///
/// One thread, the guest's.
class SerialLine {
 public:
  /// What is told of a line that the guest has sent: its text without the end, and the instant of that end.
  using Handler = std::function<void(Instant at, const std::string& line)>;

  /// Good as long as the channel. Throws nothing but what `on_line` throws, from within the guest's `run_until`.
  SerialLine(fermata::sim::SerialChannel channel, Handler on_line);
  SerialLine(const SerialLine&) = delete;
  SerialLine& operator=(const SerialLine&) = delete;

  /// Sends `line` and its end, beginning at `from`; returns when the last byte arrives. Not before what was sent last
  /// has arrived, and not in the guest's past (base::BadArgument).
  Instant send(Instant from, std::string_view line);

 private:
  void receive(Instant at, std::string_view bytes);

  fermata::sim::SerialChannel channel_;
  Handler on_line_;
  std::string partial_;
};

}  // namespace heated_room
