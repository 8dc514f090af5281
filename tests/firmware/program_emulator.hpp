// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "fermata/host/unique_fd.hpp"
#include "fermata/sim/guest.hpp"
#include "fermata/transport/unix_socket.hpp"
#include "tests/firmware/emulator.hpp"

namespace fermata::firmware_test {

/// An emulator program under `-qqq`, its first serial port on a UNIX socket (`-serial unix:PATH`). Instants of output
/// are those of reports: what the guest has sent is in the socket when the report comes.
class ProgramEmulator final : public Emulator {
 public:
  /// Starts `command` with `-serial` appended, which connects to a socket in `folder`. Throws base::Error if it cannot
  /// be started or does not connect.
  ProgramEmulator(host::Command command, const std::string& folder);

  std::vector<Output> advance(time::Duration span) override;
  [[nodiscard]] time::Instant now() const override { return guest_.now(); }
  void send(std::string_view bytes) override;
  [[nodiscard]] int exit_status() override;

 private:
  [[nodiscard]] std::string received();

  host::UniqueFd listener_;
  sim::Guest guest_;
  transport::UnixSocket serial_;
};

}  // namespace fermata::firmware_test
