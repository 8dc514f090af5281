// SPDX-License-Identifier: MIT
#include "tests/qemu/support/cycles.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <set>

namespace fermata::qemu_test {
namespace {

std::set<std::string> names_in(const std::filesystem::path& folder) {
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    names.insert(entry.path().filename());
  }
  return names;
}

std::size_t open_descriptors() { return names_in("/proc/self/fd").size(); }

void run_cycle(const Qemu& qemu, int number) {
  Machine machine(qemu, {.guest = number % 2 == 0 ? "spin" : "idle"});
  machine.advance_exactly(1_ms);
  switch (number % 4) {
    case 0: EXPECT_EQ(machine.guest().close(), host::ExitStatus{}); break;
    case 1: ::kill(*machine.guest().pid(), SIGTERM); break;
    case 2: machine.guest().grant(1000_s); break;
    default: break;
  }
}

}  // namespace

void expect_no_traces_of_cycles(const Qemu& qemu, int count) {
  const TempFolder folder;
  const ScopedVariable temporary("TMPDIR", folder.folder());
  run_cycle(qemu, 0);  // whatever is made once and kept
  const auto shared_memory_before = names_in("/dev/shm");
  const std::size_t before = open_descriptors();
  for (int i = 0; i < count && !::testing::Test::HasFailure(); ++i) {
    run_cycle(qemu, i);
  }
  EXPECT_EQ(open_descriptors(), before);
  EXPECT_EQ(names_in(folder.folder()), std::set<std::string>{});
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1) << "a child is left";
  EXPECT_EQ(errno, ECHILD);
  for (const std::string& name : names_in("/dev/shm")) {
    EXPECT_TRUE(shared_memory_before.contains(name) || name.find("fermata") == std::string::npos) << name;
  }
}

}  // namespace fermata::qemu_test
