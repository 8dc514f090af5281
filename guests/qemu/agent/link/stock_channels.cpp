// SPDX-License-Identifier: GPL-2.0-or-later
#include "guests/qemu/agent/link/stock_channels.hpp"

#include <dlfcn.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "fermata/base/error.hpp"
#include "guests/qemu/agent/device/module.hpp"
#include "guests/qemu/stock/io/stock_irq.hpp"
#include "guests/qemu/stock/io/stock_serial.hpp"
#include "guests/qemu/stock/io/stock_timer.hpp"
#include "guests/qemu/stock/io/stock_window.hpp"

namespace fermata::qemu::link {
namespace {

void need(IoFeature feature, const SymbolLookup& lookup) {
  if (const auto missing = missing_for(feature, lookup); !missing.empty()) {
    throw base::Error(base::ErrorCode::unsupported,
                      fmt::format("{}: this QEMU does not export {}", to_string(feature), fmt::join(missing, ", ")));
  }
}

// Where this shared object is.
std::string agent_folder() {
  Dl_info info{};
  static const char somewhere = 0;
  return ::dladdr(&somewhere, &info) != 0 && info.dli_fname != nullptr
             ? std::filesystem::path(info.dli_fname).parent_path().string()
             : ".";
}

}  // namespace

StockChannels::StockChannels(ChannelOptions options, const SymbolLookup& lookup)
    : options_(std::move(options)), qemu_(find_io_symbols(lookup)), snapshots_(qemu_) {
  check_channel_names(options_);
  const std::initializer_list<std::pair<bool, IoFeature>> features = {
      {!options_.serials.empty(), IoFeature::serial},
      {!options_.ethernets.empty(), IoFeature::ethernet},
      {!options_.lines.empty(), IoFeature::lines},
      {!options_.windows.empty() || !options_.devices.empty(), IoFeature::windows},
      {!options_.memories.empty(), IoFeature::memory},
      {true, IoFeature::snapshots}};
  for (const auto& [is_wanted, feature] : features) {
    if (is_wanted) {
      need(feature, lookup);
    }
  }
  for (const std::string& name : options_.ethernets) {
    networks_.push_back(std::make_unique<StockNetwork>(qemu_, name));
  }
}

std::vector<std::unique_ptr<End>> StockChannels::open(const WindowEnd::Wait& wait) {
  std::vector<std::unique_ptr<End>> ends;
  for (const std::string& name : options_.serials) {
    ends.push_back(
        std::make_unique<SerialEnd>(name, *serials_.emplace_back(std::make_unique<StockSerial>(qemu_, name))));
  }
  for (std::size_t i = 0; i < networks_.size(); ++i) {
    const std::string& name = options_.ethernets[i];
    const bool is_late = std::ranges::find(options_.late, name) != options_.late.end();
    ends.push_back(std::make_unique<EthernetEnd>(
        name, *networks_[i], is_late ? wire::link::Timing::at_synchronisation : wire::link::Timing::exact));
  }
  for (const LineOption& line : options_.lines) {
    ends.push_back(std::make_unique<LineEnd>(
        line.name, *lines_.emplace_back(std::make_unique<StockIrq>(qemu_, line.controller, line.number))));
  }
  for (const WindowOption& window : options_.windows) {
    const auto space = window.is_ports ? StockWindow::Space::ports : StockWindow::Space::memory;
    windows_.push_back(std::make_unique<StockWindow>(qemu_, window.name, space, window.base, window.size));
    ends.push_back(std::make_unique<WindowEnd>(window.name, window.base, window.size, *windows_.back(), wait));
  }
  for (const std::string& name : options_.memories) {
    ends.push_back(std::make_unique<DmaEnd>(name, dma_));
  }
  return ends;
}

void StockChannels::add_devices(const Symbols& symbols, QemuHost& host) {
  for (const DeviceOption& option : options_.devices) {
    IrqInput* irq = nullptr;
    if (option.line) {
      irq = lines_.emplace_back(std::make_unique<StockIrq>(qemu_, option.line->controller, option.line->number)).get();
    }
    DeviceTimer& timer = *timers_.emplace_back(std::make_unique<StockTimer>(symbols));
    auto& device = devices_.emplace_back(std::make_unique<DeviceInQemu>(
        DeviceInQemu::Surroundings{.host = &host, .timer = &timer, .irq = irq, .dma = &dma_},
        [&](const bus::Ports& ports) { return load_device(option.file, agent_folder(), ports, option.options); }));
    bus::Model& model = device->model();
    auto window = std::make_unique<StockWindow>(qemu_, std::string(model.device().name()), StockWindow::Space::memory,
                                                option.base, model.window_size(), model.window().rules());
    device->connect(*window);
    windows_.push_back(std::move(window));
  }
}

}  // namespace fermata::qemu::link
