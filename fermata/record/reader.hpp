// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "fermata/record/codec.hpp"
#include "fermata/record/layout.hpp"

namespace fermata::record {

/// Reads a recording, message by message. A file that was cut or damaged is read up to there, and `damage` says so.
/// Holds one block at a time, whatever the file says of its sizes. One thread.
class Reader {
 public:
  /// Fills what it is given from the beginning and returns how much; less than all only at the end of the file.
  using Source = std::function<std::size_t(std::span<std::byte> into)>;

  /// A file. Throws base::Error: not_found, host_failure; protocol_violation if it is no recording, unsupported if it
  /// is one of another version.
  explicit Reader(const std::string& path);
  /// The same from elsewhere; `name` is what messages call it.
  Reader(Source source, std::string name);

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] End end() const { return header_.end; }
  [[nodiscard]] Protocol protocol() const { return header_.protocol; }

  /// The next message, good until the next call; null at the end of what can be read. Throws base::Error (host_failure)
  /// if the host cannot read.
  [[nodiscard]] const Message* next();
  /// After `next` gave null: what is wrong with the file, with the offset; empty if it is whole.
  [[nodiscard]] const std::string& damage() const { return damage_; }

 private:
  [[nodiscard]] bool read_block();
  [[nodiscard]] bool end_here(const std::string& damage);
  [[nodiscard]] std::size_t read(std::span<std::byte> into);
  void read_header();
  void check_totals(std::span<const std::byte> payload);

  Source source_;
  std::string name_;
  FileHeader header_;
  std::uint64_t offset_ = 0;        // of what the source gives next
  std::uint64_t block_offset_ = 0;  // of the block's header
  std::uint32_t checksum_ = 0;
  std::vector<std::byte> block_;
  std::span<const std::byte> records_;
  Decoder decoder_;
  Message message_;
  Totals totals_;
  bool is_over_ = false;
  std::string damage_;
};

/// What `bytes` hold, for Reader; borrowed.
[[nodiscard]] Reader::Source memory_source(std::span<const std::byte> bytes);

}  // namespace fermata::record
