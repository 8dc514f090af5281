// SPDX-License-Identifier: MIT
#include "bench/host_facts.hpp"

#include <fmt/format.h>
#include <sys/utsname.h>

#include <fstream>
#include <thread>

namespace fermata::bench {
namespace {

std::string processor_model() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("model name")) {
      const auto colon = line.find(": ");
      return colon == std::string::npos ? line : line.substr(colon + 2);
    }
  }
  return "unknown processor";
}

}  // namespace

std::string describe_host() {
  utsname system{};
  ::uname(&system);
  return fmt::format("{} x {}, {} {}", std::thread::hardware_concurrency(), processor_model(), system.sysname,
                     system.release);
}

std::string describe_load() {
  std::ifstream file("/proc/loadavg");
  std::string one, five, fifteen;
  file >> one >> five >> fifteen;
  return fmt::format("{} {} {}", one, five, fifteen);
}

}  // namespace fermata::bench
