// SPDX-License-Identifier: GPL-2.0-or-later
#include "guests/qemu/dropin/locate.hpp"

#include <unistd.h>

#include <cstdlib>
#include <sstream>

namespace fermata::qemu {
namespace {

namespace fs = std::filesystem;

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

bool is_program(const fs::path& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored) && ::access(path.c_str(), X_OK) == 0;
}

// This program, or that of another installation, which would find this one in turn.
bool is_drop_in(const fs::path& path, const fs::path& self) {
  std::error_code ignored;
  return fs::equivalent(path, self, ignored) || fs::canonical(path, ignored).filename() == "fermata-qemu";
}

}  // namespace

Surroundings surroundings() {
  std::error_code ignored;
  return {.self = fs::read_symlink("/proc/self/exe", ignored),
          .search_path = environment("PATH"),
          .named_agent = environment("FERMATA_QEMU_AGENT")};
}

bool is_qemu_name(const std::string& name) { return name.starts_with("qemu-system-") || name == "qemu-kvm"; }

std::string package_of(const std::string& name) {
  const std::string target = name.starts_with("qemu-system-") ? name.substr(12) : name;
  if (target == "x86_64" || target == "i386" || target == "qemu-kvm" || target == "kvm") {
    return "qemu-system-x86";
  }
  if (target == "arm" || target == "aarch64") {
    return "qemu-system-arm";
  }
  for (const char* family : {"mips", "ppc", "sparc"}) {
    if (target.starts_with(family)) {
      return std::string("qemu-system-") + family;
    }
  }
  return target == "s390x" ? "qemu-system-s390x or qemu-system-misc" : "qemu-system-misc";
}

fs::path find_qemu(const std::string& name, const Surroundings& where) {
  if (name.find('/') != std::string::npos) {
    if (is_program(name)) {
      return name;
    }
    throw QemuNotFound(name + " is no program; correct the path of the QEMU");
  }
  bool has_shim = false;
  std::istringstream folders(where.search_path);
  for (std::string folder; std::getline(folders, folder, ':');) {
    const fs::path candidate = fs::path(folder.empty() ? "." : folder) / name;
    if (!is_program(candidate)) {
      continue;
    }
    if (!is_drop_in(candidate, where.self)) {
      return candidate;
    }
    has_shim = true;
  }
  throw QemuNotFound("no " + std::string(has_shim ? "real " : "") + name + " in PATH" +
                     (has_shim ? " behind the shim" : "") +
                     (is_qemu_name(name) ? "; install it (Debian: " + package_of(name) + ") or name its path"
                                         : "; name a QEMU such as qemu-system-x86_64, or its path"));
}

fs::path find_agent(const std::optional<std::string>& named, const Surroundings& where) {
  const auto at = [](const fs::path& path, const std::string& origin) {
    std::error_code ignored;
    if (!fs::is_regular_file(path, ignored)) {
      throw base::Error(base::ErrorCode::not_found,
                        "the agent that QEMU loads is not at " + path.string() + " (" + origin +
                            "); install Fermata completely, or name the file with --agent or FERMATA_QEMU_AGENT");
    }
    return fs::absolute(path, ignored);
  };
  if (named) {
    return at(*named, "from --agent");
  }
  if (!where.named_agent.empty()) {
    return at(where.named_agent, "from FERMATA_QEMU_AGENT");
  }
  return at((where.self.parent_path() / FERMATA_AGENT_FROM_BINDIR).lexically_normal(), "beside this program");
}

}  // namespace fermata::qemu
