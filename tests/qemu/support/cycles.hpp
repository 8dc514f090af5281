// SPDX-License-Identifier: MIT
#pragma once

#include "tests/qemu/support/fixture.hpp"

namespace fermata::qemu_test {

/// Starts and stops guests `count` times, each time in another way, and expects that no process, descriptor, temporary
/// file or shared memory stays behind.
void expect_no_traces_of_cycles(const Qemu& qemu, int count);

}  // namespace fermata::qemu_test
