// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "guests/qemu/stock/io/ports.hpp"
#include "guests/qemu/stock/io/symbols.hpp"

namespace fermata::qemu {

/// QEMU's own snapshots (HMP savevm and loadvm), made in its main thread.
class StockSnapshots final : public Snapshots {
 public:
  explicit StockSnapshots(const IoSymbols& symbols) : qemu_(symbols) {}

  void save(const std::string& tag, std::function<void(std::string)> done) override;
  void load(const std::string& tag, std::function<void(std::string)> done) override;

 private:
  void run(std::vector<std::string> commands, std::function<void(std::string)> done);

  IoSymbols qemu_;
};

}  // namespace fermata::qemu
