// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "guests/qemu/stock/io/ports.hpp"
#include "guests/qemu/stock/io/symbols.hpp"

namespace fermata::qemu {

/// QEMU's own snapshots (HMP savevm and loadvm), made in its main thread; not begun any more once QEMU is on its way
/// out. Not destroyed while QEMU lives, once it was used.
class StockSnapshots final : public Snapshots {
 public:
  explicit StockSnapshots(const IoSymbols& symbols) : qemu_(symbols) {}
  StockSnapshots(const StockSnapshots&) = delete;
  StockSnapshots& operator=(const StockSnapshots&) = delete;

  void save(const std::string& tag, std::function<void(std::string)> done) override;
  void load(const std::string& tag, std::function<void(std::string)> done) override;

 private:
  void run(std::vector<std::string> commands, std::function<void(std::string)> done);

  // Of QEMU's main thread.
  struct Shutdown : QemuNotifier {
    const int* action = nullptr;
    bool is_listening = false;
    bool has_begun = false;
  };
  struct Job;

  void listen_to_shutdown();

  IoSymbols qemu_;
  Shutdown shutdown_{};
};

}  // namespace fermata::qemu
