// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <numeric>
#include <span>
#include <string_view>
#include <vector>

#include "fermata/bus/device.hpp"
#include "fermata/bus/registers.hpp"
#include "fermata/bus/window.hpp"
#include "fermata/clock/timer.hpp"

namespace fermata::examples {

/// An engine that copies memory: the device of docs/writing-a-device.md for dma. START 0x00 takes the address of a
/// descriptor; 5 us and 8 ns for each 8 bytes later the copy is made, the result stands in the descriptor
/// (1 done, 2 not memory), DONE 0x04 is 1 and there is an interrupt, until 1 is written to it. SUM 0x08 is the sum of
/// the bytes as they stand where the last copy went. One copy at a time.
class Copier final : public bus::Device, public bus::Window {
 public:
  static constexpr std::uint64_t window_size = 0x1000;
  static constexpr std::uint32_t most_bytes = 1 << 20;
  /// As it stands in the guest's memory.
  struct Descriptor {
    std::uint64_t from = 0;
    std::uint64_t to = 0;
    std::uint32_t length = 0;  ///< bytes, 1 to most_bytes
    std::uint32_t result = 0;
  };

  /// Needs all ports.
  explicit Copier(const bus::Ports& ports) : ports_(ports) { reset(); }

  [[nodiscard]] std::uint64_t read(bus::Address offset, unsigned size) override {
    return registers_.read(offset, size);
  }
  void write(bus::Address offset, unsigned size, std::uint64_t value) override {
    registers_.write(offset, size, value);
  }
  [[nodiscard]] bus::AccessRules rules() const override { return {.min_size = 4, .max_size = 4}; }

  [[nodiscard]] std::string_view name() const override { return "copier"; }
  void reset() override {
    timer_.cancel();
    registers_.reset();
    job_ = {};
    update_irq();
  }
  void save(state::Writer& writer) const override {
    writer.u32(start_);
    writer.u32(done_);
    writer.bytes(std::as_bytes(std::span(&job_, 1)));
    timer_.save(writer);
  }
  void load(state::Reader& reader) override {
    start_ = reader.u32();
    done_ = reader.u32();
    const auto bytes = reader.bytes();
    std::memcpy(&job_, bytes.data(), std::min(bytes.size(), sizeof job_));
    timer_.load(reader);
    update_irq();
  }

 private:
  static const bus::Register<Copier> table[3];

  void start(unsigned /*index*/, std::uint64_t value) {
    job_ = {};
    if (!ports_.dma->read(value, std::as_writable_bytes(std::span(&job_, 1)))) {
      ports_.errors->guest_error(name(), "there is no memory where its descriptor should be");
      return;
    }
    job_.length = std::clamp<std::uint32_t>(job_.length, 1, most_bytes);
    timer_.arm(timer_.list().clock().now() + time::Duration::nanoseconds(5000 + (job_.length + 7) / 8 * 8));
  }
  void copy() {
    std::vector<std::byte> bytes(job_.length);
    const bool is_done = ports_.dma->read(job_.from, bytes) && ports_.dma->write(job_.to, bytes);
    const std::uint32_t result = is_done ? 1 : 2;
    static_cast<void>(ports_.dma->write(start_ + offsetof(Descriptor, result), std::as_bytes(std::span(&result, 1))));
    done_ = 1;
    update_irq();
  }
  std::uint64_t sum(unsigned /*index*/) {
    std::vector<std::byte> bytes(job_.length);
    if (!ports_.dma->read(job_.to, bytes)) {
      return 0;
    }
    return std::accumulate(bytes.begin(), bytes.end(), std::uint32_t{0}, [](std::uint32_t sum, std::byte byte) {
      return sum + std::to_integer<std::uint32_t>(byte);
    });
  }
  void acknowledge(unsigned /*index*/, std::uint64_t /*value*/) { update_irq(); }
  void update_irq() { ports_.irq->set(done_ != 0); }

  bus::Ports ports_;
  bus::Registers<Copier> registers_{*this, table, ports_.errors};
  clock::Timer timer_{*ports_.timers, [this] { copy(); }};
  std::uint32_t start_ = 0;
  std::uint32_t done_ = 0;
  Descriptor job_;
};

inline constinit const bus::Register<Copier> Copier::table[3] = {
    {.info = {.name = "START", .offset = 0x00}, .field = &Copier::start_, .on_write = &Copier::start},
    {.info = {.name = "DONE", .offset = 0x04, .access = bus::RegisterAccess::write_one_to_clear},
     .field = &Copier::done_,
     .writable = 1,
     .on_write = &Copier::acknowledge},
    {.info = {.name = "SUM", .offset = 0x08, .access = bus::RegisterAccess::read_only}, .on_read = &Copier::sum},
};

}  // namespace fermata::examples
