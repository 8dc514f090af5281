// SPDX-License-Identifier: MIT
#include "bench/emulator_run.hpp"

#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <string_view>

#include "fermata/base/error.hpp"
#include "fermata/host/child_process.hpp"
#include "fermata/host/unique_fd.hpp"

namespace fermata::bench {
namespace {

constexpr host::HostDuration run_limit = std::chrono::minutes(10);

std::string content_of(int descriptor) {
  std::string text;
  std::array<char, 512> piece{};
  for (off_t at = 0;;) {
    const ssize_t count = ::pread(descriptor, piece.data(), piece.size(), at);
    if (count <= 0) {
      return text;
    }
    text.append(piece.data(), static_cast<std::size_t>(count));
    at += count;
  }
}

// The number behind "label=" in what the guest printed.
std::uint64_t number_after(std::string_view text, std::string_view label, const Emulator& emulator) {
  const auto at = text.find(label);
  std::uint64_t number = 0;
  if (at == std::string_view::npos ||
      std::from_chars(text.data() + at + label.size(), text.data() + text.size(), number).ec != std::errc()) {
    throw base::Error(base::ErrorCode::protocol_violation,
                      fmt::format("{}: the guest did not print `{}`; it printed: {}", emulator.name, label, text));
  }
  return number;
}

}  // namespace

GuestRun run_guest(const Emulator& emulator, const std::string& guest, std::uint64_t rounds) {
  const host::UniqueFd output(::memfd_create("guest-output", MFD_CLOEXEC));
  if (!output.is_open()) {
    throw base::host_error("make a file in memory for the guest's output", errno);
  }
  const host::HostClock& clock = host::HostClock::monotonic();
  const host::HostInstant start = clock.now();
  const host::ChildProcess process(
      {.arguments = {emulator.program, "-M", "virt", "-nodefaults", "-display", "none", "-bios", "none", "-serial",
                     "stdio", "-kernel", fmt::format("{}/bench_{}.elf", BENCH_GUESTS, guest), "-device",
                     fmt::format("loader,addr=0x80100000,data={},data-len=8", rounds), "-icount", "shift=3,sleep=off",
                     "-rtc", "clock=vm"},
       .standard_output = output.get()});
  const auto status = process.wait(run_limit);
  GuestRun run{.took = clock.now() - start};
  if (!status || !status->is_success()) {
    throw base::Error(base::ErrorCode::host_failure,
                      fmt::format("{} with bench_{}: {}; see what it printed", emulator.name, guest,
                                  status ? host::to_string(*status) : "did not end"));
  }
  const std::string text = content_of(output.get());
  run.result = number_after(text, "result=", emulator);
  run.instructions = number_after(text, "instructions=", emulator);
  return run;
}

}  // namespace fermata::bench
