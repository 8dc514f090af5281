// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "fermata/bus/device.hpp"
#include "fermata/clock/timer_list.hpp"
#include "fermata/sim/link_guest.hpp"

namespace fermata::sim {

/// Runs device models (fermata/bus) in the simulator's process, across the link: a window of the guest's is an mmio
/// channel, an irq line a line channel, its way into the guest's memory a dma channel, timers run on the guest's time.
///
///   sim::LinkGuest guest = sim::LinkGuest::launch(command, {.reactive = {"tick"}});  // windows=tick@..., lines=20
///   sim::DeviceHost host(guest);
///   device::TickTimer timer({}, host.ports("tick", "line20"));
///   host.connect("tick", timer, {.reaction = 1_us});
///   host.run_until(at, 5s);                                                  // in place of the guest's
///
/// With latency 0 the guest sees what it would see of the device on its own board, at the same instants. What differs:
/// an access that the device's rules forbid reads 0 and is a guest error, for the board cannot know of them; a reset of
/// the guest does not reset the device. Dma happens at the instant at which the device does it, as on the board; each
/// takes a message there and back. One thread, the guest's.
class DeviceHost {
 public:
  struct Timing {
    time::Duration latency{};  ///< from a read to the guest's having its value; the device is read at the former
    /// The shortest time from an access to a timer that the device arms because of it; timers for the very instant of
    /// the access are no matter. At least 1 ns. The guest is granted no more at once while it may access the device, so
    /// a longer one is faster; one that does not hold is noticed.
    time::Duration reaction;
  };

  /// `guest` outlives it, and stays where it is.
  explicit DeviceHost(LinkGuest& guest);
  ~DeviceHost();
  DeviceHost(const DeviceHost&) = delete;
  DeviceHost& operator=(const DeviceHost&) = delete;

  /// What the device behind mmio channel `window` is built from; it drives line channel `line`, and reaches the guest's
  /// memory by dma channel `dma`, "" for none: dma fails then, as a guest error. Good as long as this. Throws
  /// base::BadArgument if there are no such channels, or the dma channel is not reactive. Dma is for the device's
  /// callbacks, accesses and timers, within `run_until`; the port throws as DmaChannel::read_now does.
  [[nodiscard]] bus::Ports ports(std::string_view window, std::string_view line, std::string_view dma = "");
  /// Puts a device behind the window; it is destroyed before this. Throws base::BadArgument: no such channel, one that
  /// is not reactive, negative latency, no reaction.
  void connect(std::string_view window, bus::Device& device, bus::Window& registers, const Timing& timing);
  template <typename Model>
  void connect(std::string_view window, Model& model, const Timing& timing) {
    connect(window, model, model, timing);
  }

  /// As LinkGuest::run_until, with the devices. Throws also base::Error (unsupported) if a device's timer comes sooner
  /// after an access than its reaction says.
  wire::Stop run_until(time::Instant horizon, host::HostDuration limit);

  /// As those of LinkGuest, with the devices.
  void checkpoint(const std::string& name, host::HostDuration limit);
  void restore(const std::string& name, host::HostDuration limit);

 private:
  class GuestTime final : public clock::TimeSource {
   public:
    [[nodiscard]] time::Instant now() const override { return now_; }
    void set(time::Instant now) { now_ = now; }

   private:
    time::Instant now_;
  };
  class Errors final : public bus::GuestErrorLog {
   public:
    explicit Errors(DeviceHost& host) : host_(&host) {}
    void guest_error(std::string_view device, const std::string& what) override;

   private:
    DeviceHost* host_;
  };
  class Dma final : public bus::DmaPort {
   public:
    Dma(const DeviceHost& host, DmaChannel channel) : host_(&host), channel_(channel) {}
    [[nodiscard]] bool read(bus::Address at, std::span<std::byte> into) override;
    [[nodiscard]] bool write(bus::Address at, std::span<const std::byte> bytes) override;

   private:
    const DeviceHost* host_;
    DmaChannel channel_;
  };
  class NoDma final : public bus::DmaPort {
   public:
    NoDma(bus::GuestErrorLog& errors, std::string device) : errors_(&errors), device_(std::move(device)) {}
    [[nodiscard]] bool read(bus::Address at, std::span<std::byte> into) override;
    [[nodiscard]] bool write(bus::Address at, std::span<const std::byte> bytes) override;

   private:
    bus::GuestErrorLog* errors_;
    std::string device_;
  };
  /// What a device was given.
  struct Outlet {
    std::unique_ptr<bus::IrqLine> irq;
    std::unique_ptr<bus::DmaPort> dma;
  };
  struct Place {
    MmioChannel channel;
    bus::Device* device;
    bus::Window* registers;
    Timing timing;
  };

  [[nodiscard]] MmioValue read(const Place& place, time::Instant at, bus::Address offset, unsigned size);
  void write(const Place& place, time::Instant at, bus::Address offset, unsigned size, std::uint64_t value);
  [[nodiscard]] bool is_allowed(const Place& place, std::string_view verb, bus::Address offset, unsigned size);
  void drive(LineChannel line, bool level);
  void settle(time::Instant now);
  void after_access(const Place& place, time::Instant at);
  [[nodiscard]] time::Instant next_horizon(time::Instant horizon) const;

  LinkGuest* guest_;
  GuestTime time_;
  clock::Clock clock_{clock::ClockKind::virtual_time, time_};
  clock::TimerList timers_{clock_, [] {}};
  Errors errors_{*this};
  std::vector<Outlet> outlets_;
  std::vector<std::unique_ptr<Place>> places_;
  time::Instant granted_;
  host::HostDuration limit_ = std::chrono::seconds(30);  // on waiting for the guest's memory
  bool is_restoring_ = false;                            // lines are at the guest's end what they are made here
  std::map<std::string, std::vector<std::byte>> checkpoints_;
};

}  // namespace fermata::sim
