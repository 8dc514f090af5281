// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "fermata/host/unique_fd.hpp"

namespace fermata::transport {

/// Memory that processes share, mapped into this one, of a size that nobody can change: no access to it can fail.
/// Unmapped by the destructor.
class SealedMemory {
 public:
  /// What a descriptor has to be open on.
  struct Wanted {
    std::size_t least;        ///< bytes: less holds no header
    std::string_view advice;  ///< "pass the memory of ...", for who passed something else
  };

  /// Makes some, all zeros; closed at exec. `name` shows in /proc. Throws base::Error (host_failure).
  [[nodiscard]] static host::UniqueFd make(const char* name, std::size_t size);
  /// Maps what `descriptor` is open on, which stays the caller's. Throws base::Error: unsupported, with the number and
  /// the reason, for anything but memory as `make` makes it; host_failure.
  [[nodiscard]] static SealedMemory map(int descriptor, const Wanted& wanted);
  /// How `map` refuses.
  [[noreturn]] static void refuse(int descriptor, const std::string& why, const Wanted& wanted);

  SealedMemory(SealedMemory&& other) noexcept;
  SealedMemory& operator=(SealedMemory&&) = delete;
  ~SealedMemory();

  [[nodiscard]] std::byte* data() const { return data_; }
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  SealedMemory(std::byte* data, std::size_t size) : data_(data), size_(size) {}

  std::byte* data_;
  std::size_t size_;
};

}  // namespace fermata::transport
