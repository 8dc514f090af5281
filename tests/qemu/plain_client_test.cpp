// SPDX-License-Identifier: MIT
//
// A simulator that knows nothing of Fermata works unchanged once the shims stand first in its PATH.
#include <cstdlib>
#include <memory>

#include "tests/qemu/support/fixture.hpp"

namespace fermata::qemu_test {
namespace {

class PlainClient : public QemuTest {
 protected:
  void SetUp() override {
    QemuTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) {
      return;
    }
    const Outcome shims = run({built_program("fermata"), "shim-dir"});
    ASSERT_EQ(shims.status, host::ExitStatus{}) << shims.errors;
    const std::string folder = shims.output.substr(0, shims.output.find('\n'));
    const char* path = std::getenv("PATH");
    path_ = std::make_unique<ScopedVariable>(
        "PATH", folder + ":" + qemu().folder().string() + ":" + (path != nullptr ? path : ""));
  }

  static std::string kernel(const std::string& guest) { return guest_path("riscv64", guest); }

 private:
  std::unique_ptr<ScopedVariable> path_;
};

INSTANTIATE_TEST_SUITE_P(Qemu, PlainClient, every_version(), version_name);

TEST_P(PlainClient, ThousandQuantaAreASecond) {
  for (const char* guest : {"spin", "idle"}) {
    const Outcome outcome = run({built_program("plain_client"), kernel(guest)});
    EXPECT_EQ(outcome.status, host::ExitStatus{}) << outcome.errors;
    EXPECT_EQ(outcome.output, "1000 reports, 1000000 us, wait status 0\n") << outcome.errors;
  }
}

// The second machine inherits the simulator's end of the first one's link.
TEST_P(PlainClient, TwoMachinesWithLeakedDescriptors) {
  const Outcome outcome = run({built_program("plain_client"), kernel("idle"), "2"});
  EXPECT_EQ(outcome.status, host::ExitStatus{}) << outcome.errors;
  EXPECT_EQ(outcome.output,
            "1000 reports, 1000000 us, wait status 0\n"
            "1000 reports, 1000000 us, wait status 0\n")
      << outcome.errors;
}

}  // namespace
}  // namespace fermata::qemu_test
