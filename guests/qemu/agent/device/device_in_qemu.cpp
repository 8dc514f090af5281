// SPDX-License-Identifier: GPL-2.0-or-later
#include "guests/qemu/agent/device/device_in_qemu.hpp"

#include <fmt/format.h>

namespace fermata::qemu {

class DeviceInQemu::Time final : public clock::TimeSource {
 public:
  explicit Time(const QemuHost& host) : host_(&host) {}
  [[nodiscard]] time::Instant now() const override { return time::Instant::origin() + host_->clock(); }

 private:
  const QemuHost* host_;
};

class DeviceInQemu::Errors final : public bus::GuestErrorLog {
 public:
  explicit Errors(QemuHost& host) : host_(&host) {}
  void guest_error(std::string_view device, const std::string& what) override {
    host_->tell_user(fmt::format("guest error at {} ns: {}: {}", host_->clock().ns(), device, what));
  }

 private:
  QemuHost* host_;
};

DeviceInQemu::DeviceInQemu(const Surroundings& surroundings, const Make& make)
    : surroundings_(surroundings),
      time_(std::make_unique<Time>(*surroundings.host)),
      errors_(std::make_unique<Errors>(*surroundings.host)),
      clock_(clock::ClockKind::virtual_time, *time_),
      timers_(clock_, [this] { arm(); }) {
  surroundings_.timer->set_handler([this] {
    timers_.run_due();
    arm();
  });
  if (surroundings_.irq != nullptr) {
    irq_.connect([this](bool level) { surroundings_.irq->set(level); });
  }
  model_ = make({.timers = &timers_, .irq = &irq_, .dma = surroundings_.dma, .errors = errors_.get()});
}

DeviceInQemu::~DeviceInQemu() = default;

void DeviceInQemu::connect(RegisterWindow& window) {
  window.set_handlers(
      {.read = [this](std::uint64_t offset, unsigned size) { return model_->window().read(offset, size); },
       .write = [this](std::uint64_t offset, unsigned size,
                       std::uint64_t value) { model_->window().write(offset, size, value); }});
}

void DeviceInQemu::arm() {
  if (const auto earliest = timers_.earliest()) {
    surroundings_.timer->arm(earliest->since_origin());
  } else {
    surroundings_.timer->disarm();
  }
}

void DeviceInQemu::save(state::Writer& writer) const {
  timers_.save(writer);
  model_->device().save(writer);
}

void DeviceInQemu::load(state::Reader& reader) {
  model_->device().reset();
  timers_.load(reader);
  model_->device().load(reader);
  arm();
}

}  // namespace fermata::qemu
