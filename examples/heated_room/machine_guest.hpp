// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string>

#include "controller_guest.hpp"
#include "fermata/trace/sink.hpp"

namespace heated_room {

/// An embedded machine in this process with the ELF file `firmware` as the controller: no emulator program, no thread,
/// no socket; a grant is a call. `trace`, if there is one, outlives the guest. Throws base::Error if the firmware
/// cannot be loaded.
[[nodiscard]] std::unique_ptr<ControllerGuest> make_machine_guest(const std::string& firmware,
                                                                  fermata::trace::Sink* trace);

}  // namespace heated_room
