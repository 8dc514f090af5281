// SPDX-License-Identifier: MIT
#include "tests/machine/link/linked_guest.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace fermata::machine_test {
namespace {

constexpr std::uint64_t parameters_at = 0x8010'0000;

std::vector<std::string> items_of(const LinkedOptions& options) {
  std::vector<std::string> items;
  std::string lines;
  for (const unsigned source : options.lines) {
    lines += (lines.empty() ? "lines=" : ":") + std::to_string(source);
  }
  std::string windows;
  for (const auto& window : options.windows) {
    windows += fmt::format("{}{}@{:#x}+{}", windows.empty() ? "windows=" : ":", window.name, window.range.begin,
                           window.range.size);
  }
  std::string dma;
  for (const std::string& name : options.dma) {
    dma += (dma.empty() ? "dma=" : ":") + name;
  }
  for (const std::string& item : {lines, windows, dma}) {
    if (!item.empty()) {
      items.push_back(item);
    }
  }
  return items;
}

sim::LinkGuest launch(Kind kind, const LinkedOptions& options) {
  sim::LinkOptions link = options.link;
  link.transport = kind == Kind::program_over_memory ? sim::Transport::shared_memory : sim::Transport::unix_socket;
  const auto items = items_of(options);
  link.channels.insert(link.channels.end(), items.begin(), items.end());
  return sim::LinkGuest::launch(program_of(options), link);
}

}  // namespace

host::Command program_of(const LinkedOptions& options) {
  std::vector<std::string> arguments{built_program("fermata-machine"),
                                     "-bios",
                                     "none",
                                     "-nodefaults",
                                     "-m",
                                     "2",
                                     "-kernel",
                                     guest_path("riscv64", options.guest),
                                     "-smp",
                                     std::to_string(options.harts),
                                     "-rtc",
                                     "clock=vm",
                                     "-icount",
                                     "shift=3,sleep=off"};
  for (unsigned i = 0; i < options.networks; ++i) {
    arguments.insert(arguments.end(), {"-device", "virtio-net-device"});
  }
  for (std::size_t i = 0; i < options.parameters.size(); ++i) {
    arguments.insert(arguments.end(), {"-device", fmt::format("loader,addr={:#x},data={:#x},data-len=8",
                                                              parameters_at + 8 * i, options.parameters[i])});
  }
  return {.arguments = std::move(arguments)};
}

machine::Config config_of(const LinkedOptions& options) {
  machine::Config config;
  machine::boot::BootFiles files{.kernel = machine::boot::read_named(guest_path("riscv64", options.guest))};
  if (!options.parameters.empty()) {
    const auto bytes = std::as_bytes(std::span(options.parameters));
    files.more.push_back(machine::boot::raw_image(
        "parameters", std::make_shared<std::vector<std::byte>>(bytes.begin(), bytes.end()), parameters_at));
  }
  config.boot = machine::boot::plan_boot(files, 2 << 20, options.harts);
  for (unsigned i = 0; i < options.networks; ++i) {
    config.networks.push_back(device::MacAddress::default_of(i));
  }
  config.external_lines = options.lines;
  config.external_windows = options.windows;
  config.dma = options.dma;
  return config;
}

std::string joined(const Outputs& outputs) {
  std::string text;
  for (const auto& [at, piece] : outputs) {
    text += piece;
  }
  return text;
}

LinkedGuest::LinkedGuest(Kind kind, const LinkedOptions& options)
    : in_process_(kind == Kind::in_process
                      ? std::make_unique<machine::InProcessGuest>(config_of(options), guest::Follower::Options{},
                                                                  machine::Protocol::link)
                      : nullptr),
      guest_(in_process_ != nullptr ? sim::LinkGuest::attach(in_process_->connect(), options.link)
                                    : launch(kind, options)) {}

void LinkedGuest::run_in_quanta(time::Instant end, time::Duration quantum) {
  while (guest_.now() < end) {
    guest_.run_until(std::min(end, guest_.now() + quantum), limit);
  }
}

void LinkedGuest::collect(Outputs& outputs) {
  guest_.serial("serial0").on_output([&outputs](time::Instant at, std::string_view text) {
    outputs.emplace_back(at.since_origin().ns(), std::string(text));
  });
}

}  // namespace fermata::machine_test
