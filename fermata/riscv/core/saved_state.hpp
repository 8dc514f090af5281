// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "fermata/riscv/core/hart_state.hpp"
#include "fermata/state/reader.hpp"
#include "fermata/state/writer.hpp"

namespace fermata::riscv::core {

/// Reset state in machine mode (privileged specification, "Reset"); what it leaves open is 0. The interrupt lines are
/// the devices' and stay.
void reset(HartState& hart, std::uint64_t pc);

/// The architectural state. `load` of what `save` wrote gives a hart that goes on in the same way; it throws what a
/// Reader throws, and the hart is then to be reset. What an engine derived is not touched but for the choice of views.
void save(const HartState& hart, state::Writer& writer);
void load(HartState& hart, state::Reader& reader);

}  // namespace fermata::riscv::core
