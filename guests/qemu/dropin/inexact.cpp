// SPDX-License-Identifier: GPL-2.0-or-later
#include "guests/qemu/dropin/inexact.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <initializer_list>
#include <optional>
#include <set>
#include <string_view>

namespace fermata::qemu {
namespace {

constexpr std::string_view main_thread_card =
    "sends its frames in QEMU's main thread, whenever that runs; take e1000, or add tx=timer,ioeventfd=off";

std::optional<std::string> value_of(const std::vector<KeyValue>& pairs, std::string_view key) {
  const auto found = std::ranges::find(pairs, key, &KeyValue::first);
  return found == pairs.end() ? std::nullopt : std::optional(found->second);
}

bool is_one_of(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::ranges::find(words, text) != words.end();
}

// A disk's requests are done by the host, and the guest is interrupted when the host says.
bool is_disk(std::string_view device) {
  return device.find("-blk") != std::string_view::npos || device.starts_with("scsi-") || device.starts_with("ide-") ||
         is_one_of(device, {"nvme", "sd-card", "emmc", "usb-storage", "floppy"});
}

class Search {
 public:
  explicit Search(const std::vector<std::string>& arguments) : options_(parse_options(arguments)) {
    std::vector<bool> is_taken(arguments.size());
    for (const Option& option : options_) {
      is_taken[option.index] = true;
      if (option.value) {
        is_taken[option.index + 1] = true;
      }
    }
    for (std::size_t i = 0; i < arguments.size(); ++i) {
      if (!is_taken[i]) {
        found_.findings.push_back(arguments[i] + ": a disk answers when the host does; use an initrd");
      }
    }
  }

  Inexact run() {
    for (const Option& option : options_) {
      if (option.value) {
        look_at(option, *option.value);
      }
    }
    look_at_the_absent();
    return std::move(found_);
  }

 private:
  void look_at(const Option& option, const std::string& value) {
    if (value.starts_with('{')) {
      add(option.name, value, "values in JSON are not understood here; say it in words, a=b,c=d");
      return;
    }
    if (option.name == "device") {
      look_at_device(value);
    } else if (is_one_of(option.name, {"nic", "net", "netdev"})) {
      look_at_network(option.name, value);
    } else if (option.name == "drive") {
      look_at_drive(value);
    } else if (is_one_of(option.name, {"hda", "hdb", "hdc", "hdd", "cdrom", "fda", "fdb", "sd", "mtdblock"})) {
      add(option.name, value, "a disk answers when the host does; use an initrd, or a memory-mapped flash");
    } else if (is_one_of(option.name, {"serial", "parallel", "virtioconsole"})) {
      look_at_serial(option.name, value);
    } else if (option.name == "icount") {
      look_at_icount(value);
    }
  }

  void look_at_device(const std::string& value) {
    const auto pairs = parse_key_values(value, "driver");
    const std::string driver = value_of(pairs, "driver").value_or("");
    if (driver.starts_with("virtio-net") &&
        (value_of(pairs, "tx") != "timer" || !(is_ioeventfd_off() || value_of(pairs, "ioeventfd") == "off"))) {
      add("device", value, main_thread_card);
      if (const auto backend = value_of(pairs, "netdev")) {
        found_.late.push_back(*backend);
      }
    } else if (is_disk(driver)) {
      add("device", value, "a disk answers when the host does; use an initrd, or a memory-mapped flash");
    } else if (driver.starts_with("virtio-rng")) {
      add("device", value, "its random numbers are the host's; leave it out");
    }
  }

  // A virtio-mmio slot has the property, not the device in it: -global virtio-mmio.ioeventfd=off.
  [[nodiscard]] bool is_ioeventfd_off() const {
    return std::ranges::any_of(options_, [](const Option& option) {
      return option.name == "global" && option.value && option.value->ends_with(".ioeventfd=off") &&
             (option.value->starts_with("virtio-net") || option.value->starts_with("virtio-mmio."));
    });
  }

  void look_at_network(const std::string& option, const std::string& value) {
    has_network_ = true;
    const auto pairs = parse_key_values(value, "type");
    const std::string type = value_of(pairs, "type").value_or("");
    if (!is_one_of(type, {"none", "hubport", "nic"})) {
      add(option, value, "frames of the host come at the host's pace; make the cable a channel: -link ...,ethernet=ID");
    }
  }

  void look_at_drive(const std::string& value) {
    const auto pairs = parse_key_values(value, "file");
    if (!is_one_of(value_of(pairs, "if").value_or(""), {"none", "pflash"})) {
      add("drive", value, "a disk answers when the host does; use an initrd, or a memory-mapped flash");
    }
  }

  void look_at_serial(const std::string& option, const std::string& value) {
    if (!is_one_of(value, {"none", "null"}) && !value.starts_with("chardev:") && !value.starts_with("file:")) {
      add(option, value, "what is typed comes at the host's pace; make the line a channel: -link ...,serial=ID");
    }
  }

  void look_at_icount(const std::string& value) {
    if (value_of(parse_key_values(value, "shift"), "shift") == "auto") {
      add("icount", value, "follows the host's speed; say a number, as in -icount 3,sleep=off");
    }
  }

  void look_at_the_absent() {
    const auto has = [this](std::string_view name) {
      return std::ranges::find(options_, name, &Option::name) != options_.end();
    };
    if (!has_network_ && !has("nodefaults")) {
      found_.findings.emplace_back(
          "no -nic and no -nodefaults: most machines then have a card on the host's network; say -nic none");
    }
    const bool has_base = std::ranges::any_of(options_, [](const Option& option) {
      return option.name == "rtc" && option.value && value_of(parse_key_values(*option.value, ""), "base");
    });
    if (!has_base) {
      found_.findings.emplace_back("no -rtc base=: the guest starts at the host's date; say e.g. -rtc base=2020-01-01");
    }
    if (!has("seed")) {
      found_.findings.emplace_back("no -seed: the guest's random seed is the host's; say e.g. -seed 1");
    }
  }

  void add(std::string_view option, std::string_view value, std::string_view what) {
    found_.findings.push_back(fmt::format("-{} {}: {}", option, value, what));
  }

  std::vector<Option> options_;
  Inexact found_;
  bool has_network_ = false;
};

}  // namespace

Inexact find_inexact(const std::vector<std::string>& arguments) { return Search(arguments).run(); }

}  // namespace fermata::qemu
