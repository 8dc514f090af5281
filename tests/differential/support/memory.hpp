// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace fermata::differential {

/// The RAM_SIZE bytes of a machine's memory. What nobody has written is 0 and costs nothing.
class Memory {
 public:
  Memory();
  /// What a file has, which may go afterwards.
  explicit Memory(const std::string& path);
  ~Memory();
  Memory(Memory&& other) noexcept;
  Memory& operator=(Memory&& other) = delete;

  [[nodiscard]] std::span<std::byte> bytes() { return {data_, size}; }
  [[nodiscard]] std::span<const std::byte> bytes() const { return {data_, size}; }
  /// All but pages of zeros to, or from, a place where this or that has zeros.
  void copy_to(std::byte* zeros) const { copy(data_, zeros); }
  void copy_from(const std::byte* memory) { copy(memory, data_); }
  /// Into a file, whose pages of zeros are holes.
  void write_to(const std::string& path) const;

 private:
  static const std::size_t size;
  static void copy(const std::byte* from, std::byte* to);

  std::byte* data_;
};

}  // namespace fermata::differential
