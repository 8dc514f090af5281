// SPDX-License-Identifier: MIT
// What the fuzz targets do, from a fixed seed, so that every preset and the sanitizers do some of it.
#include <gtest/gtest.h>

#include <random>

#include "fermata/base/error.hpp"

#include "fermata/device/testing/rigs.hpp"
#include "fermata/device/testing/virtio_rigs.hpp"

namespace fermata::device::testing {
namespace {

template <typename Rig>
class RandomAccess : public ::testing::Test {};

using Rigs = ::testing::Types<TickTimerRig, AclintRig, PlicRig, UartRig<false>, UartRig<true>, GoldfishRtcRig,
                              TestFinisherRig, BlockRig, ConsoleRig, NetworkRig>;
TYPED_TEST_SUITE(RandomAccess, Rigs);

TYPED_TEST(RandomAccess, NeverCrashesAndRestoresWhatItSaved) {
  std::mt19937_64 random(20'261'124);
  std::size_t errors = 0;
  for (int run = 0; run < 20; ++run) {
    std::vector<std::uint8_t> doings(2'000);
    for (std::uint8_t& each : doings) {
      each = static_cast<std::uint8_t>(random());
    }
    TypeParam rig;
    drive_window(rig, doings);
    errors += rig.bench.errors.take();
  }
  EXPECT_GT(errors, 0U);  // some of it was misuse, and was told
}

TYPED_TEST(RandomAccess, TheSameDoingsGiveTheSameState) {
  std::mt19937_64 random(7);
  std::vector<std::uint8_t> doings(5'000);
  for (std::uint8_t& each : doings) {
    each = static_cast<std::uint8_t>(random());
  }
  TypeParam first;
  TypeParam second;
  drive_window(first, doings);
  drive_window(second, doings);
  EXPECT_EQ(saved_with_timers(first.bench, first.device), saved_with_timers(second.bench, second.device));
  EXPECT_EQ(first.bench.errors.lines, second.bench.errors.lines);
}

TYPED_TEST(RandomAccess, LivesToTheEndOfTime) {
  std::mt19937_64 random(13);
  std::vector<std::uint8_t> doings(2'000);
  for (int run = 0; run < 20; ++run) {
    for (std::uint8_t& each : doings) {
      each = static_cast<std::uint8_t>(random());
    }
    TypeParam rig;
    rig.bench.time.set(time::Instant::max() - time::Duration::microseconds(run));
    drive_window(rig, doings);
  }
}

TYPED_TEST(RandomAccess, DamagedStateIsRefusedOrLivedWith) {
  std::mt19937_64 random(11);
  std::vector<std::uint8_t> doings(1'000);
  std::size_t refused = 0;
  for (int run = 0; run < 60; ++run) {
    for (std::uint8_t& each : doings) {
      each = static_cast<std::uint8_t>(random());
    }
    TypeParam rig;
    drive_window(rig, doings);
    auto bytes = saved_with_timers(rig.bench, rig.device);
    TypeParam other;
    for (int damage = 0; damage < 4; ++damage) {
      bytes[random() % bytes.size()] = static_cast<std::byte>(random());
    }
    try {
      load_with_timers(other.bench, other.device, bytes);
    } catch (const base::Error&) {
      ++refused;
      other.device.reset();
    }
    drive_window(other, doings);
  }
  EXPECT_GT(refused, 0U);
}

}  // namespace
}  // namespace fermata::device::testing
