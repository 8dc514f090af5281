// SPDX-License-Identifier: MIT
#include "fermata/wire/stop.hpp"

namespace fermata::wire {

std::string_view to_string(StopReason reason) {
  switch (reason) {
    case StopReason::horizon: return "horizon";
    case StopReason::user: return "user";
    case StopReason::powered_off: return "powered_off";
    case StopReason::panicked: return "panicked";
    case StopReason::error: return "error";
  }
  return "unknown";
}

}  // namespace fermata::wire
