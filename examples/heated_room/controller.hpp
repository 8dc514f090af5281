// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string>

#include "fermata/sim/link_guest.hpp"
#include "fermata/time/instant.hpp"
#include "fermata/trace/sink.hpp"

namespace heated_room {

/// The guest that controls the room, as the experiment sees it: a guest over link v1 with a serial channel to the
/// plant. What it is made of, a QEMU with Linux or a machine in this process, is its own business. One thread at a
/// time.
class Controller {
 public:
  /// An instruction is 2^shift ns of virtual time.
  static constexpr unsigned shift = 3;
  static constexpr fermata::time::Duration instruction = fermata::time::Duration::nanoseconds(1 << shift);

  /// What is written down while it runs.
  struct Records {
    fermata::trace::Sink* trace = nullptr;  ///< each byte, grant and report as text; outlives the controller
    std::string recording{};                ///< a file, see sim::LinkOptions::record; none if empty
  };

  virtual ~Controller() = default;

  /// Good for as long as this object.
  [[nodiscard]] virtual fermata::sim::LinkGuest& guest() = 0;
  /// The name of the serial channel to the plant.
  [[nodiscard]] virtual std::string plant_channel() const = 0;
  /// What messages call its software: "Linux".
  [[nodiscard]] virtual std::string software() const = 0;
  /// Where a reader finds out what went wrong in it.
  [[nodiscard]] virtual std::string where_to_look() const = 0;
};

}  // namespace heated_room
