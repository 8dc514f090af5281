// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "fermata/state/reader.hpp"
#include "fermata/state/writer.hpp"

namespace fermata::bus {

/// Guest memory, zero at first. Pages that nobody has touched cost the host nothing. One thread.
class Ram {
 public:
  /// `size` is a multiple of 4096 and not 0, else base::BadArgument; throws base::Error (host_failure) if the host has
  /// not that much address space.
  Ram(std::string name, std::uint64_t size, bool is_writable = true);
  ~Ram();
  Ram(const Ram&) = delete;
  Ram& operator=(const Ram&) = delete;

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] std::uint64_t size() const { return size_; }
  /// False for a ROM: the guest's writes are refused; loaders write through `bytes`.
  [[nodiscard]] bool is_writable() const { return is_writable_; }
  [[nodiscard]] std::byte* data() { return data_; }
  [[nodiscard]] std::span<std::byte> bytes() { return {data_, size_}; }

  /// Back to zero, untouched.
  void clear();

  /// Only the pages that are not all zero; touches none that was not touched.
  void save(state::Writer& writer) const;
  void load(state::Reader& reader);

 private:
  std::string name_;
  std::uint64_t size_;
  bool is_writable_;
  std::byte* data_ = nullptr;
};

}  // namespace fermata::bus
