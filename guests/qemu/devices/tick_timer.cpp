// SPDX-License-Identifier: GPL-2.0-or-later
//
// The tick timer as a module, for a stock QEMU. Option: its frequency in Hz, 1000000 unless given.
#include "fermata/device/tick_timer.hpp"

#include <charconv>

#include "fermata/base/error.hpp"
#include "fermata/bus/device_module.hpp"

namespace {

using namespace fermata;

std::unique_ptr<bus::Model> make(const bus::Ports& ports, std::string_view options) {
  device::TickTimer::Config config;
  if (!options.empty()) {
    std::uint32_t hz = 0;
    const auto [end, error] = std::from_chars(options.data(), options.data() + options.size(), hz);
    if (error != std::errc() || end != options.data() + options.size() || hz == 0) {
      throw base::BadArgument("tick_timer: \"" + std::string(options) + "\" is no frequency in Hz");
    }
    config.frequency = time::Frequency(hz);
  }
  return std::make_unique<bus::ModelOf<device::TickTimer>>(config, ports);
}

}  // namespace

extern "C" [[gnu::visibility("default")]] bus::Model* fermata_make_device(const bus::ModuleRequest& request) {
  return bus::make_model(request, FERMATA_VERSION, make);
}
