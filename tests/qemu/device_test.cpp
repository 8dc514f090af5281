// SPDX-License-Identifier: MIT
//
// One device in three hosts: the tick timer on the embedded machine's board, inside stock QEMU, and in the simulator's
// process. The guest is one program, and it sees the same.
#include <gmock/gmock.h>

#include "fermata/base/error.hpp"
#include "fermata/device/tick_timer.hpp"
#include "fermata/machine/boot/boot_plan.hpp"
#include "fermata/machine/boot/image.hpp"
#include "fermata/machine/in_process_guest.hpp"
#include "fermata/sim/device_host/device_host.hpp"
#include "tests/qemu/support/linked_qemu.hpp"

namespace fermata::qemu_test {
namespace {

using time::Duration;
using time::Instant;

constexpr Instant last_instant = Instant::at(20_ms);  // the guest is done after 13 ms

class Device : public QemuTest {};
INSTANTIATE_TEST_SUITE_P(Qemu, Device, every_version(), version_name);

Outputs on_the_board() {
  machine::Config config;
  config.boot =
      machine::boot::plan_boot({.kernel = machine::boot::read_named(guest_path("riscv64", "tick"))}, 2 << 20, 1);
  machine::InProcessGuest machine(std::move(config), {}, machine::Protocol::link);
  sim::LinkGuest guest = sim::LinkGuest::attach(machine.connect(), {});
  Outputs outputs;
  guest.serial("serial0").on_output([&outputs](Instant at, std::string_view text) {
    outputs.emplace_back(at.since_origin().ns(), std::string(text));
  });
  guest.run_until(last_instant, limit);
  return outputs;
}

Outputs inside(const Qemu& qemu, Duration quantum) {
  LinkedQemu guest(qemu, {.guest = "tick", .channels = {"device=tick_timer@0x10200000:12"}});
  for (Instant at; at < last_instant && guest->run_until(at + quantum, limit).reason == wire::StopReason::horizon;) {
    at += quantum;
  }
  return guest.take_outputs();
}

Outputs across_the_link(const Qemu& qemu, Duration latency) {
  LinkedQemu guest(qemu, {.guest = "tick",
                          .channels = {"window=tick@0x10200000+0x1000", "line=tick_irq:12"},
                          .link = {.reactive = {"tick"}}});
  sim::DeviceHost host(*guest.operator->());
  device::TickTimer timer({}, host.ports("tick", "tick_irq"));
  host.connect("tick", timer, {.latency = latency, .reaction = 1_us});
  host.run_until(last_instant, limit);
  return guest.take_outputs();
}

TEST_P(Device, InsideStockQemuIsWhatItIsOnTheBoard) {
  const Outputs board = on_the_board();
  ASSERT_GT(board.size(), 500U);
  for (const Duration quantum : {20_ms, 1_ms, 37_us}) {
    EXPECT_EQ(inside(qemu(), quantum), board) << quantum.ns();
  }
}

TEST_P(Device, InTheSimulatorIsWhatItIsOnTheBoard) { EXPECT_EQ(across_the_link(qemu(), 0_ns), on_the_board()); }

TEST_P(Device, InTheSimulatorEachReadTakesTheDeclaredTime) {
  const Outputs outputs = across_the_link(qemu(), 100_ns);
  EXPECT_EQ(across_the_link(qemu(), 100_ns), outputs);
  const Outputs board = on_the_board();
  ASSERT_GT(outputs.size(), 500U);
  EXPECT_EQ(outputs[0].first, board[0].first + 100) << "it has read CONTROL";
  EXPECT_THAT(text_of(outputs), ::testing::StartsWith("control=5\nrunning=2\nonce=100"));
}

TEST_P(Device, ThatIsNotThereIsNamed) {
  const TempFolder folder;
  const host::UniqueFd messages = create_file(folder.path("messages"));
  auto arguments = qemu().command_line("riscv64", "tick");
  arguments.insert(arguments.begin(), {built_program("fermata-qemu"), "--add-missing"});
  const host::Command command{.arguments = std::move(arguments), .standard_error = messages.get()};
  for (const char* device :
       {"device=no_such@0x10200000", "device=/bin/true@0x10200000", "device=tick_timer@0:12/fast"}) {
    EXPECT_THROW(static_cast<void>(sim::LinkGuest::launch(command, {.channels = {device}})), base::Error) << device;
  }
  const std::string told = read_file(folder.path("messages"));
  EXPECT_THAT(told, ::testing::HasSubstr("devices/no_such.so"));
  EXPECT_THAT(told, ::testing::HasSubstr("device=/bin/true"));
  EXPECT_THAT(told, ::testing::HasSubstr("\"fast\" is no frequency in Hz"));
}

}  // namespace
}  // namespace fermata::qemu_test
