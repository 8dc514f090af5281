// SPDX-License-Identifier: MIT
#include "cli/doctor.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <map>
#include <sstream>

#include "cli/memory_file.hpp"
#include "cli/output.hpp"
#include "fermata/base/error.hpp"
#include "fermata/host/child_process.hpp"
#include "fermata/host/kvm.hpp"
#include "fermata/host/unique_fd.hpp"
#include "fermata/sim/qemu.hpp"

namespace fermata::cli {
namespace {

namespace fs = std::filesystem;

constexpr host::HostDuration limit = std::chrono::seconds(60);

std::string last_line(std::string text) {
  while (text.ends_with('\n')) {
    text.pop_back();
  }
  return text.substr(text.rfind('\n') + 1);  // npos + 1 is 0
}

}  // namespace

std::vector<std::string> find_qemus(const std::string& search_path) {
  std::map<std::string, std::string> found;
  std::istringstream folders(search_path);
  for (std::string folder; std::getline(folders, folder, ':');) {
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(folder, error)) {
      const std::string name = entry.path().filename();
      std::error_code ignored;
      if (name.starts_with("qemu-system-") && entry.is_regular_file(ignored) &&
          ::access(entry.path().c_str(), X_OK) == 0 &&
          fs::canonical(entry.path(), ignored).filename() != "fermata-qemu") {
        found.emplace(name, entry.path());
      }
    }
  }
  std::vector<std::string> paths;
  for (const char* common : {"x86_64", "aarch64", "arm", "riscv64"}) {  // the usual ones first
    if (auto node = found.extract(std::string("qemu-system-") + common)) {
      paths.push_back(std::move(node.mapped()));
    }
  }
  for (const auto& [name, path] : found) {
    paths.push_back(path);
  }
  return paths;
}

QemuExamination examine_qemu(const std::string& path) {
  const auto failed = [&path](const std::string& why) { return QemuExamination{.path = path, .failure = why}; };
  try {
    const MemoryFile report("fermata-doctor");
    const MemoryFile errors("fermata-doctor-errors");
    host::ChildProcess child(
        {.arguments = {sim::find_fermata_qemu(), "--doctor", std::to_string(report.descriptor()), path},
         .inherited_descriptors = {report.descriptor()},
         .standard_output = errors.descriptor(),
         .standard_error = errors.descriptor()});
    const auto status = child.wait(limit);
    const std::string document = report.content();
    if (!document.empty()) {
      return parse_examination(path, document);
    }
    if (!status) {
      return failed("it did not answer within a minute; look whether it starts at all");
    }
    const std::string said = last_line(errors.content());
    return failed("could not be examined: " + (said.empty() ? host::to_string(*status) : said));
  } catch (const base::Error& error) {
    return failed(error.what());
  }
}

int run_doctor(const DoctorOptions& options) {
  std::vector<std::string> paths = options.qemus;
  if (paths.empty()) {
    const char* search_path = std::getenv("PATH");
    paths = find_qemus(search_path != nullptr ? search_path : "");
  }
  std::vector<QemuExamination> qemus;
  std::ranges::transform(paths, std::back_inserter(qemus), examine_qemu);
  const host::KvmExamination kvm = host::examine_kvm();
  print_output(options.is_json ? to_json(qemus, kvm) + "\n" : to_text(qemus, kvm));
  if (qemus.empty()) {
    fmt::print(stderr,
               "fermata: no qemu-system-* in PATH; install one (Debian: qemu-system-x86, qemu-system-arm, "
               "qemu-system-misc) or name its path\n");
    return 1;
  }
  return std::ranges::all_of(qemus, [](const QemuExamination& qemu) { return qemu.failure.empty(); }) ? 0 : 1;
}

}  // namespace fermata::cli
