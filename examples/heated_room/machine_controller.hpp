// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string>

#include "controller.hpp"

namespace heated_room {

/// An embedded machine in this process with the ELF file `firmware` as the controller: no emulator program, no thread,
/// no socket; a grant is a call. Throws base::Error if the firmware cannot be loaded.
[[nodiscard]] std::unique_ptr<Controller> make_machine_controller(const std::string& firmware,
                                                                  const Controller::Records& records);

}  // namespace heated_room
