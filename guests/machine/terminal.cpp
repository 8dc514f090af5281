// SPDX-License-Identifier: MIT
#include "guests/machine/terminal.hpp"

#include <unistd.h>

namespace fermata::machine_program {
namespace {

constexpr char control_a = 1;

}  // namespace

RawTerminal::RawTerminal(int fd) : fd_(fd) {
  termios settings{};
  if (::isatty(fd) == 0 || ::tcgetattr(fd, &settings) != 0) {
    return;
  }
  before_ = settings;
  settings.c_iflag &= ~static_cast<tcflag_t>(IGNBRK | BRKINT | PARMRK | ISTRIP | INLCR | IGNCR | ICRNL | IXON);
  settings.c_lflag &= ~static_cast<tcflag_t>(ECHO | ECHONL | ICANON | IEXTEN | ISIG);
  settings.c_cc[VMIN] = 1;
  settings.c_cc[VTIME] = 0;
  ::tcsetattr(fd, TCSANOW, &settings);
}

RawTerminal::~RawTerminal() {
  if (before_) {
    ::tcsetattr(fd_, TCSANOW, &*before_);
  }
}

EscapeFilter::Typed EscapeFilter::filter(std::string_view typed) {
  Typed result;
  for (const char c : typed) {
    if (!is_escaped_ && c == control_a) {
      is_escaped_ = true;
      continue;
    }
    if (is_escaped_ && (c == 'x' || c == 'X')) {
      result.wants_end = true;
    } else {
      result.text += c;  // after Ctrl-A, what is no command is typed as it is
    }
    is_escaped_ = false;
  }
  return result;
}

}  // namespace fermata::machine_program
