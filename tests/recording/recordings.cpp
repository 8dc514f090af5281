// SPDX-License-Identifier: MIT
#include "tests/recording/recordings.hpp"

#include <algorithm>

#include "fermata/machine/boot/boot_plan.hpp"
#include "fermata/machine/in_process_guest.hpp"

namespace fermata::recording_test {

std::vector<std::string> machine_with(const std::string& guest, unsigned networks) {
  std::vector<std::string> arguments = {built_program("fermata-machine"),
                                        "-bios",
                                        "none",
                                        "-nodefaults",
                                        "-m",
                                        "2",
                                        "-kernel",
                                        guest_path("riscv64", guest),
                                        "-rtc",
                                        "clock=vm",
                                        "-icount",
                                        "shift=3,sleep=off"};
  for (unsigned i = 0; i < networks; ++i) {
    arguments.insert(arguments.end(), {"-device", "virtio-net-device"});
  }
  return arguments;
}

void run_in_quanta(sim::LinkGuest& guest, Instant end, Duration quantum) {
  while (guest.now() < end) {
    guest.run_until(std::min(end, guest.now() + quantum), limit);
  }
}

void record_in_process(const std::string& path, const std::string& guest, Instant end, Duration quantum,
                       const Prepare& prepare, unsigned networks) {
  machine::Config config;
  config.boot =
      machine::boot::plan_boot({.kernel = machine::boot::read_named(guest_path("riscv64", guest))}, 2 << 20, 1);
  for (unsigned i = 0; i < networks; ++i) {
    config.networks.push_back(device::MacAddress::default_of(i));
  }
  machine::InProcessGuest machine(std::move(config), guest::Follower::Options{}, machine::Protocol::link);
  sim::LinkGuest handle = sim::LinkGuest::attach(machine.connect(), {.record = path});
  if (prepare) {
    prepare(handle);
  }
  run_in_quanta(handle, end, quantum);
  handle.close();
}

void record_program(const std::string& simulators, const std::string& guests, const std::string& guest, Instant end,
                    Duration quantum, const Prepare& prepare) {
  sim::LinkGuest handle = sim::LinkGuest::launch({.arguments = machine_with(guest)},
                                                 {.channels = {"record=" + guests}, .record = simulators});
  if (prepare) {
    prepare(handle);
  }
  run_in_quanta(handle, end, quantum);
  handle.close(limit);
}

Outcome fermata(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), built_program("fermata"));
  return run(arguments);
}

Prepare letters(const std::string& text) {
  return [text](sim::LinkGuest& guest) {
    for (std::size_t i = 0; i < text.size(); ++i) {
      guest.serial("serial0").send(Instant::at(1_ms + static_cast<std::int64_t>(i) * 1_ms), text.substr(i, 1));
    }
  };
}

std::vector<std::byte> echo_frame(std::size_t size) {
  // From 02:00:00:00:00:01 to the guest, EtherType 0x88b5.
  std::vector<std::byte> frame(size);
  const unsigned header[] = {0x52, 0x54, 0, 0x12, 0x34, 0x56, 2, 0, 0, 0, 0, 1, 0x88, 0xb5};
  std::transform(std::begin(header), std::end(header), frame.begin(), [](unsigned byte) { return std::byte(byte); });
  return frame;
}

}  // namespace fermata::recording_test
