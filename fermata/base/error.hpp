// SPDX-License-Identifier: MIT
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace fermata::base {

/// What went wrong at run time, for callers that decide by it.
enum class ErrorCode {
  peer_gone,           ///< the other end closed the connection or died
  timed_out,           ///< a host-time limit ended before the peer answered
  protocol_violation,  ///< the peer said something that its protocol forbids
  not_found,           ///< a file, program or symbol that is needed is not there
  unsupported,         ///< it is there but cannot do what was asked
  host_failure,        ///< the operating system refused a call
};

/// The code as a word, e.g. "peer_gone".
[[nodiscard]] std::string_view to_string(ErrorCode code);

/// A run-time failure: something outside this program (a peer, a file, the host) did not do its part. `what()` is one
/// sentence that says what happened and one that says what to do.
class Error : public std::runtime_error {
 public:
  Error(ErrorCode code, const std::string& what) : std::runtime_error(what), code_(code) {}
  [[nodiscard]] ErrorCode code() const { return code_; }

 private:
  ErrorCode code_;
};

/// An argument that its function cannot take; `what()` names the argument, its value and the range.
class BadArgument : public std::invalid_argument {
 public:
  using std::invalid_argument::invalid_argument;
};

/// The Error for a failed system call: `doing` ("open /dev/kvm") and the text of `error_number` (an errno value).
[[nodiscard]] Error host_error(std::string_view doing, int error_number);

}  // namespace fermata::base
