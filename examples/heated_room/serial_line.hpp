// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "fermata/host/clock.hpp"
#include "fermata/transport/unix_socket.hpp"
#include "protocol.hpp"

namespace heated_room {

/// The plant's end of the Linux guest's second serial port: lines of text through an ordinary QEMU chardev. A chardev
/// knows no virtual time, so all is done while the guest is held between two quanta, where this makes it exact:
///
///   plant                     QEMU's main loop            vCPU, held at the end of a quantum
///     | "T 20437\n"                  |                               |
///     | ---------- socket ---------> | takes the bytes, puts them    |
///     |                              | into the UART ------------->  |  under QEMU's big lock
///     | socket empty? (`send`)       |                               |
///     | grant ----------------------------------------------------->  |  finds the UART filled
///     | report <----------------------------------------------------  |  has written "H 1 U 5.02\n" meanwhile: the
///     | <------------------------- socket ----------------------------  vCPU's own thread puts bytes into the socket
///     | `receive` finds all of them                                     when the guest writes them into the UART
///
/// One thread at a time.
class SerialLine {
 public:
  SerialLine();

  /// QEMU's end, to be inherited by it and then closed here with `close_guest_end`.
  [[nodiscard]] int guest_end() const { return guest_end_.descriptor(); }
  void close_guest_end() { guest_end_.close(); }

  /// Puts `line` and its line end into the guest's UART: returns when QEMU has taken every byte. It is no longer than
  /// `line_to_guest` allows. Throws Error: timed_out if the UART does not take it within a host-time limit, peer_gone.
  void send(std::string_view line);
  /// The next line that the guest wrote, without its end; nothing if there is no whole one.
  [[nodiscard]] std::optional<std::string> receive();

 private:
  void await_taken() const;

  fermata::transport::UnixSocket plant_end_;
  fermata::transport::UnixSocket guest_end_;
  LineBuffer received_;

  explicit SerialLine(std::pair<fermata::transport::UnixSocket, fermata::transport::UnixSocket> ends);
};

}  // namespace heated_room
