// SPDX-License-Identifier: MIT
//
// The simulator reads and writes a stock QEMU's memory, and sees what it sees on the embedded machine; a device with
// dma in three hosts: on the embedded machine's board, inside QEMU, and in the simulator's process.
#include <gmock/gmock.h>

#include <array>
#include <cstring>
#include <limits>

#include "examples/copier/copier.hpp"
#include "fermata/base/error.hpp"
#include "fermata/machine/boot/boot_plan.hpp"
#include "fermata/machine/boot/image.hpp"
#include "fermata/machine/in_process_guest.hpp"
#include "fermata/sim/device_host/device_host.hpp"
#include "tests/qemu/support/linked_qemu.hpp"

namespace fermata::qemu_test {
namespace {

using sim::DmaResult;
using time::Duration;
using time::Instant;
using wire::StopReason;

class Dma : public QemuTest {};
INSTANTIATE_TEST_SUITE_P(Qemu, Dma, every_version(), version_name);

constexpr std::uint64_t riscv_ram = 0x8000'0000;
constexpr Instant copies_are_done = Instant::at(200_ms);

std::uint32_t first_word(std::span<const std::byte> bytes) {
  std::uint32_t word = 0;
  std::memcpy(&word, bytes.data(), std::min(bytes.size(), sizeof word));
  return word;
}

using Counts = std::vector<std::pair<std::int64_t, std::uint32_t>>;

// Asks a guest `mailbox` for its count at certain instants, and puts something into the word behind it.
void ask(sim::LinkGuest& guest, Instant begin, std::uint64_t words, Counts& counts) {
  sim::DmaChannel memory = guest.dma("memory");
  for (std::uint32_t i = 1; i <= 20; ++i) {
    const Instant at = begin + 77'777_ns * i;
    memory.read(at, words, 4, [&counts](Instant when, const DmaResult& result) {
      counts.emplace_back(when.since_origin().ns(), first_word(result.bytes));
    });
    memory.write(at + 5_us, words + 4, std::as_bytes(std::span(&i, 1)));
  }
}

struct Noted {
  Counts counts{};
  Outputs outputs{};
  friend bool operator==(const Noted&, const Noted&) = default;
};

// "words=2147488000\n", which it says at first.
std::uint64_t address_in(const Outputs& outputs) {
  return static_cast<std::uint64_t>(number_said(text_of(outputs), "words=").value());
}

Noted noted_on_qemu(const Qemu& qemu, const std::string& arch, Duration quantum, sim::Transport transport,
                    bool is_reactive) {
  LinkedOptions options{.arch = arch, .guest = "mailbox", .channels = {"dma=memory"}};
  options.link.transport = transport;
  options.link.reactive = is_reactive ? std::vector<std::string>{"memory"} : std::vector<std::string>{};
  LinkedQemu guest(qemu, options);
  Noted noted;
  noted.outputs = guest.run_until_it_says("\n", 1_ms);  // a PC's BIOS first
  const Instant begin = guest->now();
  ask(*guest.operator->(), begin, address_in(noted.outputs), noted.counts);
  guest.run_in_quanta(begin + 2_ms, quantum);
  const Outputs rest = guest.take_outputs();
  noted.outputs.insert(noted.outputs.end(), rest.begin(), rest.end());
  return noted;
}

machine::Config board_with(const std::string& guest) {
  machine::Config config;
  config.boot =
      machine::boot::plan_boot({.kernel = machine::boot::read_named(guest_path("riscv64", guest))}, 2 << 20, 1);
  config.dma = {"memory"};
  return config;
}

Noted noted_on_the_board() {
  machine::InProcessGuest machine(board_with("mailbox"), {}, machine::Protocol::link);
  sim::LinkGuest guest = sim::LinkGuest::attach(machine.connect(), {});
  Noted noted;
  guest.serial("serial0").on_output([&noted](Instant at, std::string_view text) {
    noted.outputs.emplace_back(at.since_origin().ns(), std::string(text));
  });
  guest.run_until(Instant::at(1_ms), limit);
  ask(guest, guest.now(), address_in(noted.outputs), noted.counts);
  guest.run_until(Instant::at(3_ms), limit);
  return noted;
}

TEST_P(Dma, HappensAtItsInstantAsOnTheEmbeddedMachine) {
  const Noted board = noted_on_the_board();
  ASSERT_EQ(board.counts.size(), 20U);
  for (const Duration quantum : {10_ms, 1_ms, 37_us}) {
    EXPECT_EQ(noted_on_qemu(qemu(), "riscv64", quantum, sim::Transport::unix_socket, false), board) << quantum.ns();
  }
  EXPECT_EQ(noted_on_qemu(qemu(), "riscv64", 10_us, sim::Transport::shared_memory, false), board);
  EXPECT_EQ(noted_on_qemu(qemu(), "riscv64", 100_us, sim::Transport::shared_memory, true), board);
}

TEST_P(Dma, OfAPcToo) {
  const Noted reference = noted_on_qemu(qemu(), "x86_64", 10_ms, sim::Transport::unix_socket, false);
  ASSERT_EQ(reference.counts.size(), 20U);
  EXPECT_LT(reference.counts[0].second, reference.counts[19].second);
  EXPECT_THAT(text_of(reference.outputs), ::testing::HasSubstr("mail=20\n"));
  for (const Duration quantum : {1_ms, 37_us}) {
    EXPECT_EQ(noted_on_qemu(qemu(), "x86_64", quantum, sim::Transport::shared_memory, false), reference);
  }
}

TEST_P(Dma, ReachesMemoryAndNothingElse) {
  LinkedQemu guest(
      qemu(),
      {.guest = "spin", .channels = {"dma=memory", "window=mine@0x10010000+0x1000"}, .link = {.reactive = {"memory"}}});
  guest->run_until(Instant::at(1_ms), limit);
  static_cast<void>(guest.take_outputs());
  sim::DmaChannel memory = guest->dma("memory");
  std::array<std::byte, 16> bytes{};
  const auto reads = [&](std::uint64_t address) { return memory.read_now(address, bytes, limit); };
  const auto writes = [&](std::uint64_t address) { return memory.write_now(address, bytes, limit); };
  const std::uint64_t ram_end = riscv_ram + (128 << 20);
  EXPECT_TRUE(reads(riscv_ram));
  EXPECT_TRUE(reads(ram_end - 16));
  EXPECT_TRUE(writes(ram_end - 16));
  EXPECT_TRUE(reads(0x1000)) << "there the machine's first instructions are";
  EXPECT_NE(first_word(bytes), 0U);
  EXPECT_FALSE(writes(0x1000));
  const std::vector<std::byte> rom(bytes.begin(), bytes.end());
  EXPECT_TRUE(reads(0x1000));
  EXPECT_EQ(std::vector<std::byte>(bytes.begin(), bytes.end()), rom);
  for (const std::uint64_t address :
       {std::uint64_t{0}, std::uint64_t{0x1000'0000}, std::uint64_t{0x1001'0000}, ram_end - 15, ram_end, riscv_ram - 1,
        std::numeric_limits<std::uint64_t>::max() - 14, std::numeric_limits<std::uint64_t>::max() - 15}) {
    EXPECT_FALSE(reads(address)) << address;
    EXPECT_FALSE(writes(address)) << address;
  }
  std::vector<std::byte> before(500'000);
  EXPECT_TRUE(memory.read_now(ram_end - 500'000, before, limit));
  EXPECT_FALSE(memory.write_now(ram_end - 499'999, std::vector<std::byte>(500'000, std::byte{5}), limit));
  std::vector<std::byte> after(500'000);
  EXPECT_TRUE(memory.read_now(ram_end - 500'000, after, limit));
  EXPECT_TRUE(after == before) << "nothing of it was written";
  EXPECT_EQ(guest->run_until(Instant::at(1'100_us), limit).now, Instant::at(1'100_us));
  EXPECT_TRUE(guest.take_outputs().empty()) << "nor to the UART";
}

// "4800872 early=0\n": each line with the instant of its first byte, and of its last.
std::string told(const Outputs& outputs) {
  std::string text;
  std::string line;
  std::int64_t begin = -1;
  for (const auto& [at, piece] : outputs) {
    begin = begin < 0 ? at : begin;
    line += piece;
    if (piece == "\n") {
      text += std::to_string(begin) + " to " + std::to_string(at) + " " + line;
      begin = -1;
      line.clear();
    }
  }
  return text + line;
}

Outputs copies_on_the_board() {
  machine::Config config = board_with("copier");
  config.devices.push_back({.base = 0x1030'0000, .source = 13, .make = [](const bus::Ports& ports) {
                              return std::make_unique<bus::ModelOf<examples::Copier>>(ports);
                            }});
  machine::InProcessGuest machine(std::move(config), {}, machine::Protocol::link);
  sim::LinkGuest guest = sim::LinkGuest::attach(machine.connect(), {});
  Outputs outputs;
  guest.serial("serial0").on_output([&outputs](Instant at, std::string_view text) {
    outputs.emplace_back(at.since_origin().ns(), std::string(text));
  });
  guest.run_until(copies_are_done, limit);
  return outputs;
}

Outputs copies_inside(const Qemu& qemu, Duration quantum) {
  LinkedQemu guest(qemu, {.guest = "copier", .channels = {"device=" FERMATA_TEST_COPIER "@0x10300000:13"}});
  for (Instant at; at < copies_are_done && guest->run_until(at + quantum, limit).reason == StopReason::horizon;) {
    at += quantum;
  }
  return guest.take_outputs();
}

Outputs copies_across_the_link(const Qemu& qemu, Duration latency, sim::Transport transport) {
  LinkedQemu guest(qemu, {.guest = "copier",
                          .channels = {"window=copier@0x10300000+0x1000", "line=copier_irq:13", "dma=memory"},
                          .link = {.transport = transport, .reactive = {"copier", "memory"}}});
  sim::DeviceHost host(*guest.operator->());
  examples::Copier copier(host.ports("copier", "copier_irq", "memory"));
  host.connect("copier", copier, {.latency = latency, .reaction = 1_us});
  host.run_until(copies_are_done, limit);
  return guest.take_outputs();
}

TEST_P(Dma, OfADeviceIsTheSameInThreeHosts) {
  const Outputs board = copies_on_the_board();
  ASSERT_GT(board.size(), 300U);
  EXPECT_THAT(text_of(board), ::testing::HasSubstr("large="));
  for (const Duration quantum : {100_ms, 1_ms, 37_us}) {
    EXPECT_EQ(told(copies_inside(qemu(), quantum)), told(board)) << quantum.ns();
  }
  EXPECT_EQ(told(copies_across_the_link(qemu(), 0_ns, sim::Transport::unix_socket)), told(board));
  EXPECT_EQ(told(copies_across_the_link(qemu(), 0_ns, sim::Transport::shared_memory)), told(board));
}

TEST_P(Dma, OfADeviceWhoseReadsTakeTimeIsTheSameInEachRun) {
  const Outputs outputs = copies_across_the_link(qemu(), 100_ns, sim::Transport::unix_socket);
  EXPECT_EQ(copies_across_the_link(qemu(), 100_ns, sim::Transport::shared_memory), outputs);
  EXPECT_THAT(text_of(outputs), ::testing::HasSubstr("result=1\n"));
  EXPECT_THAT(text_of(outputs), ::testing::Not(::testing::ContainsRegex("differences=[1-9]")));
}

}  // namespace
}  // namespace fermata::qemu_test
