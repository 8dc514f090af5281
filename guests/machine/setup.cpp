// SPDX-License-Identifier: MIT
#include "guests/machine/setup.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>
#include <limits>
#include <memory>
#include <tuple>

#include "fermata/base/error.hpp"
#include "fermata/device/virtio/file_disk.hpp"
#include "fermata/machine/boot/elf_file.hpp"

namespace fermata::machine_program {
namespace {

constexpr const char* needed = "a held clock needs -rtc clock=vm and -icount N,sleep=off (N from 0 to 10, or auto)";

[[noreturn]] void refuse(const std::string& why) { throw base::Error(base::ErrorCode::unsupported, why); }

void judge_link(const Options& options) {
  if (!options.icount) {
    refuse(fmt::format("-icount is missing: idle time would pass at the host's pace; {}", needed));
  }
  if (!options.icount->shift && !options.icount->is_auto) {
    refuse(fmt::format("-icount has no shift; {}", needed));
  }
  if (!options.icount->sleep) {
    refuse(fmt::format("-icount lacks sleep=off: idle time would pass at the host's pace; {}", needed));
  }
  if (*options.icount->sleep) {
    refuse(fmt::format("-icount sleep=on: idle time would pass at the host's pace; {}", needed));
  }
  if (options.icount->align) {
    refuse("-icount align=on: ties virtual time to the host's, which a simulator is to drive; leave it out");
  }
  if (!options.rtc || !options.rtc->clock) {
    refuse(fmt::format("-rtc clock=vm is missing: the real-time clock would read the host's time; {}", needed));
  }
  if (*options.rtc->clock != "vm") {
    refuse(
        fmt::format("-rtc clock={}: the real-time clock would read the host's time; {}", *options.rtc->clock, needed));
  }
}

clock::ClockKind rtc_clock(const std::string& name) {
  return name == "vm"   ? clock::ClockKind::virtual_time
         : name == "rt" ? clock::ClockKind::realtime
                        : clock::ClockKind::host;
}

std::int64_t wall_ns(const clock::Clocks::HostSources& host) { return host.wall->now().since_epoch.count(); }

// What a local clock shows now, as if it were UTC.
std::int64_t local_wall_ns(const clock::Clocks::HostSources& host) {
  constexpr std::int64_t second = 1'000'000'000;
  const std::int64_t now = wall_ns(host);
  const std::time_t seconds = now / second;
  std::tm local{};
  ::localtime_r(&seconds, &local);
  return static_cast<std::int64_t>(::timegm(&local)) * second + now % second;
}

// Nanoseconds of a date as if it were UTC. timegm makes another date of one that does not exist.
std::int64_t existing_ns(const std::string& text, const std::tm& date) {
  constexpr std::int64_t second = 1'000'000'000;
  constexpr std::time_t last = std::numeric_limits<std::int64_t>::max() / second;
  const auto fields = [](const std::tm& of) {
    return std::tuple(of.tm_year, of.tm_mon, of.tm_mday, of.tm_hour, of.tm_min, of.tm_sec);
  };
  std::tm made = date;
  const std::time_t seconds = ::timegm(&made);
  if (fields(made) != fields(date)) {
    refuse(fmt::format("-rtc base={}: there is no such date", text));
  }
  if (seconds < 0 || seconds > last) {
    refuse(fmt::format(
        "-rtc base={}: the clock chip counts ns from 1970 on; give a date from 1970-01-01 to 2262-04-11T23:47:16",
        text));
  }
  return static_cast<std::int64_t>(seconds) * second;
}

// "2026-11-24" or "2026-11-24T08:15:00", as QEMU reads it.
std::int64_t date_ns(const std::string& text) {
  std::tm date{};
  for (const char* format : {"%Y-%m-%dT%H:%M:%S", "%Y-%m-%d"}) {
    date = {};
    const char* end = ::strptime(text.c_str(), format, &date);
    if (end != nullptr && *end == '\0') {
      return existing_ns(text, date);
    }
  }
  refuse(fmt::format("-rtc base={}: it is utc, localtime, or a date such as 2026-11-24T08:15:00", text));
}

// What the clock that the chip reads tells at this moment.
std::int64_t rtc_clock_ns(clock::ClockKind clock, const clock::Clocks::HostSources& host) {
  switch (clock) {
    case clock::ClockKind::host: return wall_ns(host);
    case clock::ClockKind::realtime: return host.monotonic->now().since_boot.count();
    default: return 0;
  }
}

std::int64_t rtc_start_ns(const std::string& base, const clock::Clocks::HostSources& host) {
  return base == "utc" ? wall_ns(host) : base == "localtime" ? local_wall_ns(host) : date_ns(base);
}

machine::boot::Image loader_image(const LoaderOption& loader) {
  if (!loader.data) {
    auto bytes = machine::boot::read_bytes(loader.file);
    if (loader.is_raw || !machine::boot::is_elf(*bytes)) {
      if (!loader.address) {
        refuse(fmt::format("-device loader,file={}: addr= is needed for a file that is no ELF", loader.file));
      }
      return machine::boot::raw_image(loader.file, std::move(bytes), *loader.address);
    }
    return machine::boot::read_elf(loader.file, std::move(bytes));
  }
  auto bytes = std::make_shared<std::vector<std::byte>>();
  for (std::uint64_t i = 0; i < loader.data_size; ++i) {
    bytes->push_back(static_cast<std::byte>(*loader.data >> (8 * i)));
  }
  return machine::boot::raw_image(fmt::format("-device loader,addr={:#x}", *loader.address), std::move(bytes),
                                  *loader.address);
}

std::shared_ptr<const machine::boot::BootPlan> make_plan(const Options& options) {
  machine::boot::BootFiles files{.append = options.append, .rng_seed = options.seed};
  const auto read_if_named = [](const std::string& path) {
    return path.empty() ? std::nullopt : std::optional(machine::boot::read_named(path));
  };
  if (options.bios == "default") {
    files.firmware = machine::boot::read_named(machine::boot::find_default_firmware());
  } else if (options.bios != "none") {
    files.firmware = read_if_named(options.bios);
  }
  files.kernel = read_if_named(options.kernel);
  files.initrd = read_if_named(options.initrd);
  std::ranges::transform(options.loaders, std::back_inserter(files.more), loader_image);
  return machine::boot::plan_boot(files, options.memory_size, options.harts);
}

std::unique_ptr<device::virtio::BlockBackend> open_disk(const DriveOption& drive) {
  using Mode = device::virtio::FileDisk::Mode;
  const Mode mode = drive.is_read_only ? Mode::read_only : drive.is_snapshot ? Mode::overlay : Mode::write_through;
  return std::make_unique<device::virtio::FileDisk>(drive.path, mode);
}

}  // namespace

Ruling judge(const Options& options) {
  Ruling ruling;
  if (options.link) {
    judge_link(options);
  }
  if (const auto& icount = options.icount) {
    ruling.shift = icount->shift.value_or(ruling.shift);
    ruling.is_shift_adapted = icount->is_auto;
    ruling.does_sleep = icount->sleep.value_or(true);
    ruling.is_aligned = icount->align;
  }
  if (options.link && ruling.is_shift_adapted) {
    ruling.notes.emplace_back(
        "-icount auto follows the host's speed, so two runs will differ; a number such as -icount 3,sleep=off gives "
        "equal runs");
  }
  return ruling;
}

machine::Config make_config(const Options& options, const Ruling& ruling, const clock::Clocks::HostSources& host) {
  machine::Config config;
  const RtcOption rtc = options.rtc.value_or(RtcOption{});
  config.boot = make_plan(options);
  if (options.link) {
    config.external_lines = options.link->lines;
    config.dma = options.link->dma;
    for (const WindowOption& window : options.link->windows) {
      config.external_windows.push_back({.name = window.name, .range = {.begin = window.base, .size = window.size}});
    }
  }
  config.shift = ruling.shift;
  config.rtc_clock = rtc_clock(rtc.clock.value_or("host"));
  config.rtc_offset_ns =
      static_cast<std::uint64_t>(rtc_start_ns(rtc.base, host) - rtc_clock_ns(config.rtc_clock, host));
  config.does_reboot = options.does_reboot;
  config.has_console = options.serials.size() > 1;
  std::ranges::transform(options.disks, std::back_inserter(config.disks), open_disk);
  config.networks = options.networks;
  config.host = host;
  return config;
}

}  // namespace fermata::machine_program
