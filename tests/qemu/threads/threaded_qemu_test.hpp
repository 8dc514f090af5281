// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <tuple>

#include "tests/qemu/support/fixture.hpp"

namespace fermata::qemu_test {

/// A test on each version on multi-threaded TCG, with time from the host's clock and from executed instructions.
class ThreadedQemuTest : public ::testing::TestWithParam<std::tuple<const char*, sim::TimeFrom>> {
 protected:
  void SetUp() override {
    qemu_ = find_qemu(std::get<0>(GetParam()));
    ASSERT_FALSE(HasFailure());
    if (!qemu_) {
      GTEST_SKIP() << "QEMU " << std::get<0>(GetParam()) << " is not in FERMATA_TEST_QEMUS";
    }
    if (counts() && std::string(std::get<0>(GetParam())) == "7.2") {
      GTEST_SKIP() << "QEMU 7.2 cannot count instructions with several threads: see RefusesTimeFromInstructions";
    }
  }

  [[nodiscard]] const Qemu& qemu() const { return *qemu_; }
  [[nodiscard]] static sim::TimeFrom time_from() { return std::get<1>(GetParam()); }
  [[nodiscard]] static bool counts() { return time_from() == sim::TimeFrom::instructions; }

 private:
  std::optional<Qemu> qemu_;
};

/// For INSTANTIATE_TEST_SUITE_P.
inline auto every_threaded_way() {
  return ::testing::Combine(every_version(), ::testing::Values(sim::TimeFrom::host, sim::TimeFrom::instructions));
}
/// "v7_2_host".
inline std::string way_name(const ::testing::TestParamInfo<ThreadedQemuTest::ParamType>& info) {
  return version_name({std::get<0>(info.param), 0}) +
         (std::get<1>(info.param) == sim::TimeFrom::host ? "_host" : "_instructions");
}

}  // namespace fermata::qemu_test
