// SPDX-License-Identifier: MIT
#include "cli/shim_dir.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <sstream>

#include "cli/output.hpp"
#include "fermata/base/error.hpp"
#include "fermata/sim/qemu.hpp"

namespace fermata::cli {
namespace {

namespace fs = std::filesystem;

// FNV-1a: several installations of one user do not share a folder.
std::uint64_t hash_of(const std::string& text) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : text) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  }
  return hash;
}

// Renamed into place, so that nobody ever finds the name missing or half made.
void make_link(const fs::path& link, const fs::path& program) {
  std::error_code error;
  if (fs::read_symlink(link, error) == program) {
    return;
  }
  const fs::path fresh = link.parent_path() / fmt::format(".{}.{}", link.filename().string(), ::getpid());
  fs::remove(fresh, error);
  fs::create_symlink(program, fresh, error);
  if (!error) {
    fs::rename(fresh, link, error);
  }
  if (error) {
    std::error_code ignored;
    fs::remove(fresh, ignored);
    throw base::Error(
        base::ErrorCode::host_failure,
        fmt::format("cannot make the link {}: {}; make its folder writable", link.string(), error.message()));
  }
}

}  // namespace

fs::path make_shim_dir(const fs::path& program, const fs::path& cache) {
  std::error_code error;
  const fs::path real = fs::canonical(program, error);
  if (error) {
    throw base::Error(base::ErrorCode::not_found, fmt::format("{}: {}", program.string(), error.message()));
  }
  const fs::path installed = (real.parent_path() / FERMATA_SHIM_FROM_BINDIR).lexically_normal();
  if (fs::equivalent(installed / "qemu-system-x86_64", real, error)) {
    return installed;
  }
  const fs::path folder = cache / "fermata" / fmt::format("shim-{:016x}", hash_of(real.string()));
  fs::create_directories(folder, error);
  if (error) {
    throw base::Error(base::ErrorCode::host_failure,
                      fmt::format("cannot make {}: {}; set XDG_CACHE_HOME to a folder that can be written",
                                  folder.string(), error.message()));
  }
  std::istringstream names(FERMATA_QEMU_NAMES);
  for (std::string name; names >> name;) {
    make_link(folder / name, real);
  }
  return folder;
}

fs::path cache_folder() {
  const char* xdg = std::getenv("XDG_CACHE_HOME");
  if (xdg != nullptr && *xdg == '/') {
    return xdg;
  }
  const char* home = std::getenv("HOME");
  if (home != nullptr && *home == '/') {
    return fs::path(home) / ".cache";
  }
  throw base::Error(base::ErrorCode::not_found,
                    "there is no place for the links: set XDG_CACHE_HOME or HOME to an absolute path");
}

int run_shim_dir() {
  print_output(make_shim_dir(sim::find_fermata_qemu(), cache_folder()).string() + "\n");
  return 0;
}

}  // namespace fermata::cli
