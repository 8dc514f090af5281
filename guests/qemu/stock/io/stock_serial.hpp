// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "guests/qemu/stock/io/ports.hpp"
#include "guests/qemu/stock/io/symbols.hpp"

namespace fermata::qemu {

/// A character device of QEMU's (`-chardev null,id=ID`) taken over: what the guest's serial port writes to it comes
/// here, in the vCPU thread, and what is given here looks to the port as if the character device had received it. Never
/// destroyed while QEMU lives. At machine-init-done or later.
class StockSerial final : public SerialPort {
 public:
  /// Throws base::Error: not_found if there is no such character device; unsupported if its class does not have its
  /// functions where they can be found.
  StockSerial(const IoSymbols& symbols, const std::string& id);
  StockSerial(const StockSerial&) = delete;
  StockSerial& operator=(const StockSerial&) = delete;
  ~StockSerial() override;

  void set_handlers(Handlers handlers) override { handlers_ = std::move(handlers); }
  [[nodiscard]] std::size_t room() override;
  void receive(std::span<const std::byte> bytes) override;

 private:
  static int write_hook(void* chardev, const std::uint8_t* bytes, int count);
  static void accept_hook(void* chardev);
  [[nodiscard]] bool hook_write(void* chardev_class) const;
  [[nodiscard]] bool hook_accept(void* chardev_class) const;

  IoSymbols qemu_;
  void* chardev_;
  Handlers handlers_;
};

}  // namespace fermata::qemu
