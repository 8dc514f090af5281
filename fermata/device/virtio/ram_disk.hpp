// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "fermata/bus/ram.hpp"
#include "fermata/device/virtio/block_backend.hpp"

namespace fermata::device::virtio {

/// A disk in the host's memory, zero at first; sectors that nobody has touched cost nothing. Its contents are part of
/// the machine's state.
class RamDisk final : public BlockBackend {
 public:
  /// `size` in bytes: a multiple of 4096 and not 0, else base::BadArgument.
  explicit RamDisk(std::uint64_t size) : memory_("disk", size) {}

  /// For putting an image there before the machine runs.
  [[nodiscard]] std::span<std::byte> bytes() { return memory_.bytes(); }

  [[nodiscard]] std::uint64_t sector_count() const override { return memory_.size() / sector_size; }
  [[nodiscard]] bool read(std::uint64_t sector, std::span<std::byte> into) override;
  [[nodiscard]] bool write(std::uint64_t sector, std::span<const std::byte> bytes) override;
  void save(state::Writer& writer) const override { memory_.save(writer); }
  void load(state::Reader& reader) override { memory_.load(reader); }

 private:
  bus::Ram memory_;
};

}  // namespace fermata::device::virtio
