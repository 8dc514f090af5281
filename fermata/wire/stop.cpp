// SPDX-License-Identifier: MIT
#include "fermata/wire/stop.hpp"

namespace fermata::wire {

std::string_view to_string(StopReason reason) {
  switch (reason) {
    case StopReason::horizon: return "horizon";
    case StopReason::output: return "output";
    case StopReason::mmio: return "mmio";
    case StopReason::full: return "full";
    case StopReason::user: return "user";
    case StopReason::reset: return "reset";
    case StopReason::powered_off: return "powered_off";
    case StopReason::panicked: return "panicked";
    case StopReason::error: return "error";
  }
  return "unknown";
}

}  // namespace fermata::wire
