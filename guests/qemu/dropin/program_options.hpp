// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace fermata::qemu {

/// What fermata-qemu itself was told; everything after its own options is QEMU's.
struct ProgramOptions {
  bool add_missing = false;
  bool is_strict = false;
  bool print_command = false;
  bool time_from_instructions = false;  ///< --time instructions
  bool tells_way = false;               ///< --tell-way: says where virtual time comes from
  std::string dilation{};               ///< N or N/D
  std::string slice{};                  ///< a span
  std::string instruction{};            ///< SPAN or SPAN/SPAN...
  bool wants_help = false;
  bool wants_version = false;
  std::optional<std::string> agent{};
  std::optional<int> stats{};
  std::optional<int> doctor{};
  std::string qemu{};                  ///< the QEMU as it was named
  std::vector<std::string> arguments;  ///< QEMU's, without the program
};

/// Reads the arguments after the program's name. Throws base::BadArgument for an unknown option, a missing value, no
/// QEMU.
[[nodiscard]] ProgramOptions parse_program_options(const std::vector<std::string>& arguments);

/// What --help prints.
[[nodiscard]] const char* usage();

}  // namespace fermata::qemu
