// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace fermata::bus {

/// A guest-physical address, in bytes.
using Address = std::uint64_t;

/// `size` bytes from `begin` on.
struct AddressRange {
  Address begin = 0;
  std::uint64_t size = 0;

  [[nodiscard]] constexpr bool contains(Address at) const { return at - begin < size; }
  friend constexpr bool operator==(const AddressRange&, const AddressRange&) = default;
};

/// Which accesses a window takes; the bus refuses all others, which the guest sees as an access fault.
struct AccessRules {
  unsigned min_size = 1;  ///< bytes: 1, 2, 4 or 8
  unsigned max_size = 8;
  bool is_misaligned_allowed = false;
  /// A read's value may come after `read` has returned (riscv::Hart::defer_load): the harts do not divide an access
  /// that crosses pages into parts, but refuse it.
  bool may_answer_later = false;
};

/// A range of addresses behind which a device answers. Little-endian values. Called in the thread that executes guest
/// code, with the virtual clock exact to the accessing instruction.
class Window {
 public:
  virtual ~Window() = default;
  /// `offset` from the window's beginning; `size` as the rules allow. The value's upper bits beyond `size` are 0.
  [[nodiscard]] virtual std::uint64_t read(Address offset, unsigned size) = 0;
  virtual void write(Address offset, unsigned size, std::uint64_t value) = 0;
  [[nodiscard]] virtual AccessRules rules() const { return {}; }
};

}  // namespace fermata::bus
