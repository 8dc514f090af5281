// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "fermata/state/reader.hpp"
#include "fermata/state/writer.hpp"

namespace fermata::device::virtio {

inline constexpr std::uint64_t sector_size = 512;

/// What a disk keeps its sectors in. One thread.
class BlockBackend {
 public:
  virtual ~BlockBackend() = default;
  [[nodiscard]] virtual std::uint64_t sector_count() const = 0;
  [[nodiscard]] virtual bool is_read_only() const { return false; }
  /// Whole sectors from `sector` on, all within the disk. False on a failure of what is behind it.
  [[nodiscard]] virtual bool read(std::uint64_t sector, std::span<std::byte> into) = 0;
  [[nodiscard]] virtual bool write(std::uint64_t sector, std::span<const std::byte> bytes) = 0;
  /// What was written is safe when it returns true.
  [[nodiscard]] virtual bool flush() { return true; }
  /// As much of its contents as belongs to the machine's state. For who owns it: the device that it is behind does not.
  virtual void save(state::Writer& writer) const = 0;
  virtual void load(state::Reader& reader) = 0;
};

}  // namespace fermata::device::virtio
