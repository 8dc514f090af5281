// SPDX-License-Identifier: MIT
#include "cli/shim_dir.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <thread>
#include <vector>

#include "fermata/base/error.hpp"

namespace fermata::cli {
namespace {

namespace fs = std::filesystem;

class ShimDir : public testing::Test {
 protected:
  ShimDir() {
    fs::create_directories(root_ / "bin");
    std::ofstream(root_ / "bin/fermata-qemu") << "";
  }
  ~ShimDir() override { fs::remove_all(root_); }

  fs::path root_ = fs::path(testing::TempDir()) / ("shim_dir_" + std::to_string(::getpid()));
  fs::path program_ = root_ / "bin/fermata-qemu";
};

TEST_F(ShimDir, IsMadeInTheCache) {
  const fs::path folder = make_shim_dir(program_, root_ / "cache");
  EXPECT_EQ(folder.parent_path(), root_ / "cache/fermata");
  EXPECT_EQ(fs::read_symlink(folder / "qemu-system-riscv64"), fs::canonical(program_));
  EXPECT_EQ(fs::read_symlink(folder / "qemu-system-x86_64"), fs::canonical(program_));
}

TEST_F(ShimDir, IsCompletedWhenMadeAgain) {
  const fs::path folder = make_shim_dir(program_, root_ / "cache");
  fs::remove(folder / "qemu-system-arm");
  fs::remove(folder / "qemu-system-avr");
  fs::create_symlink("/elsewhere", folder / "qemu-system-avr");
  EXPECT_EQ(make_shim_dir(program_, root_ / "cache"), folder);
  EXPECT_EQ(fs::read_symlink(folder / "qemu-system-arm"), fs::canonical(program_));
  EXPECT_EQ(fs::read_symlink(folder / "qemu-system-avr"), fs::canonical(program_));
}

TEST_F(ShimDir, LeavesNothingButLinks) {
  const fs::path folder = make_shim_dir(program_, root_ / "cache");
  for (const auto& entry : fs::directory_iterator(folder)) {
    EXPECT_TRUE(entry.path().filename().string().starts_with("qemu-system-")) << entry.path();
  }
}

TEST_F(ShimDir, IsTheInstalledOneWhereThatIsComplete) {
  const fs::path installed = (root_ / "bin" / FERMATA_SHIM_FROM_BINDIR).lexically_normal();
  fs::create_directories(installed);
  fs::create_symlink(program_, installed / "qemu-system-x86_64");
  EXPECT_EQ(make_shim_dir(program_, root_ / "cache"), installed);
  EXPECT_FALSE(fs::exists(root_ / "cache"));
}

TEST_F(ShimDir, SaysWhyItCannotBeMade) {
  std::ofstream(root_ / "file") << "";
  EXPECT_THROW(static_cast<void>(make_shim_dir(program_, root_ / "file")), base::Error);
  EXPECT_THROW(static_cast<void>(make_shim_dir(root_ / "none", root_ / "cache")), base::Error);
}

TEST_F(ShimDir, TheCacheIsWhereXdgSays) {
  ::setenv("XDG_CACHE_HOME", "/cache", 1);
  EXPECT_EQ(cache_folder(), "/cache");
  ::setenv("XDG_CACHE_HOME", "relative", 1);
  ::setenv("HOME", "/house", 1);
  EXPECT_EQ(cache_folder(), "/house/.cache");
  ::unsetenv("HOME");
  EXPECT_THROW(static_cast<void>(cache_folder()), base::Error);
}

}  // namespace
}  // namespace fermata::cli
