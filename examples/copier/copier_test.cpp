// SPDX-License-Identifier: MIT
// The copier on its own. With a guest, in three hosts: tests/machine, tests/qemu.
#include "examples/copier/copier.hpp"

#include <gtest/gtest.h>

#include <string>

#include "fermata/bus/memory_dma.hpp"
#include "fermata/clock/clock.hpp"
#include "fermata/clock/timer_list.hpp"

namespace fermata::examples {
namespace {

using namespace time::literals;

struct SetTime final : clock::TimeSource {
  [[nodiscard]] time::Instant now() const override { return at; }
  time::Instant at;
};
struct Errors final : bus::GuestErrorLog {
  void guest_error(std::string_view /*device*/, const std::string& what) override { text += what; }
  std::string text;
};

class CopierTest : public ::testing::Test {
 protected:
  CopierTest() { memory.map(0x1000, ram); }
  void start(const Copier::Descriptor& descriptor) {
    ASSERT_TRUE(memory.copy_to(0x1000, std::as_bytes(std::span(&descriptor, 1))));
    copier.write(0x00, 4, 0x1000);
  }
  std::uint32_t result() {
    Copier::Descriptor descriptor;
    EXPECT_TRUE(memory.copy_from(0x1000, std::as_writable_bytes(std::span(&descriptor, 1))));
    return descriptor.result;
  }
  void run_until(time::Duration at) {
    time.at = time::Instant::at(at);
    timers.run_due();
  }
  SetTime time;
  clock::Clock virtual_time{clock::ClockKind::virtual_time, time};
  clock::TimerList timers{virtual_time, [] {}};
  bus::IrqLine irq;
  bus::Ram ram{"ram", 4096};
  bus::AddressSpace memory;
  bus::MemoryDma dma{memory};
  Errors errors;
  Copier copier{{.timers = &timers, .irq = &irq, .dma = &dma, .errors = &errors}};
};

TEST_F(CopierTest, CopiesWhenItsTimeHasCome) {
  ram.bytes()[100] = std::byte{7};
  ram.bytes()[101] = std::byte{8};
  start({.from = 0x1000 + 100, .to = 0x1000 + 200, .length = 2});
  run_until(5'007_ns);
  EXPECT_EQ(result(), 0U);
  EXPECT_FALSE(irq.level());
  run_until(5'008_ns);
  EXPECT_EQ(result(), 1U);
  EXPECT_TRUE(irq.level());
  EXPECT_EQ(ram.bytes()[201], std::byte{8});
  EXPECT_EQ(copier.read(0x08, 4), 15U);
  copier.write(0x04, 4, 1);
  EXPECT_FALSE(irq.level());
}

TEST_F(CopierTest, SaysWhatIsNoMemory) {
  start({.from = 0x1000, .to = 0x1fff, .length = 2});
  run_until(6_us);
  EXPECT_EQ(result(), 2U);
  EXPECT_EQ(copier.read(0x08, 4), 0U);
  copier.write(0x00, 4, 0x9000);
  EXPECT_EQ(errors.text, "there is no memory where its descriptor should be");
}

TEST_F(CopierTest, IsSavedAndLoaded) {
  start({.from = 0x1000 + 100, .to = 0x1000 + 200, .length = 2});
  state::Writer writer;
  timers.save(writer);
  copier.save(writer);
  copier.reset();
  EXPECT_EQ(timers.earliest(), std::nullopt);
  const auto bytes = writer.take();
  state::Reader reader(bytes);
  timers.load(reader);
  copier.load(reader);
  EXPECT_EQ(timers.earliest(), time::Instant::at(5'008_ns));
  run_until(6_us);
  EXPECT_EQ(result(), 1U);
}

}  // namespace
}  // namespace fermata::examples
