// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "fermata/host/clock.hpp"
#include "fermata/machine/config.hpp"
#include "guests/machine/options/options.hpp"

namespace fermata::machine_program {

/// What follows from options that depend on each other.
struct Ruling {
  unsigned shift = 3;
  bool is_shift_adapted = false;  ///< -icount auto
  bool does_sleep = true;         ///< idle time passes in real time
  bool is_aligned = false;
  std::vector<std::string> notes{};  ///< for people: allowed, but worth knowing
};

/// Applies the protocol's rule to a machine with a link: its virtual time can be held only if the real-time clock reads
/// it (`-rtc clock=vm`) and idle time is skipped (`-icount N,sleep=off`). Without a link what is absent has its
/// default: -icount 3,sleep=on -rtc clock=host. Throws base::Error (unsupported) that names the options needed.
[[nodiscard]] Ruling judge(const Options& options);

/// Reads the files and makes the machine's config. Throws as boot::plan_boot, boot::read_bytes, FileDisk do.
[[nodiscard]] machine::Config make_config(const Options& options, const Ruling& ruling,
                                          const clock::Clocks::HostSources& host);

}  // namespace fermata::machine_program
