// SPDX-License-Identifier: MIT
#include "fermata/base/error.hpp"

#include <system_error>

namespace fermata::base {

std::string_view to_string(ErrorCode code) {
  switch (code) {
    case ErrorCode::peer_gone: return "peer_gone";
    case ErrorCode::timed_out: return "timed_out";
    case ErrorCode::protocol_violation: return "protocol_violation";
    case ErrorCode::not_found: return "not_found";
    case ErrorCode::unsupported: return "unsupported";
    case ErrorCode::host_failure: return "host_failure";
  }
  return "unknown";
}

Error host_error(std::string_view doing, int error_number) {
  return {ErrorCode::host_failure,
          "cannot " + std::string(doing) + ": " + std::generic_category().message(error_number)};
}

}  // namespace fermata::base
