// SPDX-License-Identifier: MIT
#include "cli/doctor.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace fermata::cli {
namespace {

namespace fs = std::filesystem;

class Doctor : public testing::Test {
 protected:
  Doctor() { fs::create_directories(root_ / "a"), fs::create_directories(root_ / "b"); }
  ~Doctor() override { fs::remove_all(root_); }

  void make_program(const std::string& name, const std::string& script = "") const {
    std::ofstream(root_ / name) << "#!/bin/sh\n" << script;
    fs::permissions(root_ / name, fs::perms::owner_all);
  }

  fs::path root_ = fs::path(testing::TempDir()) / ("doctor_" + std::to_string(::getpid()));
};

TEST_F(Doctor, FindsEachNameOnceAndNoShims) {
  make_program("a/fermata-qemu");
  fs::create_symlink("fermata-qemu", root_ / "a/qemu-system-arm");
  make_program("b/qemu-system-arm");
  make_program("a/qemu-system-x86_64");
  make_program("b/qemu-system-x86_64");
  make_program("a/qemu-system-alpha");
  std::ofstream(root_ / "a/qemu-system-notes") << "no program";
  EXPECT_EQ(find_qemus((root_ / "a").string() + ":/nowhere:" + (root_ / "b").string()),
            (std::vector<std::string>{root_ / "a/qemu-system-x86_64", root_ / "b/qemu-system-arm",
                                      root_ / "a/qemu-system-alpha"}));
}

// What stands in for fermata-qemu is called as `fermata-qemu --doctor FD QEMU`.
TEST_F(Doctor, ReadsTheAgentsReport) {
  make_program("fermata-qemu", R"(echo '{"qemu_version":"9.9.9","package":"test","target":"x","abilities":[]}' >&$2)");
  ::setenv("FERMATA_QEMU", (root_ / "fermata-qemu").c_str(), 1);
  const QemuExamination qemu = examine_qemu("/some/qemu");
  EXPECT_EQ(qemu.failure, "");
  EXPECT_EQ(qemu.version, "9.9.9");
  ::unsetenv("FERMATA_QEMU");
}

TEST_F(Doctor, SaysWhyAQemuCannotBeExamined) {
  make_program("fermata-qemu", "echo chatter; echo 'no such thing' >&2; exit 1");
  ::setenv("FERMATA_QEMU", (root_ / "fermata-qemu").c_str(), 1);
  EXPECT_EQ(examine_qemu("/some/qemu").failure, "could not be examined: no such thing");
  make_program("fermata-qemu", "exit 3");
  EXPECT_EQ(examine_qemu("/some/qemu").failure, "could not be examined: exit status 3");
  ::unsetenv("FERMATA_QEMU");
}

}  // namespace
}  // namespace fermata::cli
