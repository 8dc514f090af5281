// SPDX-License-Identifier: MIT
//
// A machine that has one of everything, and what somebody could do to its snapshots who knows their checksum.
#pragma once

#include <algorithm>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "fermata/base/error.hpp"
#include "fermata/device/virtio/ram_disk.hpp"
#include "fermata/machine/machine.hpp"
#include "fermata/machine/snapshot.hpp"
#include "fermata/machine/testing/programs.hpp"
#include "fermata/state/reader.hpp"

namespace fermata::machine::testing {

/// Two harts, a disk, a console and a network, in the middle of a run, with input that waits.
inline std::unique_ptr<Machine> make_furnished() {
  Config config;
  config.boot = plan_of(compare_harts(time::Duration::microseconds(10)), 2, 64 * 1024);
  config.disks.push_back(std::make_unique<device::virtio::RamDisk>(8 * 1024));
  config.has_console = true;
  config.networks.push_back(device::MacAddress::default_of(0));
  auto machine = std::make_unique<Machine>(std::move(config));
  machine->run_until(time::Instant::at(time::Duration::nanoseconds(54'321)));
  machine->serial(0).send("more than the sixteen characters of a FIFO");
  machine->serial(1).send("nobody listens");
  static_cast<void>(machine->ethernet(0).send(std::vector<std::byte>(60)));
  return machine;
}

/// The kind of machine that a snapshot names.
inline std::string kind_of(std::span<const std::byte> snapshot) {
  state::Reader reader(snapshot);
  reader.section("fermata machine snapshot 1");
  return reader.text();
}

/// What its envelope holds.
inline std::vector<std::byte> state_of(std::span<const std::byte> snapshot) {
  const auto state = open_snapshot(kind_of(snapshot), snapshot);
  return {state.begin(), state.end()};
}

/// Loads a state that is sealed as if it was a machine's own, and if it is taken runs a little, with input, and saves.
/// False if it was refused.
inline bool load_and_run(Machine& machine, const std::string& kind, std::span<const std::byte> state) {
  try {
    machine.load(seal_snapshot(kind, state));
  } catch (const base::Error&) {
    return false;
  }
  constexpr auto span = time::Duration::microseconds(10);
  const time::Instant now = machine.now();
  machine.run_until(now > time::Instant::max() - span ? time::Instant::max() : now + span, {.work = 1'000});
  machine.serial(0).send("a");
  machine.serial(1).send("b");
  static_cast<void>(machine.ethernet(0).send(std::vector<std::byte>(14)));
  machine.run_until(machine.now(), {.work = 100});
  static_cast<void>(machine.save());
  return true;
}

}  // namespace fermata::machine::testing
