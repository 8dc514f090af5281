// SPDX-License-Identifier: MIT
#include "fermata/host/kvm.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "fermata/host/unique_fd.hpp"

namespace fermata::host {
namespace {

TEST(ExamineKvm, SaysWhyItIsNotUsable) {
  EXPECT_NE(examine_kvm("/nowhere/kvm").reason.find("does not exist"), std::string::npos);
  EXPECT_FALSE(examine_kvm("/nowhere/kvm").is_usable);
  EXPECT_NE(examine_kvm("/dev/null").reason.find("does not answer"), std::string::npos);
  EXPECT_FALSE(examine_kvm("/dev/null").is_usable);
}

TEST(ExamineKvm, WithoutPermissionSaysWhatToDo) {
  std::string path = testing::TempDir() + "fermata-kvm-test-XXXXXX";
  const UniqueFd file(::mkstemp(path.data()));
  ASSERT_TRUE(file.is_open());
  ASSERT_EQ(::fchmod(file.get(), 0), 0);
  const auto as_nobody = [&path] {
    if (::geteuid() == 0 && ::setuid(65534) != 0) {
      ::_exit(2);
    }
    const KvmExamination found = examine_kvm(path);
    ::_exit(!found.is_usable && found.reason.find("join the group kvm") != std::string::npos ? 0 : 1);
  };
  EXPECT_EXIT(as_nobody(), testing::ExitedWithCode(0), "");
  ::unlink(path.c_str());
}

}  // namespace
}  // namespace fermata::host
