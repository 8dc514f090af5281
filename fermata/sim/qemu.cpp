// SPDX-License-Identifier: MIT
#include "fermata/sim/qemu.hpp"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <utility>

#include "fermata/base/contract.hpp"
#include "fermata/base/error.hpp"

namespace fermata::sim {
namespace {

namespace fs = std::filesystem;

bool is_program(const fs::path& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored) && ::access(path.c_str(), X_OK) == 0;
}

}  // namespace

std::string find_fermata_qemu() {
  constexpr const char* program = "fermata-qemu";
  if (const char* named = std::getenv("FERMATA_QEMU"); named != nullptr && *named != '\0') {
    if (is_program(named)) {
      return named;
    }
    throw base::Error(base::ErrorCode::not_found,
                      std::string("FERMATA_QEMU names ") + named + ", which is no program; correct or unset it");
  }
  std::error_code ignored;
  std::vector<fs::path> folders{fs::read_symlink("/proc/self/exe", ignored).parent_path(), FERMATA_INSTALL_BINDIR};
  const char* path = std::getenv("PATH");
  std::istringstream path_folders(path != nullptr ? path : "");
  for (std::string folder; std::getline(path_folders, folder, ':');) {
    folders.emplace_back(folder);
  }
  for (const fs::path& folder : folders) {
    if (is_program(folder / program)) {
      return folder / program;
    }
  }
  throw base::Error(base::ErrorCode::not_found,
                    "fermata-qemu was not found beside this program, in " FERMATA_INSTALL_BINDIR
                    " or in PATH; install Fermata or name it in the environment variable FERMATA_QEMU");
}

host::Command qemu_command(std::vector<std::string> arguments) {
  base::expects(!arguments.empty(), "qemu_command: arguments name a QEMU");
  arguments.insert(arguments.begin(), {find_fermata_qemu(), "--add-missing"});
  return {.arguments = std::move(arguments)};
}

}  // namespace fermata::sim
