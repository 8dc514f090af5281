// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace fermata::record {

/// CRC-32 as of zlib, PNG and Ethernet (reflected polynomial 0xedb88320). `before` is that of what stood in front.
[[nodiscard]] std::uint32_t crc32(std::span<const std::byte> bytes, std::uint32_t before = 0);

}  // namespace fermata::record
