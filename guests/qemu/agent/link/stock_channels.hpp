// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <memory>
#include <vector>

#include "guests/qemu/agent/device/device_in_qemu.hpp"
#include "guests/qemu/agent/link/end.hpp"
#include "guests/qemu/agent/link/options.hpp"
#include "guests/qemu/stock/io/stock_dma.hpp"
#include "guests/qemu/stock/io/stock_network.hpp"
#include "guests/qemu/stock/io/stock_snapshots.hpp"

namespace fermata::qemu::link {

/// The devices of the QEMU around us that were named as channels. Never destroyed while QEMU lives.
class StockChannels {
 public:
  /// While QEMU starts, before its devices exist: network backends are made here. Throws base::Error (unsupported) that
  /// names what this QEMU does not export; base::BadArgument for a name that is there twice.
  StockChannels(ChannelOptions options, const SymbolLookup& lookup);

  /// At machine-init-done, once: finds the others. `wait` is what a window's reads wait by. Their order is that of the
  /// channels: serial, ethernet, line, mmio, dma. Throws base::Error.
  [[nodiscard]] std::vector<std::unique_ptr<End>> open(const WindowEnd::Wait& wait);
  /// After `open`: makes the devices that were named. Throws base::Error, base::BadArgument.
  void add_devices(const Symbols& symbols, QemuHost& host);
  [[nodiscard]] const std::vector<std::unique_ptr<DeviceInQemu>>& devices() const { return devices_; }
  [[nodiscard]] Snapshots& snapshots() { return snapshots_; }
  [[nodiscard]] bool has_windows() const { return !options_.windows.empty(); }

 private:
  ChannelOptions options_;
  IoSymbols qemu_;
  StockSnapshots snapshots_;
  std::vector<std::unique_ptr<StockNetwork>> networks_;
  std::vector<std::unique_ptr<SerialPort>> serials_;
  std::vector<std::unique_ptr<IrqInput>> lines_;
  std::vector<std::unique_ptr<RegisterWindow>> windows_;
  StockDma dma_{qemu_};
  std::vector<std::unique_ptr<DeviceTimer>> timers_;
  std::vector<std::unique_ptr<DeviceInQemu>> devices_;
};

}  // namespace fermata::qemu::link
