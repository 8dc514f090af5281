// SPDX-License-Identifier: GPL-2.0-or-later
//
// A character device's class has functions that a frontend calls. Two of them are replaced, for all devices of the
// class: the one that takes what the guest sends, and the one that is told when the guest's device has room again,
// which most classes leave empty. Where they stand is known for the tested versions and proved by a call.
#include "guests/qemu/stock/io/stock_serial.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "fermata/base/error.hpp"
#include "guests/qemu/stock/raw_memory.hpp"

namespace fermata::qemu {
namespace {

using WriteFunction = int (*)(void* chardev, const std::uint8_t* bytes, int count);
using AcceptFunction = void (*)(void* chardev);

// Where ChardevClass has chr_write (7.2, 10.0, 11.1: the first) and chr_accept_input.
constexpr std::array<std::size_t, 3> write_offsets = {120, 112, 128};
constexpr std::array<std::size_t, 5> accept_offsets = {200, 192, 208, 184, 216};

// QEMU's class functions carry no context.
struct Hooks {
  std::map<void*, StockSerial*> ports;       // by character device
  std::map<void*, WriteFunction> originals;  // by class
  std::map<void*, AcceptFunction> accept_originals;
  void* (*object_get_class)(void*) = nullptr;
  bool is_proving = false;
  bool was_called = false;
};
Hooks& hooks() {
  static auto* the_hooks = new Hooks;  // never destroyed: QEMU calls until the process is gone
  return *the_hooks;
}

// Puts `hook` where `prove` finds it called, among `offsets`; everything else stays as it was. What stood there, or
// nothing if it was nowhere.
template <typename Function, std::size_t Count, typename Prove>
std::optional<Function> replace(void* chardev_class, const std::array<std::size_t, Count>& offsets, Function hook,
                                Prove prove) {
  for (const std::size_t offset : offsets) {
    const auto original = load<Function>(chardev_class, offset);
    store(chardev_class, offset, hook);
    hooks().is_proving = true;
    hooks().was_called = false;
    prove();
    hooks().is_proving = false;
    if (hooks().was_called) {
      return original;
    }
    store(chardev_class, offset, original);
  }
  return std::nullopt;
}

}  // namespace

StockSerial::StockSerial(const IoSymbols& symbols, const std::string& id)
    : qemu_(symbols), chardev_(symbols.qemu_chr_find(id.c_str())) {
  if (chardev_ == nullptr) {
    throw base::Error(base::ErrorCode::not_found,
                      "serial=" + id + ": QEMU has no character device of that name; add -chardev null,id=" + id +
                          " and give it to a serial port, as in -serial chardev:" + id);
  }
  if (hooks().ports.contains(chardev_)) {
    throw base::BadArgument("serial=" + id + ": named twice");
  }
  hooks().object_get_class = qemu_.object_get_class;
  void* chardev_class = qemu_.object_get_class(chardev_);
  if (!hook_write(chardev_class) || !hook_accept(chardev_class)) {
    throw base::Error(base::ErrorCode::unsupported,
                      "serial=" + id + ": this QEMU's character devices are not laid out as in a tested version");
  }
  hooks().ports[chardev_] = this;
}

StockSerial::~StockSerial() { hooks().ports.erase(chardev_); }

bool StockSerial::hook_write(void* chardev_class) const {
  if (hooks().originals.contains(chardev_class)) {
    return true;
  }
  const auto original = replace(chardev_class, write_offsets, &write_hook, [this] {
    constexpr std::uint8_t byte = 0;
    qemu_.qemu_chr_write(chardev_, &byte, 1, false);
  });
  if (original) {
    hooks().originals[chardev_class] = *original;
  }
  return original.has_value();
}

// A frontend of ours, which has nothing but its character device, has the class told that there is room.
bool StockSerial::hook_accept(void* chardev_class) const {
  if (hooks().accept_originals.contains(chardev_class)) {
    return true;
  }
  const auto original = replace(chardev_class, accept_offsets, &accept_hook, [this] {
    alignas(16) std::array<void*, 32> frontend{chardev_};
    qemu_.qemu_chr_fe_accept_input(frontend.data());
  });
  if (original) {
    hooks().accept_originals[chardev_class] = *original;
  }
  return original.has_value();
}

int StockSerial::write_hook(void* chardev, const std::uint8_t* bytes, int count) {
  if (hooks().is_proving) {
    hooks().was_called = true;
    return count;
  }
  const auto port = hooks().ports.find(chardev);
  if (port == hooks().ports.end()) {
    return hooks().originals.at(hooks().object_get_class(chardev))(chardev, bytes, count);
  }
  if (count > 0 && port->second->handlers_.sent) {
    port->second->handlers_.sent(std::as_bytes(std::span(bytes, static_cast<std::size_t>(count))));
  }
  return count;
}

void StockSerial::accept_hook(void* chardev) {
  if (hooks().is_proving) {
    hooks().was_called = true;
    return;
  }
  const auto port = hooks().ports.find(chardev);
  if (port != hooks().ports.end()) {
    if (port->second->handlers_.room_again) {
      port->second->handlers_.room_again();
    }
  } else if (const auto original = hooks().accept_originals.at(hooks().object_get_class(chardev))) {
    original(chardev);
  }
}

std::size_t StockSerial::room() { return static_cast<std::size_t>(std::max(qemu_.qemu_chr_be_can_write(chardev_), 0)); }

void StockSerial::receive(std::span<const std::byte> bytes) {
  qemu_.qemu_chr_be_write(chardev_, reinterpret_cast<const std::uint8_t*>(bytes.data()),
                          static_cast<int>(bytes.size()));
}

}  // namespace fermata::qemu
