// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "tests/qemu/support/fixture.hpp"

namespace fermata::qemu_test {

/// What a guest sent, each piece stamped with the instant of the report after it, as a trace.
[[nodiscard]] std::string stamped_output(const Qemu& qemu, const MachineOptions& options, time::Duration quantum,
                                         int count);
/// What a guest sent in `count` quanta.
[[nodiscard]] std::string plain_output(const Qemu& qemu, const MachineOptions& options, time::Duration quantum,
                                       int count);
/// Under load on all cores, `runs` runs give the same stamped output.
void expect_equal_runs(const Qemu& qemu, const MachineOptions& options, int runs);

}  // namespace fermata::qemu_test
