// SPDX-License-Identifier: MIT
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "fermata/transport/unix_socket.hpp"

namespace fermata::qemu_test {

/// Talks QMP to a QEMU that gets one end of a socket pair: no path, no race for its creation. Made first, then given to
/// the machine by `arguments` and `descriptor`. Failures are exceptions: QEMU's answer or its silence.
class QmpClient {
 public:
  QmpClient();

  /// What QEMU's command line needs.
  [[nodiscard]] std::vector<std::string> arguments() const;
  [[nodiscard]] int descriptor() const { return theirs_.descriptor(); }

  /// Reads the greeting; after the machine was started.
  void connect();
  /// The `return` of a command.
  nlohmann::json execute(const std::string& command, const nlohmann::json& arguments = nlohmann::json::object());
  /// What a command of the human monitor prints.
  std::string human(const std::string& command_line);
  /// "running", "paused", ...
  std::string status();
  /// Waits for an event by name, unless it came already.
  void wait_for_event(const std::string& name);

 private:
  explicit QmpClient(std::pair<transport::UnixSocket, transport::UnixSocket> ends);
  nlohmann::json read_message();

  transport::UnixSocket ours_;
  transport::UnixSocket theirs_;
  std::string received_;
  std::vector<std::string> events_;
};

}  // namespace fermata::qemu_test
