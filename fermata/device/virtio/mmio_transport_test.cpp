// SPDX-License-Identifier: MIT
#include "fermata/device/virtio/mmio_transport.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fermata/base/error.hpp"
#include "fermata/device/testing/virtio_driver.hpp"

namespace fermata::device::virtio {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::VirtioDriver;

/// Gives every chain back and remembers what it was told.
class Echo final : public Model {
 public:
  void attach(ModelPort& port) override { port_ = &port; }
  [[nodiscard]] std::uint32_t device_id() const override { return 42; }
  [[nodiscard]] std::uint64_t features() const override { return 0b101; }
  [[nodiscard]] unsigned queue_count() const override { return 2; }
  [[nodiscard]] std::uint64_t read_config(bus::Address offset, unsigned size) const override { return offset + size; }
  [[nodiscard]] bool write_config(bus::Address offset, unsigned /*size*/, std::uint64_t value) override {
    written = value;
    return offset == 4;
  }
  void notified(unsigned queue) override {
    notifications.push_back(queue);
    while (const auto chain = port_->queue(queue).pop()) {
      if (port_->queue(queue).push(chain->head, 1)) {
        port_->used(queue);
      }
    }
  }
  void started() override { ++starts; }
  void reset() override { ++resets; }
  void save(state::Writer& writer) const override { writer.section("echo"); }
  void load(state::Reader& reader) override { reader.section("echo"); }

  std::vector<unsigned> notifications;
  std::uint64_t written = 0;
  int starts = 0;
  int resets = 0;
  ModelPort* port_ = nullptr;
};

struct Slot {
  testing::Workbench bench;
  Echo model;
  MmioTransport transport{{}, bench.ports(), &model};
  VirtioDriver driver{bench, transport};
};

struct MmioTransportTest : ::testing::Test, Slot {};

TEST_F(MmioTransportTest, TellsWhatItIs) {
  EXPECT_EQ(driver.read(0x00), 0x7472'6976U);
  EXPECT_EQ(driver.read(0x04), 2U);
  EXPECT_EQ(driver.read(0x08), 42U);
  EXPECT_EQ(driver.read(0x34), 256U);
  driver.write(0x30, 2);
  EXPECT_EQ(driver.read(0x34), 0U);
  EXPECT_EQ(driver.read(0x70), 0U);
  EXPECT_EQ(driver.read(0xfc), 0U);
  EXPECT_EQ(driver.read(0xb0), 0xffff'ffffU);  // no shared memory
  EXPECT_EQ(driver.read(0xbc), 0xffff'ffffU);
  EXPECT_THAT(bench.errors.lines, IsEmpty());
}

TEST_F(MmioTransportTest, OffersFeaturesInHalves) {
  driver.write(0x14, 0);
  EXPECT_EQ(driver.read(0x10), 0b101U | 1U << 28);
  driver.write(0x14, 1);
  EXPECT_EQ(driver.read(0x10), 1U);
  driver.write(0x14, 2);
  EXPECT_EQ(driver.read(0x10), 0U);
}

TEST_F(MmioTransportTest, AcceptsOnlyOfferedFeaturesAndVersion1) {
  driver.write(0x70, 3);
  driver.negotiate(std::uint64_t{1} << 32 | 0b10);
  driver.write(0x70, 0xb);
  EXPECT_EQ(driver.read(0x70), 3U);
  driver.negotiate(0b1);
  driver.write(0x70, 0xb);
  EXPECT_EQ(driver.read(0x70), 3U);
  driver.write(0x70, 7);  // DRIVER_OK without FEATURES_OK
  EXPECT_EQ(driver.read(0x70), 3U);
  EXPECT_EQ(model.starts, 0);
  EXPECT_EQ(bench.errors.take(), 3U);
  driver.negotiate(std::uint64_t{1} << 32 | 0b1);
  driver.write(0x70, 0xb);
  EXPECT_EQ(driver.read(0x70), 0xbU);
  driver.write(0x20, 0);
  EXPECT_THAT(bench.errors.lines.back(), HasSubstr("DriverFeatures after FEATURES_OK"));
  EXPECT_EQ(model.port_->features(), std::uint64_t{1} << 32 | 0b1);
  driver.write(0x70, 0xf);
  EXPECT_EQ(model.starts, 1);
}

TEST_F(MmioTransportTest, NotifiesInterruptsAndIsAcknowledged) {
  driver.start(2);
  driver.describe(1, 0, {.at = VirtioDriver::buffers, .size = 1});
  driver.offer(1, 0);
  driver.notify(1);
  EXPECT_THAT(model.notifications, ElementsAre(1U));
  EXPECT_EQ(driver.used_index(1), 1U);
  EXPECT_TRUE(bench.irq.level());
  EXPECT_EQ(driver.read(0x60), 1U);
  driver.write(0x64, 2);
  EXPECT_TRUE(bench.irq.level());  // a level, until what holds it is acknowledged
  driver.write(0x64, 1);
  EXPECT_FALSE(bench.irq.level());
  EXPECT_EQ(driver.read(0x60), 0U);
  driver.put(VirtioDriver::driver_area(1), 2, 1);  // no interrupts, please
  driver.offer(1, 0);
  driver.notify(1);
  EXPECT_EQ(driver.used_index(1), 2U);
  EXPECT_FALSE(bench.irq.level());
  EXPECT_THAT(bench.errors.lines, IsEmpty());
}

TEST_F(MmioTransportTest, AFaultOfTheDriverNeedsAReset) {
  driver.start(1);
  driver.offer(0, 99);
  driver.notify(0);
  EXPECT_EQ(driver.read(0x70), 0x4fU);
  EXPECT_EQ(driver.read(0x60), 2U);
  EXPECT_TRUE(bench.irq.level());
  EXPECT_THAT(bench.errors.lines,
              ElementsAre("virtio: queue 0: descriptor 99; the table has 8; the device needs a reset"));
  driver.notify(0);  // ignored
  driver.write(0x70, 0xf);
  EXPECT_EQ(driver.read(0x70), 0x4fU);  // only a reset helps
  EXPECT_EQ(model.notifications.size(), 1U);
  driver.write(0x70, 0);
  EXPECT_EQ(driver.read(0x70), 0U);
  EXPECT_FALSE(bench.irq.level());
  EXPECT_EQ(model.resets, 2);  // the first was the driver's start
}

TEST_F(MmioTransportTest, QueuesAreSetUpOneByOne) {
  driver.write(0x30, 1);
  EXPECT_EQ(driver.read(0x44), 0U);
  driver.write(0x38, 3);
  driver.write(0x44, 1);
  EXPECT_THAT(bench.errors.lines.back(), HasSubstr("a power of 2"));
  EXPECT_EQ(driver.read(0x44), 0U);
  driver.set_up(1);
  EXPECT_EQ(driver.read(0x44), 1U);
  EXPECT_EQ(bench.errors.take(), 1U);
  driver.write(0x38, 4);     // in use
  driver.write(0x80, 0x40);  // in use
  EXPECT_EQ(bench.errors.take(), 2U);
  driver.write(0x44, 0);
  EXPECT_EQ(driver.read(0x44), 0U);
  driver.write(0x30, 7);
  driver.write(0x38, 4);
  driver.write(0x44, 1);
  driver.write(0xa4, 1);
  EXPECT_EQ(bench.errors.take(), 3U);
  EXPECT_EQ(driver.read(0x44), 0U);
}

TEST_F(MmioTransportTest, ConfigurationTakesAccessesUpTo4Bytes) {
  EXPECT_EQ(transport.read(0x100, 1), 1U);
  EXPECT_EQ(transport.read(0x110, 2), 0x12U);
  EXPECT_EQ(transport.read(0x110, 4), 0x14U);
  EXPECT_EQ(transport.read(0x110, 8), 0U);
  EXPECT_EQ(bench.errors.take(), 1U);
  transport.write(0x104, 2, 0x1234);
  EXPECT_EQ(model.written, 0x1234U);
  transport.write(0x108, 4, 1);
  transport.write(0x100, 8, 1);
  EXPECT_EQ(bench.errors.take(), 2U);
}

TEST_F(MmioTransportTest, MisuseIsAGuestError) {
  EXPECT_EQ(transport.read(0x00, 1), 0U);
  EXPECT_EQ(transport.read(0x00, 8), 0U);
  transport.write(0x70, 2, 1);
  EXPECT_EQ(driver.read(0x14), 0U);
  driver.write(0x00, 1);
  EXPECT_EQ(driver.read(0x18), 0U);
  EXPECT_EQ(bench.errors.take(), 6U);
  driver.notify(0);  // not running
  driver.start(1);
  driver.notify(1);  // not set up
  driver.notify(2);  // not there
  EXPECT_EQ(bench.errors.take(), 3U);
  EXPECT_THAT(bench.errors.lines.back(), HasSubstr("notification of queue 2, which is not in use: ignored"));
  EXPECT_THAT(model.notifications, IsEmpty());
}

TEST_F(MmioTransportTest, ResetIsAsBuilt) {
  driver.start(2);
  driver.write(0x14, 1);
  driver.offer(0, 99);
  driver.notify(0);
  transport.reset();
  EXPECT_EQ(testing::saved(transport), testing::saved(Slot().transport));
}

TEST_F(MmioTransportTest, SavedInTheMiddleGoesOnTheSame) {
  driver.start(2);
  driver.describe(0, 3, {.at = VirtioDriver::buffers, .size = 1});
  driver.offer(0, 3);
  driver.notify(0);
  driver.offer(0, 3);
  const auto bytes = testing::saved(transport);
  Slot other;
  std::ranges::copy(bench.memory.bytes(), other.bench.memory.bytes().begin());
  state::Reader reader(bytes);
  other.transport.load(reader);
  EXPECT_TRUE(reader.is_at_end());
  EXPECT_TRUE(other.bench.irq.level());
  EXPECT_EQ(testing::saved(other.transport), bytes);
  for (Slot* const each : {static_cast<Slot*>(this), &other}) {
    each->driver.notify(0);
    EXPECT_EQ(each->driver.used_index(0), 2U);
  }
  EXPECT_EQ(testing::saved(other.transport), testing::saved(transport));

  MmioTransport empty({}, bench.ports());
  state::Reader again(bytes);
  EXPECT_THROW(empty.load(again), base::Error);
}

TEST(EmptySlot, IsPassedOver) {
  testing::Workbench bench;
  MmioTransport transport({}, bench.ports());
  VirtioDriver driver(bench, transport);
  EXPECT_EQ(driver.read(0x00), 0x7472'6976U);
  EXPECT_EQ(driver.read(0x04), 2U);
  EXPECT_EQ(driver.read(0x08), 0U);
  EXPECT_EQ(driver.read(0x34), 0U);
  EXPECT_EQ(driver.read(0x100), 0U);
  EXPECT_THAT(bench.errors.lines, IsEmpty());
  driver.start(1);  // a driver that does not look
  driver.notify(0);
  EXPECT_EQ(driver.read(0x70), 3U);
  driver.write(0x104, 1);
  transport.reset();
  EXPECT_THAT(MmioTransport::describe_registers(), HasSubstr("0x080 QueueDesc 4 bytes, write only"));
}

}  // namespace
}  // namespace fermata::device::virtio
