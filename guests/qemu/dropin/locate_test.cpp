// SPDX-License-Identifier: GPL-2.0-or-later
#include "guests/qemu/dropin/locate.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <functional>

#include "fermata/base/error.hpp"

namespace fermata::qemu {
namespace {

namespace fs = std::filesystem;

// A folder tree: bin/fermata-qemu, shim/qemu-system-arm that links to it, real/qemu-system-arm.
class Locate : public testing::Test {
 protected:
  Locate() {
    for (const char* folder : {"bin", "shim", "real", "other"}) {
      fs::create_directories(root_ / folder);
    }
    make_program("bin/fermata-qemu");
    make_program("other/fermata-qemu");
    make_program("real/qemu-system-arm");
    fs::create_symlink("../bin/fermata-qemu", root_ / "shim/qemu-system-arm");
    fs::create_symlink("fermata-qemu", root_ / "other/qemu-system-arm");
  }
  ~Locate() override { fs::remove_all(root_); }

  void make_program(const char* name) const {
    std::ofstream(root_ / name) << "#!/bin/sh\n";
    fs::permissions(root_ / name, fs::perms::owner_all);
  }
  [[nodiscard]] Surroundings with_path(const std::string& folders) const {
    std::string path = "/nowhere";
    for (const char c : folders) {
      path += ":" + (root_ / (c == 's' ? "shim" : c == 'o' ? "other" : "real")).string();
    }
    return {.self = root_ / "bin/fermata-qemu", .search_path = path, .named_agent = {}};
  }

  fs::path root_ = fs::path(testing::TempDir()) /
                   ("locate_" + std::string(testing::UnitTest::GetInstance()->current_test_info()->name()));
};

std::string not_found(const std::function<void()>& call) {
  try {
    call();
  } catch (const base::Error& error) {
    EXPECT_EQ(error.code(), base::ErrorCode::not_found);
    return error.what();
  }
  return "";
}

TEST_F(Locate, ABareNameIsFoundBehindTheShimsOfAnyInstallation) {
  EXPECT_EQ(find_qemu("qemu-system-arm", with_path("sor")), root_ / "real/qemu-system-arm");
  EXPECT_EQ(find_qemu("qemu-system-arm", with_path("r")), root_ / "real/qemu-system-arm");
}

TEST_F(Locate, APathIsTakenAsItIs) {
  EXPECT_EQ(find_qemu(root_ / "real/qemu-system-arm", with_path("")), root_ / "real/qemu-system-arm");
  EXPECT_NE(not_found([&] { static_cast<void>(find_qemu("/nowhere/qemu", with_path(""))); }), "");
}

TEST_F(Locate, SaysWhichPackageHasTheMissingOne) {
  EXPECT_EQ(not_found([&] { static_cast<void>(find_qemu("qemu-system-arm", with_path("s"))); }),
            "no real qemu-system-arm in PATH behind the shim; install it (Debian: qemu-system-arm) or name its path");
  EXPECT_EQ(package_of("qemu-system-x86_64"), "qemu-system-x86");
  EXPECT_EQ(package_of("qemu-system-riscv64"), "qemu-system-misc");
  EXPECT_EQ(package_of("qemu-system-mips64el"), "qemu-system-mips");
}

TEST_F(Locate, TheAgentByOptionEnvironmentAndPlace) {
  Surroundings where = with_path("");
  const std::string why = not_found([&] { static_cast<void>(find_agent(std::nullopt, where)); });
  EXPECT_NE(why.find("fermata-qemu-agent.so"), std::string::npos) << why;
  EXPECT_NE(why.find(root_), std::string::npos) << why;
  where.named_agent = root_ / "real/qemu-system-arm";
  EXPECT_EQ(find_agent(std::nullopt, where), root_ / "real/qemu-system-arm");
  EXPECT_EQ(find_agent(root_ / "bin/fermata-qemu", where), root_ / "bin/fermata-qemu");
  EXPECT_NE(not_found([&] { static_cast<void>(find_agent("/nowhere/agent.so", where)); }).find("--agent"),
            std::string::npos);
}

}  // namespace
}  // namespace fermata::qemu
