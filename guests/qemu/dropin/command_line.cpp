// SPDX-License-Identifier: GPL-2.0-or-later
#include "guests/qemu/dropin/command_line.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <set>

#include "fermata/base/error.hpp"
#include "guests/qemu/agent/link/options.hpp"

namespace fermata::qemu {
namespace {

// All options without a value of QEMU 5 to 11, of every target. An unknown option is taken to have a value, which is
// harmless: QEMU refuses it anyway.
const std::set<std::string_view> flags = {
    "S",
    "alt-grab",
    "async-teardown",
    "audio-help",
    "ctrl-grab",
    "curses",
    "daemonize",
    "enable-fips",
    "enable-hax",
    "enable-kvm",
    "enable-sync-profile",
    "full-screen",
    "gtk",
    "h",
    "help",
    "jitdump",
    "mem-prealloc",
    "no-acpi",
    "no-fd-bootchk",
    "no-frame",
    "no-hpet",
    "no-kvm",
    "no-kvm-irqchip",
    "no-kvm-pit",
    "no-kvm-pit-reinjection",
    "no-quit",
    "no-reboot",
    "no-shutdown",
    "no-user-config",
    "nodefaults",
    "nodefconfig",
    "nographic",
    "old-param",
    "no-hax",
    "one-insn-per-tb",
    "perfmap",
    "portrait",
    "preconfig",
    "only-migratable",
    "s",
    "sdl",
    "semihosting",
    "singlestep",
    "snapshot",
    "usb",
    "version",
    "win2k-hack",
    "xen-attach",
    "xen-domid-restrict",
    "rtc-td-hack",
    "tdf",
};

bool is_link(const Option& option) {
  return option.name == "qqq" || option.name == "external_sim" || option.name == "link";
}

// Items between single commas, doubled ones undone.
std::vector<std::string> split_items(std::string_view text) {
  std::vector<std::string> items(1);
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != ',') {
      items.back() += text[i];
    } else if (i + 1 < text.size() && text[i + 1] == ',') {
      items.back() += ',';
      ++i;
    } else {
      items.emplace_back();
    }
  }
  return items;
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(separator), text.size());
    parts.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

std::optional<int> parse_descriptor(const std::string& value) {
  int number = -1;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  const bool is_number = error == std::errc() && end == value.data() + value.size() && number >= 0;
  return is_number ? std::optional(number) : std::nullopt;
}

LinkOption parse_link_v1(const Option& option) {
  LinkOption link{.protocol = LinkOption::Protocol::link};
  link::ChannelOptions channels;
  const auto refuse = [&](const std::string& why) {
    throw base::BadArgument(
        "-link " + option.value.value_or("") + ": " + why +
        "; say -link fd=N|path=P|memory=M,life=L[,clocks=C,clock=I][,serial=ID][,ethernet=ID][,line=NAME:NUMBER[:TYPE]]"
        "[,window=NAME@BASE+SIZE][,ports=NAME@BASE+SIZE][,dma=NAME]");
  };
  for (const auto& [key, value] : parse_key_values(option.value.value_or(""), "")) {
    if (int* number = link.endpoint.find_number(key); number != nullptr) {
      *number = parse_descriptor(value).value_or(-1);
      if (*number < 0) {
        refuse(key + "=" + value + ": needs a number" + (key == "clock" ? "" : ", that of an open descriptor"));
      }
    } else if (key == "record") {
      link.record = value;
    } else if (key == "path") {
      link.endpoint.path = value;
    } else if (key != "late" && link::take_channel_option(key, value, channels)) {
      link.channels += "," + key + "=" + escape_commas(value);
    } else {
      refuse("unknown key \"" + key + "\"");
    }
  }
  if (const std::string fault = link.endpoint.fault(); !fault.empty()) {
    refuse(fault);
  }
  link::check_channel_names(channels);
  link.serials = std::move(channels.serials);
  return link;
}

LinkOption parse_link(const Option& option) {
  if (option.name == "link") {
    return parse_link_v1(option);
  }
  LinkOption link;
  const auto refuse = [&](const std::string& why) {
    throw base::BadArgument("-" + option.name + " " + option.value.value_or("") + ": " + why +
                            "; say -qqq sock=N[,zero=exit], N being the number of the simulator's connected socket");
  };
  for (const auto& [key, value] : parse_key_values(option.value.value_or(""), "")) {
    if (key == "sock") {
      link.endpoint.socket = parse_descriptor(value).value_or(-1);
      if (link.endpoint.socket < 0) {
        refuse("\"" + value + "\" is no descriptor's number");
      }
    } else if (key == "zero" && (value == "exit" || value == "answer")) {
      link.is_exit_at_zero = value == "exit";
    } else if (key == "zero") {
      refuse("zero is exit or answer");
    } else if (key == "read" || key == "write") {
      refuse("the pair of pipes of 2016 is not spoken any more");
    } else if (!key.empty() || !value.empty()) {
      refuse("unknown key \"" + key + "\"");
    }
  }
  if (link.endpoint.socket < 0) {
    refuse("sock is missing");
  }
  return link;
}

// Options of which the value `help` or `?` asks for a list.
bool is_question(const Option& option) {
  static const std::set<std::string_view> askable = {"M",       "machine", "cpu",     "accel",    "device", "netdev",
                                                     "nic",     "chardev", "display", "audiodev", "object", "vga",
                                                     "soundhw", "tpmdev",  "d",       "trace",    "fsdev",  "watchdog"};
  if (option.name == "h" || option.name == "help" || option.name == "version" || option.name == "audio-help") {
    return true;
  }
  if (!askable.contains(option.name) || !option.value) {
    return false;
  }
  const std::vector<std::string> items = split_items(*option.value);
  return std::ranges::any_of(items, [](const std::string& item) { return item == "help" || item == "?"; });
}

void read_accelerator(const Option& option, Settings& settings) {
  for (const auto& [key, value] : parse_key_values(*option.value, "accel")) {
    if (key == "accel") {
      settings.accelerators.push_back(value);
    } else if (key == "thread") {
      settings.tcg_thread = value;
    }
  }
}

}  // namespace

bool is_flag(std::string_view name) { return flags.contains(name); }

std::vector<Option> parse_options(const std::vector<std::string>& arguments) {
  std::vector<Option> options;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    std::string_view name = arguments[i];
    if (!name.starts_with('-') || name == "-") {
      continue;  // a disk image
    }
    name.remove_prefix(name.starts_with("--") ? 2 : 1);
    Option option{.name = std::string(name), .index = i};
    if (!is_flag(name) && i + 1 < arguments.size()) {
      option.value = arguments[++i];
    }
    options.push_back(std::move(option));
  }
  return options;
}

std::vector<KeyValue> parse_key_values(std::string_view text, std::string_view implied_key) {
  std::vector<KeyValue> pairs;
  for (const std::string& item : split_items(text)) {
    const std::size_t equals = item.find('=');
    if (equals != std::string::npos) {
      pairs.emplace_back(item.substr(0, equals), item.substr(equals + 1));
    } else if (pairs.empty() && !implied_key.empty()) {
      pairs.emplace_back(implied_key, item);
    } else if (item.starts_with("no") && item.size() > 2) {
      pairs.emplace_back(item.substr(2), "off");
    } else if (!item.empty()) {
      pairs.emplace_back(item, "on");
    }
  }
  return pairs;
}

std::string escape_commas(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    escaped.append(c == ',' ? 2 : 1, c);
  }
  return escaped;
}

Settings read_settings(const std::vector<Option>& options) {
  Settings settings;
  for (const Option& option : options) {
    settings.is_question = settings.is_question || is_question(option);
    if (is_link(option)) {
      if (settings.link) {
        throw base::BadArgument("-" + option.name + " is given twice; a machine has one clock and one simulator");
      }
      settings.link = parse_link(option);
    } else if (option.name == "enable-kvm") {
      settings.accelerators = {"kvm"};
    } else if (option.name == "daemonize") {
      settings.is_daemonized = true;
    } else if (!option.value) {
      settings.dangling = is_flag(option.name) ? settings.dangling : "-" + option.name;
    } else if (option.name == "icount") {
      settings.has_icount = true;
      for (const auto& [key, value] : parse_key_values(*option.value, "shift")) {
        settings.icount[key] = value;
      }
    } else if (option.name == "rtc") {
      for (const auto& [key, value] : parse_key_values(*option.value, "")) {
        settings.rtc[key] = value;
      }
    } else if (option.name == "accel") {
      read_accelerator(option, settings);
    } else if (option.name == "M" || option.name == "machine") {
      for (const auto& [key, value] : parse_key_values(*option.value, "type")) {
        if (key == "accel") {
          settings.accelerators = split(value, ':');
        }
      }
    }
  }
  return settings;
}

std::vector<std::string> without_link(const std::vector<std::string>& arguments) {
  std::vector<std::string> kept = arguments;
  const std::vector<Option> options = parse_options(arguments);
  for (auto option = options.rbegin(); option != options.rend(); ++option) {
    if (is_link(*option)) {
      const auto at = kept.begin() + static_cast<std::ptrdiff_t>(option->index);
      kept.erase(at, at + (option->value ? 2 : 1));
    }
  }
  return kept;
}

}  // namespace fermata::qemu
