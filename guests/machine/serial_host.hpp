// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "fermata/base/byte_queue.hpp"
#include "fermata/host/unique_fd.hpp"
#include "fermata/loop/event_loop.hpp"
#include "fermata/machine/serial_end.hpp"
#include "guests/machine/options/options.hpp"
#include "guests/machine/terminal.hpp"

namespace fermata::machine_program {

/// Carries a machine's serial line to where the user wants it: standard input and output, a file, a socket. Output is
/// kept and written by `flush`, and never holds the machine up; input stops while the guest's device is full. One
/// thread, the loop's.
class SerialHost {
 public:
  struct Callbacks {
    std::function<void()> end;           ///< the user typed Ctrl-A X
    std::function<void()> before_input;  ///< input is about to reach the guest: its clock is to be brought up to date
  };

  /// Opens, listens or connects. All outlive it. Throws base::Error (host_failure, not_found) that names the option.
  SerialHost(loop::EventLoop& loop, SerialTarget target, machine::SerialEnd& end, Callbacks callbacks);
  ~SerialHost();
  SerialHost(const SerialHost&) = delete;
  SerialHost& operator=(const SerialHost&) = delete;

  /// False for a server that is to wait until somebody has connected, until then.
  [[nodiscard]] bool is_ready() const;
  /// Writes as much as goes without waiting; the rest when the loop finds room.
  void flush();
  /// Writes the rest, waiting a moment for a reader who is slow.
  void finish();
  /// True if output was lost that somebody should have got; standard error was told.
  [[nodiscard]] bool has_lost_output() const { return has_lost_output_; }

 private:
  void open_stdio();
  void open_file();
  void open_socket();
  void listen_at(const std::string& path);
  void accept_client();
  void disconnect();
  void take_output(std::span<const std::byte> bytes);
  void take_input();
  [[nodiscard]] bool write_some();
  void tell_lost_output(const std::string& why);
  void update_watch();

  loop::EventLoop& loop_;
  SerialTarget target_;
  machine::SerialEnd& end_;
  Callbacks callbacks_;

  host::UniqueFd own_;  // the file, or the connection
  host::UniqueFd listener_;
  int input_ = -1;  // descriptor, -1 for none
  int output_ = -1;
  std::optional<RawTerminal> terminal_;
  EscapeFilter escapes_;
  base::ByteQueue buffer_;   // output that is not written yet
  bool is_blocked_ = false;  // the last write would have had to wait
  bool has_lost_output_ = false;
};

}  // namespace fermata::machine_program
