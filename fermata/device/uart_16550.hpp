// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>

#include "fermata/bus/registers.hpp"
#include "fermata/clock/timer.hpp"
#include "fermata/device/serial_port.hpp"
#include "fermata/device/uart/receiver.hpp"
#include "fermata/time/frequency.hpp"

namespace fermata::device {

/// UART of the type 16550A (National Semiconductor PC16550D data sheet): eight registers of one byte, FIFOs of 16,
/// trigger levels, character timeout, loopback, break. Reset values are those of QEMU's model.
///
/// Wider accesses than a byte act on the one register at their offset and are guest errors. By default a byte that the
/// guest writes has left at once, as in QEMU; rate limited, it takes as long as divisor and frame say. Input is taken
/// whenever there is room for it, so nothing that comes from `receive` overruns.
class Uart16550 final : public bus::Device, public bus::Window, public SerialInput {
 public:
  static constexpr std::uint64_t window_size = 8;

  struct Config {
    std::string name = "uart";
    time::Frequency clock{3'686'400};  ///< 16 times the rate of a divisor of 1
    bool is_rate_limited = false;
  };

  /// Needs `ports.timers` and `ports.irq`. `backend` outlives the device; without one, what is sent is lost.
  Uart16550(Config config, const bus::Ports& ports, SerialBackend* backend = nullptr);

  [[nodiscard]] std::size_t free_space() const override;
  [[nodiscard]] std::size_t receive(std::span<const std::byte> bytes) override;
  /// The far end sends a break: a zero character marked as such. False if there is no room.
  [[nodiscard]] bool receive_break();

  [[nodiscard]] std::string_view name() const override { return config_.name; }
  void reset() override;
  void save(state::Writer& writer) const override;
  void load(state::Reader& reader) override;

  [[nodiscard]] std::uint64_t read(bus::Address offset, unsigned size) override;
  void write(bus::Address offset, unsigned size, std::uint64_t value) override;
  [[nodiscard]] bus::AccessRules rules() const override { return {.min_size = 1, .max_size = 4}; }

  [[nodiscard]] static std::string describe_registers();

 private:
  static constexpr std::uint32_t reset_divisor = 12;
  static const bus::Register<Uart16550> table[8];

  [[nodiscard]] time::Instant now() const { return ports_.timers->clock().now(); }
  [[nodiscard]] time::Duration characters(std::uint64_t count) const;
  [[nodiscard]] bool has_fifos() const { return (fifo_control_ & uart::fcr_enable) != 0; }
  [[nodiscard]] bool is_looped() const { return (modem_control_ & uart::mcr_loop) != 0; }
  [[nodiscard]] std::uint32_t interrupt_id() const;
  void update_irq() { ports_.irq->set(interrupt_id() != uart::iir_none); }

  // receiver
  void take_character(std::uint8_t byte, std::uint32_t flags);
  void arm_timeout();
  void timeout_expired();
  void clear_receiver();
  void tell_room();

  // transmitter
  void transmit(std::uint8_t byte);
  void send_next();
  void character_left();
  void deliver(std::uint8_t byte);
  void clear_transmitter();
  void set_divisor(std::uint32_t divisor);
  void end_burst_with_character();

  std::uint64_t read_data(unsigned index);
  void data_written(unsigned index, std::uint64_t value);
  std::uint64_t read_interrupt_enable(unsigned index);
  void interrupt_enable_written(unsigned index, std::uint64_t value);
  std::uint64_t read_interrupt_id(unsigned index);
  void fifo_control_written(unsigned index, std::uint64_t value);
  void line_control_written(unsigned index, std::uint64_t value);
  void modem_control_written(unsigned index, std::uint64_t value);
  std::uint64_t read_line_status(unsigned index);
  std::uint64_t read_modem_status(unsigned index);

  Config config_;
  bus::Ports ports_;
  SerialBackend* backend_;
  bus::Registers<Uart16550> registers_;
  clock::Timer timeout_timer_;
  clock::Timer transmit_timer_;  // armed only if rate limited

  std::uint32_t interrupt_enable_ = 0;
  std::uint32_t fifo_control_ = 0;
  std::uint32_t line_control_ = 0;
  std::uint32_t modem_control_ = 0;
  std::uint32_t line_status_ = 0;  // the transmitter's part
  std::uint32_t modem_status_ = 0;
  std::uint32_t scratch_ = 0;
  std::uint32_t divisor_ = reset_divisor;
  bool is_timeout_pending_ = false;
  bool is_transmit_pending_ = false;
  bool wants_room_ = false;  // the far end has bytes left from its last `receive`

  uart::Receiver receiver_;
  uart::ByteFifo to_send_;  // these only if rate limited
  bool is_shifting_ = false;
  std::uint8_t shifting_ = 0;
  time::Instant burst_start_;
  std::uint64_t burst_characters_ = 0;  // from the burst's start to the end of the one being shifted
};

}  // namespace fermata::device
