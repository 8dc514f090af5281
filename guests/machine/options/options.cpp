// SPDX-License-Identifier: MIT
#include "guests/machine/options/options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>

#include "fermata/base/error.hpp"
#include "guests/machine/options/key_values.hpp"
#include "guests/machine/options/option_values.hpp"

namespace fermata::machine_program {
namespace {

constexpr std::size_t most_serials = 2;
constexpr std::size_t most_networks = 8;

[[noreturn]] void refuse(const std::string& why) { throw base::BadArgument(why); }

// An option that chooses what this machine is anyway: accepted with those values, refused with others.
struct FixedOption {
  const char* name;
  std::vector<std::string> accepted;
};
const std::vector<FixedOption>& fixed_options() {
  static const std::vector<FixedOption> options{
      {"accel", {"tcg", "tcg,thread=single"}},
      {"cpu", {"rv64", "max"}},
      {"display", {"none"}},
      {"machine", {"virt"}},
      {"monitor", {"none", "null"}},
      {"net", {"none"}},
      {"nic", {"none"}},
      {"parallel", {"none", "null"}},
      {"vga", {"none"}},
  };
  return options;
}

// Names with the same meaning.
std::string canonical(const std::string& name) {
  static const std::map<std::string, std::string> aliases{
      {"M", "machine"}, {"external_sim", "qqq"}, {"h", "help"}, {"global-icount", "icount"}};
  const auto found = aliases.find(name);
  return found == aliases.end() ? name : found->second;
}

class OptionReader {
 public:
  Options read(const std::vector<std::string>& arguments);

 private:
  void take_flag(const std::string& name);
  void take(const std::string& name, const std::string& value);
  void take_device(const std::string& value);
  void take_console(const KeyValues& values);
  void take_fixed(const FixedOption& option, const std::string& value);
  void resolve();
  void set_link(LinkOption link);
  void resolve_serials();
  void resolve_networks();

  Options options_;
  std::vector<DriveOption> drives_;         // with if=none, by id
  std::vector<std::string> block_devices_;  // the ids that they name; empty for a drive of its own
  std::vector<DriveOption> own_drives_;
  std::map<std::string, SerialTarget> chardevs_;
  std::optional<std::string> console_chardev_;
  std::vector<std::optional<device::MacAddress>> networks_;
  bool is_serial_default_ = true;
};

void OptionReader::take_fixed(const FixedOption& option, const std::string& value) {
  if (std::ranges::find(option.accepted, value) == option.accepted.end()) {
    refuse(fmt::format("-{} {}: this machine has {} only", option.name, value, option.accepted.front()));
  }
}

void OptionReader::take_flag(const std::string& name) {
  if (name == "no-reboot") {
    options_.does_reboot = false;
  } else if (name == "nodefaults") {
    is_serial_default_ = false;
  } else if (name == "help") {
    options_.wants_help = true;
  } else if (name == "version") {
    options_.wants_version = true;
  }  // -nographic: there is no graphics, and the serial line is on standard output anyway
}

void OptionReader::take(const std::string& name, const std::string& value) {
  static const std::map<std::string, std::function<void(OptionReader&, const std::string&)>> takers{
      {"m", [](auto& self, auto& text) { self.options_.memory_size = parse_memory(text); }},
      {"smp", [](auto& self, auto& text) { self.options_.harts = parse_harts(text); }},
      {"bios", [](auto& self, auto& text) { self.options_.bios = text; }},
      {"kernel", [](auto& self, auto& text) { self.options_.kernel = text; }},
      {"initrd", [](auto& self, auto& text) { self.options_.initrd = text; }},
      {"append", [](auto& self, auto& text) { self.options_.append = text; }},
      {"serial", [](auto& self, auto& text) { self.options_.serials.push_back(parse_serial(text)); }},
      {"icount", [](auto& self, auto& text) { self.options_.icount = parse_icount(text); }},
      {"rtc", [](auto& self, auto& text) { self.options_.rtc = parse_rtc(text); }},
      {"link", [](auto& self, auto& text) { self.set_link(parse_link(text)); }},
      {"qqq", [](auto& self, auto& text) { self.set_link(parse_qqq(text)); }},
      {"d", [](auto& self, auto& text) { parse_log_items(text, self.options_.log); }},
      {"D", [](auto& self, auto& text) { self.options_.log.file = text; }},
      {"seed", [](auto& self, auto& text) { self.options_.seed = parse_number("-seed", text); }},
      {"name", [](auto&, auto&) {}},
      {"netdev",
       [](auto&, auto& text) {
         refuse(
             fmt::format("-netdev {}: the host's network cannot be reached from here; possible is -device "
                         "virtio-net-device without netdev=, with nobody at the other end of the cable",
                         text));
       }},
      {"device", [](auto& self, auto& text) { self.take_device(text); }},
      {"chardev",
       [](auto& self, auto& text) {
         const Chardev chardev = parse_chardev(text);
         self.chardevs_[chardev.id] = chardev.target;
       }},
      {"drive",
       [](auto& self, auto& text) {
         const DriveOption drive = parse_drive(text);
         if (drive.id.empty()) {
           self.block_devices_.emplace_back();
           self.own_drives_.push_back(drive);
         } else {
           self.drives_.push_back(drive);
         }
       }},
  };
  const auto& fixed = fixed_options();
  const auto option = std::ranges::find_if(fixed, [&name](const FixedOption& one) { return name == one.name; });
  if (option != fixed.end()) {
    take_fixed(*option, value);
  } else if (const auto taker = takers.find(name); taker != takers.end()) {
    taker->second(*this, value);
  } else {
    refuse(fmt::format("-{}: there is no such option here; see --help for what there is", name));
  }
}

void OptionReader::take_device(const std::string& value) {
  const std::string driver = value.substr(0, value.find(','));
  const KeyValues values("-device " + driver, value, "driver");
  if (driver == "virtio-blk-device") {
    values.allow_only({"driver", "drive"});
    block_devices_.push_back(values.text("drive").value_or(""));
    if (block_devices_.back().empty()) {
      refuse("-device virtio-blk-device: a drive=ID is needed, the id of a -drive if=none");
    }
  } else if (driver == "virtio-serial-device") {
    values.allow_only({"driver"});  // the console brings it along
  } else if (driver == "virtconsole") {
    take_console(values);
  } else if (driver == "virtio-net-device") {
    networks_.push_back(parse_network(value));
  } else if (driver == "loader") {
    options_.loaders.push_back(parse_loader(value));
  } else {
    refuse(fmt::format(
        "-device {}: possible are virtio-blk-device, virtio-net-device, virtio-serial-device, virtconsole and "
        "loader",
        driver));
  }
}

void OptionReader::take_console(const KeyValues& values) {
  values.allow_only({"driver", "chardev"});
  if (console_chardev_) {
    refuse("-device virtconsole: the machine has one virtio console only");
  }
  console_chardev_ = values.text("chardev").value_or("");
}

void OptionReader::set_link(LinkOption link) {
  if (options_.link) {
    refuse("-link, -qqq: there is one simulator only; give one of them, once");
  }
  options_.link = std::move(link);
}

void OptionReader::resolve_serials() {
  auto& serials = options_.serials;
  if (options_.link && options_.link->protocol == LinkOption::Protocol::link) {
    const auto has_end = [](const SerialTarget& target) { return target.kind != SerialTarget::Kind::none; };
    if (std::ranges::any_of(serials, has_end) || console_chardev_) {
      refuse("-serial, -chardev: with -link the simulator is at the other end of the serial lines; leave them out");
    }
    serials.clear();
    return;
  }
  if (serials.empty() && is_serial_default_) {
    serials.push_back({.kind = SerialTarget::Kind::stdio});
  }
  if (serials.size() > most_serials || (serials.size() == most_serials && console_chardev_)) {
    refuse("-serial: the machine has two serial lines, the UART and a virtio console; leave the others out");
  }
  if (console_chardev_) {
    const auto found = chardevs_.find(*console_chardev_);
    if (found == chardevs_.end()) {
      refuse(fmt::format("-device virtconsole,chardev={}: no -chardev has this id", *console_chardev_));
    }
    serials.resize(1, {.kind = SerialTarget::Kind::none});
    serials.push_back(found->second);
  }
  const auto is_stdio = [](const SerialTarget& target) { return target.kind == SerialTarget::Kind::stdio; };
  if (std::ranges::count_if(serials, is_stdio) > 1) {
    refuse("-serial stdio: standard input and output can serve one serial line only");
  }
}

// A card without an address gets the first of the default ones that no other has.
void OptionReader::resolve_networks() {
  if (networks_.size() > most_networks) {
    refuse(fmt::format("-device virtio-net-device: {} of them; the machine has {} slots", networks_.size(),
                       most_networks));
  }
  unsigned next = 0;
  for (const auto& given : networks_) {
    while (!given && std::ranges::find(networks_, device::MacAddress::default_of(next)) != networks_.end()) {
      ++next;
    }
    options_.networks.push_back(given ? *given : device::MacAddress::default_of(next++));
  }
}

void OptionReader::resolve() {
  std::size_t own = 0;
  for (const std::string& id : block_devices_) {
    if (id.empty()) {
      options_.disks.push_back(own_drives_[own++]);
      continue;
    }
    const auto found = std::ranges::find(drives_, id, &DriveOption::id);
    if (found == drives_.end()) {
      refuse(fmt::format("-device virtio-blk-device,drive={}: no -drive if=none has this id", id));
    }
    options_.disks.push_back(*found);
  }
  resolve_serials();
  resolve_networks();
}

Options OptionReader::read(const std::vector<std::string>& arguments) {
  static const std::vector<std::string> flags{"no-reboot", "nodefaults", "nographic", "help", "version"};
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    if (argument.size() < 2 || argument[0] != '-') {
      refuse(fmt::format("\"{}\": an option was expected; a disk image is given by -drive file=...", argument));
    }
    const std::string name = canonical(argument.substr(argument[1] == '-' ? 2 : 1));
    if (std::ranges::find(flags, name) != flags.end()) {
      take_flag(name);
    } else if (i + 1 < arguments.size()) {
      take(name, arguments[++i]);
    } else {
      refuse(fmt::format("{}: it is unknown, or lacks its value; see --help", argument));
    }
  }
  resolve();
  return options_;
}

}  // namespace

Options parse_options(const std::vector<std::string>& arguments) { return OptionReader().read(arguments); }

}  // namespace fermata::machine_program
