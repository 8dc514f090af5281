// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fermata/transport/endpoint.hpp"

namespace fermata::qemu {

/// One option of a QEMU command line.
struct Option {
  std::string name;                    ///< without its one or two dashes
  std::optional<std::string> value{};  ///< the argument after it, if the option takes one and it is there
  std::size_t index = 0;               ///< where the option stands among the arguments
  friend bool operator==(const Option&, const Option&) = default;
};

/// Splits QEMU's arguments (without the program) into options as QEMU's own parser does: an option takes the argument
/// after it, whatever that looks like, unless it is one of the flags. Bare arguments are disk images and left out.
[[nodiscard]] std::vector<Option> parse_options(const std::vector<std::string>& arguments);

/// True for an option that takes no value.
[[nodiscard]] bool is_flag(std::string_view name);

using KeyValue = std::pair<std::string, std::string>;

/// Reads "a=b,c=d" with QEMU's rules: a doubled comma stands for one in a value, a first item without `=` is the value
/// of `implied_key`, a later one is a switch ("x" is x=on, "nox" is x=off).
[[nodiscard]] std::vector<KeyValue> parse_key_values(std::string_view text, std::string_view implied_key);

/// `text` as a value in such a list: commas doubled.
[[nodiscard]] std::string escape_commas(std::string_view text);

/// The link to the simulator: `-qqq sock=N[,zero=…]`, or `-link fd=N[,serial=ID...]`.
struct LinkOption {
  enum class Protocol : std::uint8_t { qqq, link };

  transport::Endpoint endpoint{};
  bool is_exit_at_zero = false;
  Protocol protocol = Protocol::qqq;
  std::vector<std::string> serials{};  ///< character devices that are channels
  std::string record{};                ///< a file; commas as they are
  std::string channels{};              ///< all channels as the agent takes them: "serial=c0,line=alarm:20"
  friend bool operator==(const LinkOption&, const LinkOption&) = default;
};

/// What of a QEMU command line matters for holding its clock. Later options override earlier ones key by key, as in
/// QEMU.
struct Settings {
  std::optional<LinkOption> link{};
  bool has_icount = false;
  std::map<std::string, std::string> icount{};
  std::map<std::string, std::string> rtc{};
  std::vector<std::string> accelerators{};  ///< in the order in which QEMU tries them; empty: its default
  std::string tcg_thread{};                 ///< of `-accel tcg,thread=…`
  bool is_daemonized = false;
  bool is_question = false;             ///< -version, -M help and the like: answers and exits
  std::optional<std::string> dangling;  ///< the last option, if its value is missing
};

/// Gathers the settings. Throws base::BadArgument for a `-qqq` or `-link` that is given twice or cannot be
/// read.
[[nodiscard]] Settings read_settings(const std::vector<Option>& options);

/// The arguments without `-qqq` (or `-external_sim`) or `-link` and its value.
[[nodiscard]] std::vector<std::string> without_link(const std::vector<std::string>& arguments);

}  // namespace fermata::qemu
