// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <exception>
#include <memory>
#include <string>
#include <string_view>

#include "fermata/bus/device.hpp"
#include "fermata/bus/window.hpp"

namespace fermata::bus {

/// A device model with its one window, as a host of devices takes it out of a shared object: stock QEMU with the agent,
/// which has no model of ours built in. What a module exports is a function of this name and type:
///
///   extern "C" fermata::bus::Model* fermata_make_device(const fermata::bus::ModuleRequest& request) {
///     return fermata::bus::make_model(request, FERMATA_VERSION, [](const fermata::bus::Ports& ports, std::string_view)
///     { ... });
///   }
///
/// Host and module are C++ of one Fermata version: `make_model` refuses another.
class Model {
 public:
  virtual ~Model() = default;
  [[nodiscard]] virtual Device& device() = 0;
  [[nodiscard]] virtual Window& window() = 0;
  [[nodiscard]] virtual std::uint64_t window_size() const = 0;  ///< bytes
};

/// What the host asks of a module. All that it refers to outlives the model, but for the texts.
struct ModuleRequest {
  static constexpr std::uint32_t current_layout = 1;

  std::uint32_t layout = current_layout;
  const char* version = nullptr;  ///< the host's Fermata
  const Ports* ports = nullptr;
  const char* options = "";  ///< for the model, as its module documents them
  char* error = nullptr;     ///< takes the reason of a refusal, with a final zero
  std::size_t error_size = 0;
};

using MakeDevice = Model* (*)(const ModuleRequest& request);
inline constexpr const char* make_device_name = "fermata_make_device";

/// What a module's function returns: the model that `make(ports, options)` makes, a std::unique_ptr<Model>, or null
/// with the reason in the request, if that throws or the host is of another version than `version`, the module's.
template <typename Make>
[[nodiscard]] Model* make_model(const ModuleRequest& request, std::string_view version, Make make) {
  const auto refuse = [&request](std::string_view why) -> Model* {
    const std::size_t count = std::min(why.size(), request.error_size > 0 ? request.error_size - 1 : 0);
    if (request.error_size > 0) {
      std::memcpy(request.error, why.data(), count);
      request.error[count] = '\0';
    }
    return nullptr;
  };
  if (request.layout != ModuleRequest::current_layout || std::string_view(request.version) != version) {
    return refuse("it was made for Fermata " + std::string(version) + ", not for " + request.version +
                  ": build it anew");
  }
  try {
    return make(*request.ports, std::string_view(request.options)).release();
  } catch (const std::exception& error) {
    return refuse(error.what());
  }
}

/// A model made of an object that is both device and window.
template <typename Both>
class ModelOf final : public Model {
 public:
  template <typename... Arguments>
  explicit ModelOf(Arguments&&... arguments) : both_(std::forward<Arguments>(arguments)...) {}
  [[nodiscard]] Device& device() override { return both_; }
  [[nodiscard]] Window& window() override { return both_; }
  [[nodiscard]] std::uint64_t window_size() const override { return Both::window_size; }

 private:
  Both both_;
};

}  // namespace fermata::bus
