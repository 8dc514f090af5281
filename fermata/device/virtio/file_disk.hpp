// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "fermata/bus/ram.hpp"
#include "fermata/device/virtio/block_backend.hpp"

namespace fermata::device::virtio {

/// A disk whose first contents are a file's (a raw image; a last sector that is not full reads 0 beyond the end).
/// Owns the file's descriptor.
class FileDisk final : public BlockBackend {
 public:
  enum class Mode : std::uint8_t {
    read_only,
    write_through,  ///< to the file, which is no part of the machine's state: a restored run meets it as it is then
    overlay,        ///< into memory; the file stays as it is, and what was written is part of the machine's state
  };

  /// Throws base::Error (not_found, host_failure, unsupported if it is empty or no regular file or block device) naming
  /// the path.
  FileDisk(std::string path, Mode mode);
  ~FileDisk() override;
  FileDisk(const FileDisk&) = delete;
  FileDisk& operator=(const FileDisk&) = delete;

  [[nodiscard]] std::uint64_t sector_count() const override { return sector_count_; }
  [[nodiscard]] bool is_read_only() const override { return mode_ == Mode::read_only; }
  [[nodiscard]] bool read(std::uint64_t sector, std::span<std::byte> into) override;
  [[nodiscard]] bool write(std::uint64_t sector, std::span<const std::byte> bytes) override;
  [[nodiscard]] bool flush() override;
  void save(state::Writer& writer) const override;
  void load(state::Reader& reader) override;

 private:
  [[nodiscard]] bool read_file(std::uint64_t at, std::span<std::byte> into) const;
  [[nodiscard]] bool is_in_overlay(std::uint64_t sector) const;

  std::string path_;
  Mode mode_;
  int file_ = -1;
  std::uint64_t file_size_ = 0;
  std::uint64_t sector_count_ = 0;
  std::unique_ptr<bus::Ram> overlay_;  // a place for every sector of the file, but only what was written is touched
  std::vector<std::uint64_t> overlay_map_;  // one bit a sector
};

}  // namespace fermata::device::virtio
