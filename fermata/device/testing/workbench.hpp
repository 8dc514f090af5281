// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "fermata/bus/memory_dma.hpp"
#include "fermata/clock/timer_list.hpp"
#include "fermata/device/ethernet_port.hpp"
#include "fermata/device/serial_port.hpp"
#include "fermata/time/saturating.hpp"

namespace fermata::device::testing {

/// An instant that the test sets.
class ManualTime final : public clock::TimeSource {
 public:
  [[nodiscard]] time::Instant now() const override { return now_; }
  void set(time::Instant now) { now_ = now; }

 private:
  time::Instant now_;
};

/// Keeps what a guest does wrong.
class Errors final : public bus::GuestErrorLog {
 public:
  void guest_error(std::string_view device, const std::string& what) override {
    lines.push_back(std::string(device) + ": " + what);
  }
  /// How many have come since the last call.
  std::size_t take() {
    const std::size_t count = lines.size() - taken_;
    taken_ = lines.size();
    return count;
  }
  std::vector<std::string> lines;

 private:
  std::size_t taken_ = 0;
};

/// The far end of a serial line: keeps what the device sent, and pushes what it has been given as there is room.
class FarEnd final : public SerialBackend {
 public:
  void transmitted(time::Instant at, std::span<const std::byte> bytes) override {
    for (const std::byte byte : bytes) {
      text.push_back(static_cast<char>(byte));
      instants.push_back(at);
    }
  }
  void room_again() override { ++rooms; }
  void break_changed(time::Instant /*at*/, bool is_on) override { breaks.push_back(is_on); }

  std::string text;
  std::vector<time::Instant> instants;
  int rooms = 0;
  std::vector<bool> breaks;
};

/// The far end of a cable: keeps the frames that the device sent.
class FarPort final : public EthernetBackend {
 public:
  void transmitted(time::Instant at, std::span<const std::byte> frame) override {
    frames.emplace_back(reinterpret_cast<const char*>(frame.data()), frame.size());
    instants.push_back(at);
    if (answer) {
      answer();
    }
  }
  void room_again() override { ++rooms; }

  std::vector<std::string> frames;
  std::vector<time::Instant> instants;
  int rooms = 0;
  std::function<void()> answer;  // called after each
};

/// All that a device needs around it: a virtual clock that the test moves, an irq line, memory at 0x1000, an error log.
struct Workbench {
  static constexpr bus::Address memory_at = 0x1000;

  ManualTime time;
  clock::Clock clock{clock::ClockKind::virtual_time, time};
  clock::TimerList timers{clock};
  bus::IrqLine irq;
  bus::Ram memory{"memory", 64 * 1024};
  bus::AddressSpace space;
  bus::MemoryDma dma{space};
  Errors errors;

  Workbench() { space.map(memory_at, memory); }

  [[nodiscard]] bus::Ports ports() { return {.timers = &timers, .irq = &irq, .dma = &dma, .errors = &errors}; }
  [[nodiscard]] std::int64_t now_ns() const { return time.now().since_origin().ns(); }

  /// Moves time on, stopping at every deadline to run what is due.
  void run_until(std::int64_t ns) {
    const time::Instant end = time::Instant::at(time::Duration::nanoseconds(ns));
    for (auto next = timers.earliest(); next && *next <= end; next = timers.earliest()) {
      time.set(std::max(*next, time.now()));
      static_cast<void>(timers.run_due());
    }
    time.set(std::max(end, time.now()));
  }
  void run_for(std::int64_t ns) { run_until(after(ns).since_origin().ns()); }
  /// Moves time on without running what is due: as within the execution of an instruction.
  void pass(std::int64_t ns) { time.set(after(ns)); }

 private:
  [[nodiscard]] time::Instant after(std::int64_t ns) const {
    return time::saturating_add(time.now(), time::Duration::nanoseconds(ns));
  }
};

/// What a component saves, as bytes.
[[nodiscard]] std::vector<std::byte> saved(const auto& component) {
  state::Writer writer;
  component.save(writer);
  return writer.take();
}

/// The same with the list of its timers before it, as a machine saves them.
[[nodiscard]] std::vector<std::byte> saved_with_timers(const Workbench& bench, const auto& device) {
  state::Writer writer;
  bench.timers.save(writer);
  device.save(writer);
  return writer.take();
}
/// Loads all of the bytes into a device on whose workbench nothing else has timers.
void load_with_timers(Workbench& bench, auto& device, const std::vector<std::byte>& bytes) {
  device.reset();
  state::Reader reader(bytes);
  bench.timers.load(reader);
  device.load(reader);
  if (!reader.is_at_end()) {
    reader.fail("something is left");
  }
}

}  // namespace fermata::device::testing
