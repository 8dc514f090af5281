// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <memory>
#include <string>

#include "fermata/bus/device_module.hpp"

namespace fermata::qemu {

/// Makes the device of a shared object (fermata/bus/device_module.hpp), which stays loaded. A `file` without a slash is
/// the name of an installed one: tick_timer is devices/tick_timer.so in `folder`. Throws base::Error: not_found if it
/// cannot be loaded, unsupported if it is no device module or refuses, with its reason.
[[nodiscard]] std::unique_ptr<bus::Model> load_device(const std::string& file, const std::string& folder,
                                                      const bus::Ports& ports, const std::string& options);

}  // namespace fermata::qemu
