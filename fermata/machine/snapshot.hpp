// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace fermata::machine {

/// Puts a machine's state into an envelope that tells damage: what it is, the kind of machine in words, the length, a
/// checksum. The same arguments give the same bytes.
[[nodiscard]] std::vector<std::byte> seal_snapshot(const std::string& machine_kind, std::span<const std::byte> state);

/// The state within. Throws base::Error (unsupported) that says so if the bytes are no snapshot, cut off or damaged, or
/// of another kind of machine. The result stands in `snapshot`.
[[nodiscard]] std::span<const std::byte> open_snapshot(const std::string& machine_kind,
                                                       std::span<const std::byte> snapshot);

}  // namespace fermata::machine
