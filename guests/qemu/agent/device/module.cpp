// SPDX-License-Identifier: GPL-2.0-or-later
#include "guests/qemu/agent/device/module.hpp"

#include <dlfcn.h>

#include <array>

#include "fermata/base/error.hpp"

namespace fermata::qemu {
namespace {

std::string last_error() {
  const char* error = ::dlerror();
  return error != nullptr ? error : "no reason is known";
}

}  // namespace

std::unique_ptr<bus::Model> load_device(const std::string& file, const std::string& folder, const bus::Ports& ports,
                                        const std::string& options) {
  const std::string path = file.find('/') == std::string::npos ? folder + "/devices/" + file + ".so" : file;
  void* module = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (module == nullptr) {
    throw base::Error(base::ErrorCode::not_found, "device=" + file + ": " + last_error());
  }
  const auto make = reinterpret_cast<bus::MakeDevice>(::dlsym(module, bus::make_device_name));
  if (make == nullptr) {
    throw base::Error(
        base::ErrorCode::unsupported,
        "device=" + file + ": " + path + " is no device module, it does not export " + bus::make_device_name);
  }
  std::array<char, 512> error{};
  std::unique_ptr<bus::Model> model(make({.version = FERMATA_VERSION,
                                          .ports = &ports,
                                          .options = options.c_str(),
                                          .error = error.data(),
                                          .error_size = error.size()}));
  if (model == nullptr) {
    throw base::Error(base::ErrorCode::unsupported, "device=" + file + ": " + error.data());
  }
  return model;
}

}  // namespace fermata::qemu
