// SPDX-License-Identifier: GPL-2.0-or-later
#include "guests/qemu/agent/link/options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <set>

#include "fermata/base/error.hpp"

namespace fermata::qemu::link {
namespace {

constexpr std::uint64_t largest_window = 1 << 30;

[[noreturn]] void refuse(std::string_view option, std::string_view value, std::string_view what) {
  throw base::BadArgument(fmt::format("{}={}: {}", option, value, what));
}

// Decimal, or hexadecimal after 0x.
std::optional<std::uint64_t> parse_number(std::string_view text) {
  const bool is_hex = text.starts_with("0x") || text.starts_with("0X");
  text.remove_prefix(is_hex ? 2 : 0);
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, is_hex ? 16 : 10);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(number) : std::nullopt;
}

std::string parse_name(std::string_view option, std::string_view value, std::string_view name) {
  constexpr std::string_view others = "-_.";
  const auto fits = [others](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           others.find(c) != std::string_view::npos;
  };
  if (name.empty() || name.size() > 64 || !std::ranges::all_of(name, fits)) {
    refuse(option, value, "needs a name of 1 to 64 letters, digits, - _ and .");
  }
  return std::string(name);
}

LineOption parse_line(std::string_view value) {
  constexpr std::string_view form = "is line=NAME:NUMBER or line=NAME:NUMBER:TYPE, e.g. line=alarm:20";
  const std::size_t colon = value.find(':');
  if (colon == std::string_view::npos) {
    refuse("line", value, form);
  }
  LineOption line{.name = parse_name("line", value, value.substr(0, colon))};
  std::string_view rest = value.substr(colon + 1);
  if (const std::size_t second = rest.find(':'); second != std::string_view::npos) {
    line.controller = parse_name("line", value, rest.substr(second + 1));
    rest = rest.substr(0, second);
  }
  const auto number = parse_number(rest);
  if (!number || *number > 4096) {
    refuse("line", value, form);
  }
  line.number = static_cast<unsigned>(*number);
  return line;
}

WindowOption parse_window(std::string_view option, std::string_view value) {
  const std::size_t at = value.find('@');
  const std::size_t plus = value.find('+', at == std::string_view::npos ? value.size() : at);
  if (plus == std::string_view::npos) {
    refuse(option, value, "is NAME@BASE+SIZE, e.g. dev0@0x10010000+0x1000");
  }
  const auto base = parse_number(value.substr(at + 1, plus - at - 1));
  const auto size = parse_number(value.substr(plus + 1));
  if (!base || !size || *size == 0 || *size > largest_window ||
      *base > std::numeric_limits<std::uint64_t>::max() - *size) {
    refuse(option, value, "needs a base address and a size from 1 to 0x40000000, decimal or after 0x");
  }
  return {.name = parse_name(option, value, value.substr(0, at)),
          .is_ports = option == "ports",
          .base = *base,
          .size = *size};
}

DeviceOption parse_device(std::string_view value) {
  constexpr std::string_view form =
      "is device=FILE@BASE, FILE@BASE:NUMBER or FILE@BASE:NUMBER:TYPE, then /OPTIONS, e.g. tick_timer@0x10200000:12";
  const std::size_t at = value.rfind('@');
  if (at == std::string_view::npos || at == 0) {
    refuse("device", value, form);
  }
  DeviceOption device{.file = std::string(value.substr(0, at))};
  std::string_view rest = value.substr(at + 1);
  if (const std::size_t slash = rest.find('/'); slash != std::string_view::npos) {
    device.options = rest.substr(slash + 1);
    rest = rest.substr(0, slash);
  }
  if (const std::size_t colon = rest.find(':'); colon != std::string_view::npos) {
    device.line = parse_line("irq" + std::string(rest.substr(colon)));
    rest = rest.substr(0, colon);
  }
  const auto base = parse_number(rest);
  if (!base) {
    refuse("device", value, form);
  }
  device.base = *base;
  return device;
}

}  // namespace

bool take_channel_option(std::string_view name, std::string_view value, ChannelOptions& options) {
  if (name == "serial") {
    options.serials.push_back(parse_name(name, value, value));
  } else if (name == "ethernet") {
    options.ethernets.push_back(parse_name(name, value, value));
  } else if (name == "late") {
    options.late.push_back(parse_name(name, value, value));
  } else if (name == "line") {
    options.lines.push_back(parse_line(value));
  } else if (name == "dma") {
    options.memories.push_back(parse_name(name, value, value));
  } else if (name == "device") {
    options.devices.push_back(parse_device(value));
  } else if (name == "window" || name == "ports") {
    options.windows.push_back(parse_window(name, value));
  } else {
    return false;
  }
  return true;
}

void check_channel_names(const ChannelOptions& options) {
  std::set<std::string> names;
  const auto add = [&names](const std::string& name) {
    if (!names.insert(name).second) {
      throw base::BadArgument("channel " + name + ": the name is there twice");
    }
  };
  std::ranges::for_each(options.serials, add);
  std::ranges::for_each(options.ethernets, add);
  std::ranges::for_each(options.lines, add, &LineOption::name);
  std::ranges::for_each(options.windows, add, &WindowOption::name);
  std::ranges::for_each(options.memories, add);
}

}  // namespace fermata::qemu::link
