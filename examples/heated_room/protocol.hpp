// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "fermata/time/duration.hpp"

namespace heated_room {

using fermata::time::Duration;

// What plant and controller say to each other, in lines of text; guest/controller.sh draws it.

/// The most bytes of a line to the guest, its end included. A 16550 takes, in one go, as many bytes as fit below the
/// trigger level of its receive FIFO, and both controllers set 8. The rest of a longer line would wait for the guest,
/// which is held and waits for the grant.
inline constexpr std::size_t longest_line_to_guest = 8;

/// `line` with its end, as it goes to the guest. Ends the program if it is longer than `longest_line_to_guest`.
[[nodiscard]] std::string line_to_guest(std::string_view line);

/// Puts lines together from bytes, however they arrive.
class LineBuffer {
 public:
  void put(std::span<const std::byte> bytes);
  /// The next line, without its end; nothing if there is no whole one.
  [[nodiscard]] std::optional<std::string> take();

 private:
  std::string partial_;
  std::deque<std::string> lines_;
};

/// What the controller says: "H <0|1> U <uptime>".
struct ControllerAnswer {
  bool is_heating = false;
  Duration uptime;
};

/// Reads an answer; nothing if it is none.
[[nodiscard]] std::optional<ControllerAnswer> parse_answer(std::string_view line);

}  // namespace heated_room
