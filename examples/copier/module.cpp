// SPDX-License-Identifier: MIT
//
// The copier as a shared object, for a stock QEMU: -link ...,device=./copier.so@0x10300000:13
#include "examples/copier/copier.hpp"
#include "fermata/bus/device_module.hpp"

extern "C" [[gnu::visibility("default")]] fermata::bus::Model* fermata_make_device(
    const fermata::bus::ModuleRequest& request) {
  using Model = fermata::bus::ModelOf<fermata::examples::Copier>;
  return fermata::bus::make_model(
      request, FERMATA_VERSION,
      [](const fermata::bus::Ports& ports, std::string_view /*options*/) { return std::make_unique<Model>(ports); });
}
