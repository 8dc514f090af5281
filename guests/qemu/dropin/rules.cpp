// SPDX-License-Identifier: GPL-2.0-or-later
#include "guests/qemu/dropin/rules.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <optional>

#include "fermata/base/error.hpp"

namespace fermata::qemu {
namespace {

constexpr int largest_shift = 10;  // QEMU's MAX_ICOUNT_SHIFT
constexpr const char* needed =
    "a held clock needs -rtc clock=vm and -icount N,sleep=off (N from 0 to 10, or auto), or -rtc clock=vm and either "
    "-enable-kvm or -accel tcg,thread=multi";

[[noreturn]] void refuse(const std::string& why) { throw base::Error(base::ErrorCode::unsupported, why); }

std::optional<std::string> value_of(const std::map<std::string, std::string>& settings, const std::string& key) {
  const auto found = settings.find(key);
  return found == settings.end() ? std::nullopt : std::optional(found->second);
}

// As QEMU reads booleans; nothing for what it refuses.
std::optional<bool> parse_switch(const std::string& text) {
  if (text == "on" || text == "yes" || text == "true" || text == "y") {
    return true;
  }
  if (text == "off" || text == "no" || text == "false" || text == "n") {
    return false;
  }
  return std::nullopt;
}

// As strtol with base 0 does: decimal, 0x or octal.
bool is_shift(const std::string& text) {
  const bool is_hex = text.starts_with("0x") || text.starts_with("0X");
  const int base = is_hex ? 16 : text.size() > 1 && text.starts_with('0') ? 8 : 10;
  const char* end = text.data() + text.size();
  int shift = -1;
  const auto [stopped, error] = std::from_chars(text.data() + (is_hex ? 2 : 0), end, shift, base);
  return error == std::errc() && stopped == end && shift >= 0 && shift <= largest_shift;
}

void judge_rtc(const Settings& settings, bool add_missing, Ruling& ruling) {
  const auto clock = value_of(settings.rtc, "clock");
  if (clock == "vm") {
    return;
  }
  if (clock) {
    refuse(fmt::format("-rtc clock={}: the real-time clock would read the host's time; {}", *clock, needed));
  }
  if (!add_missing) {
    refuse(fmt::format("-rtc clock=vm is missing: the real-time clock would read the host's time; {}", needed));
  }
  ruling.additions.insert(ruling.additions.end(), {"-rtc", "clock=vm"});
}

bool is_of_another_system(const std::string& accelerator) {
  return accelerator == "hvf" || accelerator == "whpx" || accelerator == "nvmm" || accelerator == "hax";
}

// QEMU tries them in turn and goes on to the next where it cannot have one.
std::string accelerator_of(const Settings& settings, const std::string& program, const Wishes& wishes, Ruling& ruling) {
  if (settings.accelerators.empty()) {
    const std::string name = std::filesystem::path(program).filename();
    return (name.ends_with("kvm") || name == "kvm-spice") && !settings.has_icount ? "kvm" : "tcg";
  }
  for (std::size_t i = 0; i + 1 < settings.accelerators.size(); ++i) {
    const std::string& accelerator = settings.accelerators[i];
    const bool is_had = accelerator == "kvm" ? wishes.no_kvm.empty() : !is_of_another_system(accelerator);
    if (is_had) {
      return accelerator;
    }
    if (accelerator == "kvm") {
      ruling.notes.push_back(fmt::format("no KVM, for /dev/kvm is not usable: {}; QEMU goes on to accelerator {}",
                                         wishes.no_kvm, settings.accelerators[i + 1]));
    }
  }
  return settings.accelerators.back();
}

// Both follow the host's time, which -icount would not let them.
void judge_no_icount(const Settings& settings, const std::string& accelerator) {
  if (settings.has_icount) {
    refuse(accelerator +
           " and -icount: instructions can be counted with one thread of TCG only; leave one of the two out");
  }
}

Way way_of(const Settings& settings, const std::string& program, const Wishes& wishes, Ruling& ruling) {
  const std::string accelerator = accelerator_of(settings, program, wishes, ruling);
  if (accelerator == "kvm") {
    judge_no_icount(settings, "KVM");
    if (wishes.time_from_instructions) {
      refuse("--time instructions: KVM does not count a guest's instructions; say -accel tcg,thread=multi");
    }
    return Way::kvm;
  }
  if (accelerator != "tcg") {
    refuse(fmt::format("accelerator {}: its clock cannot be held; say -accel tcg, for {}", accelerator, needed));
  }
  if (settings.tcg_thread != "multi") {
    return Way::instructions;
  }
  judge_no_icount(settings, "-accel tcg,thread=multi");
  return wishes.time_from_instructions ? Way::instruction_slices : Way::host_time;
}

void judge_icount(const Settings& settings, bool add_missing, Ruling& ruling) {
  const auto shift = value_of(settings.icount, "shift");
  const auto sleep = value_of(settings.icount, "sleep");
  if (shift && *shift != "auto" && !is_shift(*shift)) {
    refuse(fmt::format("-icount shift={}: the shift is a number from 0 to {}, or auto", *shift, largest_shift));
  }
  if (sleep && parse_switch(*sleep) != false) {
    refuse(fmt::format("-icount sleep={}: idle time would pass at the host's pace; {}", *sleep, needed));
  }
  if (const auto align = value_of(settings.icount, "align"); align && parse_switch(*align) != false) {
    refuse(fmt::format("-icount align={}: ties virtual time to the host's, which a simulator is to drive; leave it out",
                       *align));
  }
  if (const auto rr = value_of(settings.icount, "rr")) {
    refuse(fmt::format("-icount rr={}: recording and replaying does not go with a held clock; leave rr out", *rr));
  }
  if (shift == "auto") {
    ruling.notes.emplace_back(
        "-icount auto follows the host's speed, so two runs will differ; a number such as -icount 3,sleep=off gives "
        "equal runs");
  }
  if (shift && sleep) {
    return;
  }
  if (!add_missing) {
    refuse(shift
               ? fmt::format("-icount {} lacks sleep=off: idle time would pass at the host's pace; {}", *shift, needed)
           : settings.has_icount ? fmt::format("-icount has no shift, so QEMU would not count instructions; {}", needed)
                                 : fmt::format("-icount is missing: virtual time would be the host's; {}", needed));
  }
  ruling.additions.emplace_back("-icount");
  ruling.additions.emplace_back(shift ? "sleep=off" : sleep ? "shift=3" : "shift=3,sleep=off");
}

}  // namespace

const char* to_string(Way way) {
  switch (way) {
    case Way::instructions: return "virtual time from counted instructions (TCG, one thread)";
    case Way::host_time: return "virtual time from the host's clock (TCG, a thread for each vCPU)";
    case Way::kvm: return "virtual time from the host's clock (KVM)";
    case Way::instruction_slices: return "virtual time from counted instructions (TCG, a thread for each vCPU)";
  }
  return "unknown";
}

Ruling judge(const Settings& settings, const std::string& program, const Wishes& wishes) {
  Ruling ruling;
  if (settings.dangling) {
    refuse(fmt::format("option {} lacks its value; add it, or remove the option", *settings.dangling));
  }
  if (settings.is_daemonized) {
    refuse("-daemonize: a simulator knows its guest by the process that it started; leave -daemonize out");
  }
  ruling.way = way_of(settings, program, wishes, ruling);
  if (ruling.way == Way::instructions) {
    judge_icount(settings, wishes.add_missing, ruling);
  }
  judge_rtc(settings, wishes.add_missing, ruling);
  return ruling;
}

}  // namespace fermata::qemu
