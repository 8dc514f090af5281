// SPDX-License-Identifier: GPL-2.0-or-later
#include "guests/qemu/stock/io/stock_irq.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <vector>

#include "fermata/base/error.hpp"

namespace fermata::qemu {
namespace {

const std::vector<std::string>& usual_controllers() {
  static const auto* names =
      new std::vector<std::string>{"riscv.sifive.plic", "riscv.aplic", "arm_gic", "arm-gicv3", "ioapic"};
  return *names;
}

}  // namespace

StockIrq::StockIrq(const IoSymbols& symbols, const std::string& controller, unsigned number) : qemu_(symbols) {
  const std::vector<std::string> wanted = controller.empty() ? usual_controllers() : std::vector{controller};
  for (const std::string& type : wanted) {
    bool is_ambiguous = false;
    void* device = qemu_.object_resolve_path_type("", type.c_str(), &is_ambiguous);
    if (is_ambiguous) {
      throw base::Error(base::ErrorCode::not_found,
                        fmt::format("line {}: this machine has several devices of type {}", number, type));
    }
    if (device == nullptr) {
      continue;
    }
    if (qemu_.object_property_find(device, fmt::format("unnamed-gpio-in[{}]", number).c_str()) == nullptr) {
      throw base::Error(base::ErrorCode::not_found, fmt::format("line {}: {} has no such input", number, type));
    }
    irq_ = qemu_.qdev_get_gpio_in(device, static_cast<int>(number));
    return;
  }
  throw base::Error(base::ErrorCode::not_found,
                    fmt::format("line {}: this machine has no interrupt controller of type {}; name another, as in "
                                "line=NAME:{}:TYPE",
                                number, fmt::join(wanted, ", "), number));
}

}  // namespace fermata::qemu
