// SPDX-License-Identifier: GPL-2.0-or-later
#include "guests/qemu/agent/device/device_in_qemu.hpp"

#include <gtest/gtest.h>

#include "fermata/device/tick_timer.hpp"
#include "guests/qemu/agent/fake_qemu.hpp"

namespace fermata::qemu {
namespace {

using namespace time::literals;
using time::Duration;

struct FakeTimer final : DeviceTimer {
  void set_handler(std::function<void()> to) override { expired = std::move(to); }
  void arm(Duration reading) override { armed = reading; }
  void disarm() override { armed.reset(); }
  std::function<void()> expired;
  std::optional<Duration> armed;
};
struct FakeIrq final : IrqInput {
  void set(bool to) override { level = to; }
  bool level = false;
};
struct FakeWindow final : RegisterWindow {
  void set_handlers(Handlers to) override { handlers = std::move(to); }
  Handlers handlers;
};

enum Register : std::uint64_t { control = 0, scale = 4, status = 8, counter = 0xc, reload = 0x10 };

class TickTimerInQemu : public ::testing::Test {
 protected:
  TickTimerInQemu() { device.connect(window); }
  void write(std::uint64_t offset, std::uint32_t value) { window.handlers.write(offset, 4, value); }

  FakeQemu host;
  FakeTimer timer;
  FakeIrq irq;
  FakeWindow window;
  DeviceInQemu device{{.host = &host, .timer = &timer, .irq = &irq, .dma = nullptr}, [](const bus::Ports& ports) {
                        return std::make_unique<bus::ModelOf<device::TickTimer>>(device::TickTimer::Config{}, ports);
                      }};
};

TEST_F(TickTimerInQemu, ArmsQemusTimerAndRaisesItsLine) {
  host.let_time_pass(5_us);
  write(scale, 1);
  write(control, 5);  // interrupt enable, active
  write(counter, 100);
  ASSERT_EQ(timer.armed, 105_us);
  host.let_time_pass(100_us);
  timer.expired();
  EXPECT_TRUE(irq.level);
  device.reset();
  EXPECT_FALSE(irq.level);
  EXPECT_EQ(timer.armed, std::nullopt);
}

TEST_F(TickTimerInQemu, IsSavedAndLoaded) {
  write(scale, 1);
  write(control, 5);
  write(counter, 100);
  state::Writer writer;
  device.save(writer);
  device.reset();
  const auto bytes = writer.take();
  state::Reader reader(bytes);
  device.load(reader);
  EXPECT_EQ(timer.armed, 100_us);
}

}  // namespace
}  // namespace fermata::qemu
