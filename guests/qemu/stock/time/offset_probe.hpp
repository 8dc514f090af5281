// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <string>

#include "fermata/host/clock.hpp"

namespace fermata::qemu {

/// Whether guests see the offset that KVM is given for their time-stamp counter. KVM itself answers from its books, so
/// a guest of two instructions is asked, in a virtual machine of its own. Nothing where there is none to ask: no KVM,
/// or another processor than x86-64.
[[nodiscard]] std::optional<bool> do_guests_see_offsets(const std::string& device = "/dev/kvm",
                                                        const host::CycleCounter& host = host::CycleCounter::system());

}  // namespace fermata::qemu
