// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <vector>

#include "guests/qemu/stock/symbols.hpp"

namespace fermata::qemu {

/// True for the QEMU versions that this agent's conformance tests run on, and those between them.
[[nodiscard]] bool is_tested_version(const QemuVersionTriple& version);

/// "10.0.13"; "unknown" for zeros.
[[nodiscard]] std::string to_string(const QemuVersionTriple& version);

/// What this QEMU can do under a simulator's clock, as the JSON document that `fermata doctor` reads: qemu_version,
/// package, target, agent_version, tested, missing (symbols), abilities (name, available, reason).
/// `failures` are those of failed_probes.
[[nodiscard]] std::string examine(const SymbolSearch& search, const SymbolLookup& lookup, const std::string& target,
                                  const std::vector<std::string>& failures);

}  // namespace fermata::qemu
