// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <span>
#include <utility>

#include "fermata/host/unique_fd.hpp"
#include "fermata/transport/ring/layout.hpp"
#include "fermata/transport/sealed_memory.hpp"

namespace fermata::transport::ring {

/// Memory with a Header and two rings, mapped into this process; unmapped by the destructor. The capacity is read and
/// checked once: what another process does to the header later changes nothing here.
class Region {
 public:
  /// Makes sealed memory with an empty stream in it; closed at exec. `capacity` as is_capacity.
  [[nodiscard]] static host::UniqueFd make(std::size_t capacity);
  /// Maps what `descriptor` is open on, which stays the caller's. Throws base::Error: unsupported, with the number and
  /// the reason, for anything but memory as `make` makes it that nobody can shrink; host_failure.
  [[nodiscard]] static Region map(int descriptor);

  /// The words of side 0 or 1.
  [[nodiscard]] SideWords& words(std::size_t side) const { return header().sides[side]; }
  /// The ring that side 0 or 1 writes.
  [[nodiscard]] std::span<Slot> slots(std::size_t side) const;

 private:
  Region(SealedMemory memory, std::size_t capacity) : memory_(std::move(memory)), capacity_(capacity) {}
  [[nodiscard]] Header& header() const { return *reinterpret_cast<Header*>(memory_.data()); }

  SealedMemory memory_;
  std::size_t capacity_;
};

}  // namespace fermata::transport::ring
