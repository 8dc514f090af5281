// SPDX-License-Identifier: MIT
//
// The bare-metal guests print stamps of their own virtual clock. Under equal -icount the embedded machine and stock
// QEMUs count equal instructions, so they print equal bytes. QEMU's clock is held: one that runs free moves an idle
// guest's clock from its main loop, and now and then an instruction or two later.
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>

#include "fermata/base/error.hpp"
#include "tests/qemu/support/fixture.hpp"

namespace fermata::differential {
namespace {

constexpr std::size_t output_size = 4000;

/// The first bytes that a program sends to descriptor 1, fewer if it ends before; then it is ended.
std::string first_output(const std::vector<std::string>& arguments) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    throw base::host_error("make a pipe", errno);
  }
  const host::UniqueFd from(ends[0]);
  host::UniqueFd into(ends[1]);
  const host::ChildProcess process({.arguments = arguments, .standard_output = into.get()});
  into = host::UniqueFd();
  std::string output;
  while (output.size() < output_size) {
    pollfd readable{from.get(), POLLIN, 0};
    const auto limit_ms = std::chrono::duration_cast<std::chrono::milliseconds>(test_support::limit).count();
    if (::poll(&readable, 1, static_cast<int>(limit_ms)) <= 0) {
      ADD_FAILURE() << arguments.front() << " printed no more than " << output;
      break;
    }
    std::array<char, 4096> piece{};
    const ssize_t count = ::read(from.get(), piece.data(), std::min(piece.size(), output_size - output.size()));
    if (count <= 0) {
      break;
    }
    output.append(piece.data(), static_cast<std::size_t>(count));
  }
  return output;
}

struct Case {
  const char* guest;
  const char* icount;
};

std::string on_machine(const Case& run) {
  return first_output({test_support::built_program("fermata-machine"), "-M", "virt", "-bios", "none", "-nodefaults",
                       "-no-reboot", "-icount", run.icount, "-kernel", test_support::guest_path("riscv64", run.guest),
                       "-serial", "stdio"});
}

std::string on_qemu(const qemu_test::Qemu& qemu, const Case& run) {
  using namespace time::literals;
  qemu_test::Machine machine(qemu, {.guest = run.guest, .more = {"-no-reboot", "-icount", run.icount}});
  try {
    while (machine.output().size() < output_size) {
      static_cast<void>(machine.guest().advance(100_ms, test_support::limit));
    }
  } catch (const base::Error& error) {
    EXPECT_EQ(error.code(), base::ErrorCode::peer_gone) << error.what();  // it has powered itself off
  }
  return machine.output().substr(0, output_size);
}

using Guests = qemu_test::QemuTest;

TEST_P(Guests, PrintTheSameStampsAsOnQemu) {
  for (const Case& run :
       {Case{"time", "shift=3,sleep=off"}, Case{"time", "shift=0,sleep=off"}, Case{"idle", "shift=3,sleep=off"},
        Case{"idle", "shift=6,sleep=off"}, Case{"busy", "shift=3,sleep=off"}, Case{"poweroff", "shift=3,sleep=off"},
        Case{"exit3", "shift=3,sleep=off"}, Case{"reset", "shift=3,sleep=off"}}) {
    const std::string expected = on_qemu(qemu(), run);
    EXPECT_FALSE(expected.empty()) << run.guest;
    EXPECT_EQ(on_machine(run), expected) << run.guest << " " << run.icount;
  }
}

INSTANTIATE_TEST_SUITE_P(EachQemu, Guests, qemu_test::every_version(), qemu_test::version_name);

}  // namespace
}  // namespace fermata::differential
