// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "fermata/bus/device.hpp"
#include "fermata/bus/window.hpp"

namespace fermata::bus {

enum class RegisterAccess : std::uint8_t { read_write, read_only, write_only, write_one_to_clear };

/// What is the same of a register in all devices of a class, whatever the class.
struct RegisterInfo {
  std::string_view name;
  Address offset = 0;
  unsigned size = 4;  ///< bytes: 1, 2, 4 or 8
  RegisterAccess access = RegisterAccess::read_write;
  std::uint64_t reset = 0;
  unsigned count = 1;  ///< an array of as many, `stride` bytes apart
  Address stride = 0;
};

/// A register that a device of class `Device` declares, in a constant table that all its instances share; what differs
/// from instance to instance stands in the device's own members. `field` is where the value is kept; hooks see to the
/// rest: `on_read` gives the value instead of the field, `on_write` is told the value written, after the field has
/// taken what access and `writable` let through. Hooks get the index within an array, 0 for a single register.
template <typename Device>
struct Register {
  RegisterInfo info;
  std::uint32_t Device::*field = nullptr;
  std::uint64_t writable = ~std::uint64_t{0};  ///< bits of the field that a write reaches
  std::uint64_t (Device::*on_read)(unsigned index) = nullptr;
  void (Device::*on_write)(unsigned index, std::uint64_t value) = nullptr;
};

/// Where in an array of registers an access falls.
struct RegisterPlace {
  unsigned index = 0;
  unsigned byte = 0;  ///< the first byte accessed within the register
};

/// Whether all of an access falls into one register.
[[nodiscard]] inline bool find_register(const RegisterInfo& info, Address offset, unsigned size, RegisterPlace& place) {
  const Address from_begin = offset - info.offset;
  const Address stride = info.count > 1 ? info.stride : info.size;
  if (offset < info.offset || from_begin >= info.count * stride || from_begin % stride + size > info.size) {
    return false;
  }
  place = {.index = static_cast<unsigned>(from_begin / stride), .byte = static_cast<unsigned>(from_begin % stride)};
  return true;
}

/// "0x008 STATUS 4 bytes, write one to clear, reset 0x0", with the array's extent if it is one. Ends with a newline.
[[nodiscard]] std::string describe(const RegisterInfo& info);
/// "read of 4 bytes at offset 0x14: <why>", for the guest error log.
[[nodiscard]] std::string describe_misuse(std::string_view verb, Address offset, unsigned size, std::string_view why);

/// Routes a window's accesses to the registers that a device has declared. An access smaller than its register reads or
/// replaces only those bytes. One that falls into no single register, a read of a write-only and a write of a read-only
/// one: reads 0, ignores the write, and is a guest error. Holds no values, so it costs an instance nothing but itself.
template <typename Device>
class Registers {
 public:
  using Table = std::span<const Register<Device>>;

  /// All outlive it; `errors` may be null.
  Registers(Device& device, Table table, GuestErrorLog* errors) : device_(&device), table_(table), errors_(errors) {}

  [[nodiscard]] std::uint64_t read(Address offset, unsigned size) const {
    RegisterPlace place;
    const Register<Device>* const found = find(offset, size, place);
    if (found == nullptr) {
      misuse("read", offset, size, "no register there");
      return 0;
    }
    if (found->info.access == RegisterAccess::write_only) {
      misuse("read", offset, size, found->info.name, " is write-only");
      return 0;
    }
    return value_of(*found, place.index) >> (8 * place.byte) & mask(size);
  }

  void write(Address offset, unsigned size, std::uint64_t value) const {
    RegisterPlace place;
    const Register<Device>* const found = find(offset, size, place);
    if (found == nullptr) {
      misuse("write", offset, size, "no register there");
      return;
    }
    if (found->info.access == RegisterAccess::read_only) {
      misuse("write", offset, size, found->info.name, " is read-only");
      return;
    }
    store(*found, place, size, value & mask(size));
  }

  /// All fields to their reset values; hooks are not called.
  void reset() const {
    for (const Register<Device>& each : table_) {
      if (each.field != nullptr) {
        device_->*each.field = static_cast<std::uint32_t>(each.info.reset);
      }
    }
  }

  /// One line a register, in the order of declaration.
  [[nodiscard]] static std::string describe(Table table) {
    std::string text;
    for (const Register<Device>& each : table) {
      text += bus::describe(each.info);
    }
    return text;
  }

 private:
  static constexpr std::uint64_t mask(unsigned size) {
    return size == 8 ? ~std::uint64_t{0} : (std::uint64_t{1} << (8 * size)) - 1;
  }

  [[nodiscard]] const Register<Device>* find(Address offset, unsigned size, RegisterPlace& place) const {
    for (const Register<Device>& each : table_) {
      if (find_register(each.info, offset, size, place)) {
        return &each;
      }
    }
    return nullptr;
  }

  [[nodiscard]] std::uint64_t value_of(const Register<Device>& from, unsigned index) const {
    if (from.on_read != nullptr) {
      return (device_->*from.on_read)(index);
    }
    return from.field != nullptr ? device_->*from.field : from.info.reset;
  }

  void store(const Register<Device>& into, const RegisterPlace& place, unsigned size, std::uint64_t value) const {
    std::uint64_t whole = value << (8 * place.byte);
    const bool keeps_rest = into.info.access == RegisterAccess::read_write && size < into.info.size;
    if (keeps_rest) {
      whole |= value_of(into, place.index) & ~(mask(size) << (8 * place.byte));
    }
    if (into.field != nullptr) {
      const std::uint64_t old = device_->*into.field;
      const std::uint64_t changed = into.info.access == RegisterAccess::write_one_to_clear
                                        ? old & ~(whole & into.writable)
                                        : (old & ~into.writable) | (whole & into.writable);
      device_->*into.field = static_cast<std::uint32_t>(changed);
    }
    if (into.on_write != nullptr) {
      (device_->*into.on_write)(place.index, whole);
    }
  }

  void misuse(std::string_view verb, Address offset, unsigned size, std::string_view why,
              std::string_view rest = {}) const {
    if (errors_ != nullptr) {
      errors_->guest_error(device_->name(), describe_misuse(verb, offset, size, std::string(why) + std::string(rest)));
    }
  }

  Device* device_;
  Table table_;
  GuestErrorLog* errors_;
};

}  // namespace fermata::bus
