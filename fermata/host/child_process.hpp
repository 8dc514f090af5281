// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "fermata/host/clock.hpp"

namespace fermata::host {

/// How a process ended.
struct ExitStatus {
  int code = 0;    ///< what it returned; meaningless if a signal ended it
  int signal = 0;  ///< the signal that ended it, 0 if it returned

  [[nodiscard]] bool is_success() const { return signal == 0 && code == 0; }
  friend bool operator==(const ExitStatus&, const ExitStatus&) = default;
};

/// In words: "exit status 1", "killed by signal 9 (Killed)".
[[nodiscard]] std::string to_string(const ExitStatus& status);

/// What to start.
struct Command {
  std::vector<std::string> arguments;  ///< the program (looked up in PATH) and its arguments; not empty
  std::vector<int>
      inherited_descriptors{};           ///< passed on under their own numbers, beside 0, 1 and 2; still the caller's
  std::optional<int> standard_output{};  ///< replaces descriptor 1
  std::optional<int> standard_error{};   ///< replaces descriptor 2
};

/// A running program that does not outlive its handle, nor this process however that ends: the kernel sends SIGTERM to
/// the child when this process dies. Calls are for one thread at a time.
///
/// The kernel's parent-death signal fires when the forking *thread* ends, so each child has a thread of its own here
/// that forks it, waits for it and ends with it.
class ChildProcess {
 public:
  /// Starts `command`. Throws Error: not_found or host_failure if the program could not be executed.
  explicit ChildProcess(const Command& command);
  /// Ends the child as `terminate` does, with a second of grace.
  ~ChildProcess();
  ChildProcess(ChildProcess&&) noexcept;
  ChildProcess& operator=(ChildProcess&&) noexcept;

  [[nodiscard]] pid_t pid() const;
  /// How it ended, or nothing while it runs.
  [[nodiscard]] std::optional<ExitStatus> exit_status() const;
  /// A descriptor that polls readable once the child has ended; owned by this object.
  [[nodiscard]] int ended_descriptor() const;
  /// Waits for the end, at most `limit`; nothing if it still runs then.
  [[nodiscard]] std::optional<ExitStatus> wait(HostDuration limit) const;
  /// SIGTERM (and SIGCONT, for a stopped one), `grace` to obey, then SIGKILL. Returns how it ended.
  ExitStatus terminate(HostDuration grace);

 private:
  struct Keeper;
  std::unique_ptr<Keeper> keeper_;
};

}  // namespace fermata::host
