// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "fermata/bus/address_space.hpp"
#include "fermata/bus/memory_dma.hpp"
#include "fermata/clock/timer_list_group.hpp"
#include "fermata/device/aclint.hpp"
#include "fermata/device/goldfish_rtc.hpp"
#include "fermata/device/plic.hpp"
#include "fermata/device/test_finisher.hpp"
#include "fermata/device/tick_timer.hpp"
#include "fermata/device/uart_16550.hpp"
#include "fermata/device/virtio/block.hpp"
#include "fermata/device/virtio/console.hpp"
#include "fermata/device/virtio/mmio_transport.hpp"
#include "fermata/machine/config.hpp"
#include "fermata/machine/ethernet_end.hpp"
#include "fermata/machine/external_window.hpp"
#include "fermata/machine/guest_log.hpp"
#include "fermata/machine/serial_end.hpp"

namespace fermata::machine {

/// The interrupt lines that lead into one hart.
struct HartLines {
  bus::IrqLine machine_software;
  bus::IrqLine machine_timer;
  bus::IrqLine machine_external;
  bus::IrqLine supervisor_external;
};

/// Memory and devices of a machine, at their places (board_map) and wired up to the harts' lines; everything but the
/// harts and the time. One thread.
class Board {
 public:
  /// `config` gives up its disks. `timers` and `log` outlive it. `finish` is called when the guest ends or resets the
  /// machine, from within its write.
  Board(Config& config, clock::TimerListGroup& timers, GuestLog& log, device::TestFinisher::Handler finish);
  Board(const Board&) = delete;
  Board& operator=(const Board&) = delete;

  [[nodiscard]] bus::AddressSpace& memory() { return memory_; }
  [[nodiscard]] bus::Ram& ram() { return ram_; }
  [[nodiscard]] HartLines& hart_lines(unsigned hart) { return *hart_lines_[hart]; }
  [[nodiscard]] device::Aclint& aclint() { return *aclint_; }
  [[nodiscard]] SerialEnd& serial(unsigned index) { return *serial_ends_[index]; }
  [[nodiscard]] unsigned serial_count() const { return static_cast<unsigned>(serial_ends_.size()); }
  [[nodiscard]] EthernetEnd& ethernet(unsigned index) { return *ethernet_ends_[index]; }
  [[nodiscard]] bus::IrqLine& external_line(unsigned index) { return *external_lines_[index].line; }
  [[nodiscard]] unsigned external_line_source(unsigned index) const { return external_lines_[index].source; }
  [[nodiscard]] unsigned external_line_count() const { return static_cast<unsigned>(external_lines_.size()); }
  [[nodiscard]] ExternalWindow& external_window(unsigned index) { return *external_windows_[index]; }
  [[nodiscard]] unsigned external_window_count() const { return static_cast<unsigned>(external_windows_.size()); }
  [[nodiscard]] const std::vector<std::string>& dma_names() const { return dma_names_; }
  [[nodiscard]] unsigned ethernet_count() const { return static_cast<unsigned>(ethernet_ends_.size()); }

  /// Devices as built; memory stays.
  void reset();
  void save(state::Writer& writer) const;
  void load(state::Reader& reader);

 private:
  void make_external_lines(const std::vector<unsigned>& sources);
  void make_own_devices(const Config& config, clock::TimerList& virtual_timers);
  [[nodiscard]] bool is_source_taken(unsigned source) const;
  void make_external_windows(const Config& config);
  void take_dma_names(const Config& config);
  [[nodiscard]] bool is_name_taken(const std::string& name) const;
  void make_interrupt_controllers(clock::TimerList& virtual_timers);
  void make_devices(Config& config, clock::TimerListGroup& timers, device::TestFinisher::Handler finish);
  void make_networks(const Config& config, clock::TimerList& virtual_timers);
  void make_virtio(Config& config, clock::TimerList& virtual_timers);
  void map_all();
  [[nodiscard]] bus::Ports ports(clock::TimerList& timers, unsigned source);
  [[nodiscard]] std::vector<bus::Device*> devices() const;

  bus::AddressSpace memory_;
  bus::Ram rom_;
  bus::Ram ram_;
  bus::MemoryDma dma_;
  GuestLog& log_;
  std::vector<std::unique_ptr<HartLines>> hart_lines_;
  std::array<bus::IrqLine, 13> source_lines_;  // by PLIC source; 0 is none
  std::vector<std::unique_ptr<SerialEnd>> serial_ends_;
  std::vector<std::unique_ptr<EthernetEnd>> ethernet_ends_;
  struct ExternalLine {
    unsigned source;
    std::unique_ptr<bus::IrqLine> line;
  };
  std::vector<ExternalLine> external_lines_;
  std::vector<std::unique_ptr<ExternalWindow>> external_windows_;
  std::vector<std::string> dma_names_;
  struct Own {
    bus::Address base;
    unsigned source;
    std::unique_ptr<bus::IrqLine> line;
    std::unique_ptr<bus::Model> model;
  };
  std::vector<Own> own_devices_;
  std::vector<std::unique_ptr<device::virtio::BlockBackend>> disks_;

  std::unique_ptr<device::Aclint> aclint_;
  std::unique_ptr<device::Plic> plic_;
  std::unique_ptr<device::TestFinisher> finisher_;
  std::unique_ptr<device::GoldfishRtc> rtc_;
  std::unique_ptr<device::Uart16550> uart_;
  std::unique_ptr<device::TickTimer> tick_timer_;
  std::vector<std::unique_ptr<device::virtio::Model>> models_;
  std::vector<std::unique_ptr<device::virtio::MmioTransport>> virtio_;
};

}  // namespace fermata::machine
