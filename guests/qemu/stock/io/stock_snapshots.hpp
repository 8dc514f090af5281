// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "guests/qemu/stock/io/ports.hpp"
#include "guests/qemu/stock/io/symbols.hpp"

namespace fermata::qemu {

/// QEMU's own snapshots (HMP savevm and loadvm), made in its main thread. Of what was asked for too late, when QEMU is
/// on its way out, nobody is told. Made once, before the machine runs; never destroyed while QEMU lives.
class StockSnapshots final : public Snapshots {
 public:
  explicit StockSnapshots(const IoSymbols& symbols);
  StockSnapshots(const StockSnapshots&) = delete;
  StockSnapshots& operator=(const StockSnapshots&) = delete;

  void save(const std::string& tag, std::function<void(std::string)> done) override;
  void load(const std::string& tag, std::function<void(std::string)> done) override;

 private:
  void run(std::vector<std::string> commands, std::function<void(std::string)> done);

  struct Shutdown : QemuNotifier {
    bool has_begun = false;
  };

  IoSymbols qemu_;
  Shutdown shutdown_;
};

}  // namespace fermata::qemu
