// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "fermata/transport/unix_socket.hpp"

namespace fermata::qemu_test {

/// The debugger's end of GDB's remote protocol, as far as the tests need it. Failures are exceptions.
class GdbClient {
 public:
  /// Connects to a listening UNIX socket, which attaches: QEMU stops the machine.
  explicit GdbClient(const std::string& path);

  /// Sends a packet, e.g. "g".
  void send(const std::string& packet);
  /// The next packet that QEMU sends.
  [[nodiscard]] std::string receive();
  /// `send` and `receive`.
  [[nodiscard]] std::string ask(const std::string& packet);
  /// The registers of a machine that stands, as hexadecimal digits. Drops what QEMU before 8.1 said of stops unasked.
  [[nodiscard]] std::string registers();
  /// Asks a running machine to stop, as Ctrl-C does; the answer is a packet.
  void interrupt();

 private:
  void write(const std::string& bytes);
  char read_byte();

  transport::UnixSocket socket_;
};

}  // namespace fermata::qemu_test
