// SPDX-License-Identifier: MIT
//
// The values of single options. Each throws base::BadArgument that names the option and says what is possible.
#pragma once

#include <string>

#include "guests/machine/options/options.hpp"

namespace fermata::machine_program {

[[nodiscard]] SerialTarget parse_serial(const std::string& value);
[[nodiscard]] IcountOption parse_icount(const std::string& value);
[[nodiscard]] RtcOption parse_rtc(const std::string& value);
[[nodiscard]] LinkOption parse_qqq(const std::string& value);
[[nodiscard]] LinkOption parse_link(const std::string& value);
[[nodiscard]] std::uint64_t parse_memory(const std::string& value);
[[nodiscard]] unsigned parse_harts(const std::string& value);
/// Adds items to what is logged.
void parse_log_items(const std::string& value, LogOption& log);
[[nodiscard]] DriveOption parse_drive(const std::string& value);
[[nodiscard]] LoaderOption parse_loader(const std::string& value);
/// `-device virtio-net-device[,mac=MAC]`: the address, if one is given.
[[nodiscard]] std::optional<device::MacAddress> parse_network(const std::string& value);

/// `-chardev stdio,id=...`: the same targets as -serial, in QEMU's other notation.
struct Chardev {
  std::string id;
  SerialTarget target;
};
[[nodiscard]] Chardev parse_chardev(const std::string& value);

}  // namespace fermata::machine_program
