// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "fermata/host/child_process.hpp"
#include "fermata/sim/guest.hpp"

namespace heated_room {

/// The guest that controls the room, as the experiment sees it: it is granted virtual time through `handle`, and lines
/// of text go to and fro over a serial port while it is held. What it is made of, a QEMU with Linux or a machine in
/// this process, is its own business. One thread at a time.
class ControllerGuest {
 public:
  virtual ~ControllerGuest() = default;

  /// Good for as long as this object.
  [[nodiscard]] virtual fermata::sim::Guest& handle() = 0;
  /// What messages call its software: "Linux".
  [[nodiscard]] virtual std::string software() const = 0;
  /// Where a reader finds out what went wrong in it.
  [[nodiscard]] virtual std::string where_to_look() const = 0;

  /// Puts `line` and its end into the guest's serial port, all of it before the next grant. It is no longer than
  /// `line_to_guest` allows. Throws base::Error if the port does not take it.
  virtual void send(std::string_view line) = 0;
  /// The next line that the guest wrote up to where it stands, without its end; nothing if there is no whole one.
  [[nodiscard]] virtual std::optional<std::string> receive() = 0;
  /// Ends it, unless it has ended itself, and says how it ended.
  virtual std::optional<fermata::host::ExitStatus> close() = 0;
};

}  // namespace heated_room
