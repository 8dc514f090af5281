// SPDX-License-Identifier: MIT
#include "fermata/sim/installed_program.hpp"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <vector>

#include "fermata/base/error.hpp"

namespace fermata::sim {
namespace {

namespace fs = std::filesystem;

bool is_program(const fs::path& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored) && ::access(path.c_str(), X_OK) == 0;
}

}  // namespace

std::string find_installed_program(const std::string& program, const std::string& variable) {
  if (const char* named = std::getenv(variable.c_str()); named != nullptr && *named != '\0') {
    if (is_program(named)) {
      return named;
    }
    throw base::Error(base::ErrorCode::not_found,
                      variable + " names " + named + ", which is no program; correct or unset it");
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
                    program +
                        " was not found beside this program, in " FERMATA_INSTALL_BINDIR
                        " or in PATH; install Fermata or name it in the environment variable " +
                        variable);
}

}  // namespace fermata::sim
