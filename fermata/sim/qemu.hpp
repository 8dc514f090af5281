// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "fermata/host/child_process.hpp"
#include "fermata/time/duration.hpp"

namespace fermata::sim {

/// What becomes of devices and options that let the host's pace into the guest over link v1.
enum class Inexact : std::uint8_t {
  note,    ///< a note on standard error
  refuse,  ///< the program ends with status 1 and names them: fermata-qemu --strict
};

/// Where a guest's virtual time comes from that runs on multi-threaded TCG (`-accel tcg,thread=multi`).
enum class TimeFrom : std::uint8_t {
  host,          ///< the host's clock, held at each horizon
  instructions,  ///< counted instructions
};

/// How a stock QEMU is to be held, beyond what its own options say. See `fermata-qemu --help`.
struct QemuOptions {
  Inexact inexact = Inexact::note;
  TimeFrom time = TimeFrom::host;
  std::string dilation{};  ///< "N" or "N/D": ns of virtual time in D ns of the host's; empty: the same
  /// With TimeFrom::instructions: how far vCPUs may be apart, from 1 us to 1 s; 200 us if unsaid. Shorter is more
  /// exact, longer is faster. See docs/accuracy.md.
  std::optional<time::Duration> slice{};
  /// With TimeFrom::instructions: how long each instruction takes, by vCPU, from 1 ns to 1 ms; the last is that of all
  /// further vCPUs. 8 ns if unsaid.
  std::vector<time::Duration> instruction{};
  bool tells_way = false;  ///< says on standard error where virtual time comes from
};

/// The command that runs a stock QEMU under a simulator's clock: `arguments` is a QEMU command line as one would type
/// it, the program first. What lockstep needs and is missing is added (`-icount shift=3,sleep=off -rtc clock=vm`); what
/// contradicts it ends the program with status 1 and a message. Throws base::Error (not_found) if fermata-qemu, which
/// does that, is neither beside this program, in the library's install folder, nor in PATH; the environment variable
/// FERMATA_QEMU names it where it is elsewhere.
[[nodiscard]] host::Command qemu_command(std::vector<std::string> arguments, const QemuOptions& options = {});

/// The path of fermata-qemu, found as above.
[[nodiscard]] std::string find_fermata_qemu();

}  // namespace fermata::sim
