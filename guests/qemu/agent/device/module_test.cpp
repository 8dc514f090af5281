// SPDX-License-Identifier: GPL-2.0-or-later
#include "guests/qemu/agent/device/module.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

#include "fermata/base/error.hpp"

namespace fermata::qemu {
namespace {

TEST(Module, ThatIsNotThereIsNamed) {
  try {
    static_cast<void>(load_device("no_such_device", "/nowhere", {}, ""));
    FAIL();
  } catch (const base::Error& error) {
    EXPECT_EQ(error.code(), base::ErrorCode::not_found);
    EXPECT_THAT(error.what(), ::testing::HasSubstr("/nowhere/devices/no_such_device.so"));
  }
}

TEST(Module, OfAnotherVersionIsRefused) {
  std::array<char, 200> error{};
  const bus::Ports ports;
  const auto make = [](const bus::Ports&, std::string_view) { return std::unique_ptr<bus::Model>(); };
  EXPECT_EQ(
      bus::make_model({.version = "1", .ports = &ports, .error = error.data(), .error_size = error.size()}, "2", make),
      nullptr);
  EXPECT_STREQ(error.data(), "it was made for Fermata 2, not for 1: build it anew");
}

TEST(Module, ThatThrowsHasItsReasonTold) {
  std::array<char, 8> error{};
  const bus::Ports ports;
  const auto make = [](const bus::Ports&, std::string_view) -> std::unique_ptr<bus::Model> {
    throw base::BadArgument("a reason that is longer than there is room for");
  };
  EXPECT_EQ(
      bus::make_model({.version = "1", .ports = &ports, .error = error.data(), .error_size = error.size()}, "1", make),
      nullptr);
  EXPECT_STREQ(error.data(), "a reaso");
}

}  // namespace
}  // namespace fermata::qemu
