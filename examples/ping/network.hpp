// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "ethernet_link.hpp"
#include "fermata/host/child_process.hpp"
#include "fermata/host/clock.hpp"

namespace ping {

/// What is on the network, and what for.
struct Settings {
  std::string qemu = "qemu-system-x86_64";  ///< that runs Linux, which pings
  std::string linux_folder;                 ///< has vmlinux and initramfs.cpio.gz
  std::string responder;                    ///< ELF file for the embedded machine, which answers
  std::string output;                       ///< folder for the recordings; exists

  unsigned count = 20;         ///< of echo requests, 1 to 65,535
  Duration interval = 200_ms;  ///< between two of them
  EthernetLink::Settings link{};
  /// Virtual time that both guests are granted at once, at most `longest_quantum`; the whole of it by default.
  std::optional<Duration> quantum{};
  Duration boot_limit = 120_s;  ///< virtual time for booting and finding the responder, however many requests are lost
  fermata::host::HostDuration limit = std::chrono::seconds(60);  ///< host time that one quantum may take
};

/// The longest quantum by which nothing comes out of the link in the past: its latency, less what a guest may stand
/// beyond its horizon, which is less than an instruction.
[[nodiscard]] Duration longest_quantum(const EthernetLink::Settings& link);

/// What came of it.
struct Outcome {
  Instant last_word;               ///< of Linux, which then switched itself off
  EthernetLink::Count requests{};  ///< what Linux sent, requests for addresses included
  EthernetLink::Count replies{};   ///< what the responder sent
  std::string console{};           ///< all that Linux printed
  std::string linux_recording{};   ///< files: what crossed each guest's link, see LinkOptions::record
  std::string responder_recording{};
};

/// The names of the guests' network channels in the recordings.
inline constexpr std::string_view linux_channel = "net0";
inline constexpr std::string_view responder_channel = "ethernet0";

/// Runs Linux on a stock QEMU and the responder on an embedded machine in this process, in lockstep, joined by an
/// EthernetLink, until Linux has pinged and switched itself off:
///
///   QEMU            this program               the machine
///    |  grant until H   |                          |
///    | <--------------- |  run until H             |
///    |  runs            | -----------------------> |   a call: returns when it has run
///    |  frame at t      |  t + latency > H         |
///    | ---------------> | -----------------------> |   taken in the next quantum, at t + latency
///    |  stands at H     |                          |
///    | ---------------> |                          |
///
/// `on_console` takes what Linux prints, at the instant at which it does. Throws base::Error if a guest cannot be
/// started, hangs or ends before its time; base::BadArgument for settings that cannot be.
[[nodiscard]] Outcome run_network(const Settings& settings,
                                  const std::function<void(Instant at, std::string_view text)>& on_console);

}  // namespace ping
