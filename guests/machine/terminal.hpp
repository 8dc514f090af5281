// SPDX-License-Identifier: MIT
#pragma once

#include <termios.h>

#include <optional>
#include <string>
#include <string_view>

namespace fermata::machine_program {

/// Has a terminal pass on each key as it is pressed, without echo, for the lifetime of this object. Does nothing to a
/// descriptor that is no terminal.
class RawTerminal {
 public:
  explicit RawTerminal(int fd);
  ~RawTerminal();
  RawTerminal(const RawTerminal&) = delete;
  RawTerminal& operator=(const RawTerminal&) = delete;
  [[nodiscard]] bool is_terminal() const { return before_.has_value(); }

 private:
  int fd_;
  std::optional<termios> before_;
};

/// Takes the user's commands out of what he types: Ctrl-A X ends the program, Ctrl-A Ctrl-A types a Ctrl-A.
class EscapeFilter {
 public:
  struct Typed {
    std::string text;  ///< for the guest
    bool wants_end = false;
  };
  [[nodiscard]] Typed filter(std::string_view typed);

 private:
  bool is_escaped_ = false;
};

}  // namespace fermata::machine_program
