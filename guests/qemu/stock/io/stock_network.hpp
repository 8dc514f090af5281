// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "guests/qemu/stock/io/ports.hpp"
#include "guests/qemu/stock/io/symbols.hpp"

namespace fermata::qemu {

/// A network backend of our own, which `-device e1000,netdev=ID` finds. Made while QEMU starts, before its devices are,
/// and never destroyed while it lives.
class StockNetwork final : public NetworkPort {
 public:
  static constexpr std::size_t most_waiting = 64;  ///< frames in front of a card that takes none

  StockNetwork(const IoSymbols& symbols, const std::string& id);
  StockNetwork(const StockNetwork&) = delete;
  StockNetwork& operator=(const StockNetwork&) = delete;
  ~StockNetwork() override;

  void set_handler(std::function<void(std::span<const std::byte> frame)> sent) override { sent_ = std::move(sent); }
  bool receive(std::span<const std::byte> frame) override;
  [[nodiscard]] std::size_t waiting() const override { return waiting_; }

 private:
  IoSymbols qemu_;
  void* client_;
  std::function<void(std::span<const std::byte>)> sent_;
  std::size_t waiting_ = 0;
};

}  // namespace fermata::qemu
