// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string_view>

#include "fermata/time/duration.hpp"

namespace heated_room {

using fermata::time::Duration;

// What plant and controller say to each other, in lines of text; guest/controller.sh draws it.

/// What the controller says: "H <0|1> U <uptime>".
struct ControllerAnswer {
  bool is_heating = false;
  Duration uptime;
};

/// Reads an answer; nothing if it is none.
[[nodiscard]] std::optional<ControllerAnswer> parse_answer(std::string_view line);

}  // namespace heated_room
