// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "fermata/bus/device_module.hpp"
#include "fermata/clock/clock.hpp"
#include "fermata/clock/timer_list.hpp"
#include "guests/qemu/stock/io/ports.hpp"
#include "guests/qemu/stock/qemu_host.hpp"

namespace fermata::qemu {

/// A device model of fermata/bus inside QEMU: its timers on QEMU's virtual clock, its window and interrupt line in the
/// guest's machine. QEMU's lock is held in all calls. Never destroyed while QEMU lives.
class DeviceInQemu {
 public:
  /// What the model is connected to; all outlive it.
  struct Surroundings {
    QemuHost* host;
    DeviceTimer* timer;
    IrqInput* irq;  ///< null: nobody listens
    bus::DmaPort* dma;
  };
  using Make = std::function<std::unique_ptr<bus::Model>(const bus::Ports& ports)>;

  /// Throws whatever `make` throws.
  DeviceInQemu(const Surroundings& surroundings, const Make& make);
  DeviceInQemu(const DeviceInQemu&) = delete;
  DeviceInQemu& operator=(const DeviceInQemu&) = delete;
  ~DeviceInQemu();

  [[nodiscard]] bus::Model& model() { return *model_; }
  /// Has the window's accesses answered by the model.
  void connect(RegisterWindow& window);
  /// The machine is reset.
  void reset() { model_->device().reset(); }
  void save(state::Writer& writer) const;
  void load(state::Reader& reader);

 private:
  class Time;
  class Errors;
  void arm();

  Surroundings surroundings_;
  std::unique_ptr<Time> time_;
  std::unique_ptr<Errors> errors_;
  clock::Clock clock_;
  clock::TimerList timers_;
  bus::IrqLine irq_;
  std::unique_ptr<bus::Model> model_;
};

}  // namespace fermata::qemu
