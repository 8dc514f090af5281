// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace fermata::machine::boot {

/// Writes a flattened device tree from front to back: nodes are begun and ended like brackets, properties come before
/// child nodes. Not thread-safe.
class FdtWriter {
 public:
  /// `capacity` bytes must do for all of it; running out is a broken precondition.
  explicit FdtWriter(std::size_t capacity);

  void begin_node(const std::string& name);
  void end_node();

  /// A property without a value.
  void flag(const char* name);
  void cells(const char* name, const std::vector<std::uint32_t>& values);
  void cell(const char* name, std::uint32_t value) { cells(name, {value}); }
  /// 64-bit values, two cells each: addresses and sizes.
  void wide(const char* name, std::initializer_list<std::uint64_t> values);
  void text(const char* name, std::string_view value);
  /// Several strings, as `compatible` has them.
  void texts(const char* name, std::initializer_list<std::string_view> values);
  void bytes(const char* name, const std::vector<std::byte>& value);

  /// Ends the tree and hands it out, without room to spare. Nothing may be written afterwards.
  [[nodiscard]] std::vector<std::byte> finish();

 private:
  std::vector<std::byte> tree_;
  int depth_ = 0;
};

}  // namespace fermata::machine::boot
