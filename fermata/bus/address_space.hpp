// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "fermata/bus/ram.hpp"
#include "fermata/bus/window.hpp"

namespace fermata::bus {

/// Told of writes into RAM that did not come from the hart's own fast path (dma, loaders): whoever keeps something
/// derived from memory, such as decoded code, drops it.
class RamObserver {
 public:
  virtual ~RamObserver() = default;
  virtual void ram_written(Address at, std::uint64_t size) = 0;
};

/// What stands at which guest-physical address: RAM and the windows of devices. One thread.
class AddressSpace {
 public:
  AddressSpace() = default;
  AddressSpace(const AddressSpace&) = delete;
  AddressSpace& operator=(const AddressSpace&) = delete;

  /// Maps memory or a window, which must outlive the address space. Throws base::BadArgument naming both if it overlaps
  /// what is there, is empty, or goes beyond 64 bits.
  void map(Address begin, Ram& ram);
  void map(AddressRange range, Window& window, std::string name);

  /// One access of 1, 2, 4 or 8 bytes as a device or hart makes it, in RAM or a window. Nothing (false) if there is
  /// nothing, it crosses an end, or the window's rules forbid it.
  [[nodiscard]] std::optional<std::uint64_t> read(Address at, unsigned size);
  [[nodiscard]] bool write(Address at, unsigned size, std::uint64_t value);

  /// Copies between RAM and the host (dma, loaders). All or nothing: false if not all of it is RAM (a write: RAM that
  /// may be written).
  [[nodiscard]] bool copy_from(Address at, std::span<std::byte> into) const;
  [[nodiscard]] bool copy_to(Address at, std::span<const std::byte> bytes);

  /// The RAM at an address, for those who keep a pointer into it (a hart's TLB); nothing elsewhere.
  struct RamPlace {
    Ram* ram;
    std::uint64_t offset;  ///< in that RAM
  };
  [[nodiscard]] std::optional<RamPlace> ram_at(Address at) const;
  /// True if a device's window is at this address.
  [[nodiscard]] bool is_window(Address at) const;
  /// True if a device's window is there and takes an access of that many bytes, any number; `read` and `write` do then.
  [[nodiscard]] bool window_takes(Address at, unsigned size) const;
  /// True if a device's window is there whose reads may be answered later (AccessRules).
  [[nodiscard]] bool may_answer_later(Address at) const;

  void set_ram_observer(RamObserver* observer) { observer_ = observer; }

  /// One line a range, by address: "0000000010000000-00000000100000ff uart".
  [[nodiscard]] std::string describe() const;

 private:
  struct Entry {
    AddressRange range;
    Ram* ram = nullptr;
    Window* window = nullptr;
    std::string name;
  };
  enum class Need : std::uint8_t { reading, writing };
  [[nodiscard]] const Entry* find(Address at) const;
  [[nodiscard]] bool is_ram(Address at, std::uint64_t size, Need need) const;
  void insert(Entry entry);
  void tell_observer(Address at, std::uint64_t size) const;

  std::vector<Entry> entries_;        // by address
  mutable std::size_t last_hit_ = 0;  // most accesses are to the range of the one before
  RamObserver* observer_ = nullptr;
};

}  // namespace fermata::bus
