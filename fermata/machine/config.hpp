// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "fermata/bus/device_module.hpp"
#include "fermata/clock/clocks.hpp"
#include "fermata/device/mac_address.hpp"
#include "fermata/device/tick_timer.hpp"
#include "fermata/device/virtio/block_backend.hpp"
#include "fermata/machine/boot/boot_plan.hpp"
#include "fermata/machine/external_window.hpp"
#include "fermata/riscv/types.hpp"
#include "fermata/trace/sink.hpp"

namespace fermata::machine {

/// A device model of one's own on the board.
struct OwnDevice {
  bus::Address base = 0;  ///< of its window, where the board has nothing
  unsigned source = 0;    ///< PLIC source of its irq line, 13 to 95 and nobody else's; 0: nobody listens
  std::function<std::unique_ptr<bus::Model>(const bus::Ports& ports)> make;  ///< not null, nor is what it gives
};

/// What a machine is built from. A value, but for the disks, which are the machine's own.
struct Config {
  std::shared_ptr<const boot::BootPlan> boot;  ///< not null; says also how much RAM and how many harts there are
  unsigned shift = 3;                          ///< one instruction is 2^shift ns, 0 to 10

  /// Which clock the real-time clock chip reads [-rtc], and the ns since 1970 at that clock's origin. On the virtual
  /// clock a run depends on nothing else; on another the guest sees the host's time.
  clock::ClockKind rtc_clock = clock::ClockKind::virtual_time;
  std::uint64_t rtc_offset_ns = 0;

  /// PLIC sources whose level is set from outside the machine, 13 to 95: see Machine::set_external_line.
  std::vector<unsigned> external_lines{};
  /// Windows whose devices are outside the machine: see ExternalWindow. Each has a name of its own, 1 to 64 letters,
  /// digits, `-`, `_` or `.`, and begins at a multiple of 8 where the board has nothing; up to 64.
  std::vector<ExternalWindow::Config> external_windows{};

  /// Names under which whoever runs the machine over a link reads and writes its memory: a dma channel each, up to 8.
  /// Names are as those of windows.
  std::vector<std::string> dma{};

  /// Reset, saved and loaded with the machine, in this order.
  std::vector<OwnDevice> devices{};

  bool does_reboot = true;  ///< false: a reset ends the machine [-no-reboot]
  device::TickTimer::Config tick_timer{};
  bool has_console = false;                                            ///< a virtio console as second serial line
  std::vector<std::unique_ptr<device::virtio::BlockBackend>> disks{};  ///< one virtio block device each
  std::vector<device::MacAddress> networks{};                          ///< one virtio network device each

  trace::Sink* trace = nullptr;                  ///< the guest trace; outlives the machine
  riscv::HartObserver* hart_observer = nullptr;  ///< outlives the machine
  clock::Clocks::HostSources host{};             ///< of the clocks that follow the host
};

}  // namespace fermata::machine
