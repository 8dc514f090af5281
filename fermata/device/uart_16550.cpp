// SPDX-License-Identifier: MIT
#include "fermata/device/uart_16550.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "fermata/device/uart/frame.hpp"
#include "fermata/device/uart/interrupt_id.hpp"
#include "fermata/device/uart/modem_status.hpp"
#include "fermata/time/saturating.hpp"

namespace fermata::device {
namespace {

using namespace uart;

constexpr unsigned timeout_characters = 4;
constexpr std::array<std::size_t, 4> trigger_levels = {1, 4, 8, 14};

}  // namespace

constinit const bus::Register<Uart16550> Uart16550::table[8] = {
    {.info = {.name = "RBR/THR/DLL", .offset = 0, .size = 1},
     .on_read = &Uart16550::read_data,
     .on_write = &Uart16550::data_written},
    {.info = {.name = "IER/DLM", .offset = 1, .size = 1},
     .on_read = &Uart16550::read_interrupt_enable,
     .on_write = &Uart16550::interrupt_enable_written},
    {.info = {.name = "IIR/FCR", .offset = 2, .size = 1, .reset = iir_none},
     .on_read = &Uart16550::read_interrupt_id,
     .on_write = &Uart16550::fifo_control_written},
    {.info = {.name = "LCR", .offset = 3, .size = 1},
     .field = &Uart16550::line_control_,
     .writable = 0,
     .on_write = &Uart16550::line_control_written},
    {.info = {.name = "MCR", .offset = 4, .size = 1, .reset = mcr_out2},
     .field = &Uart16550::modem_control_,
     .writable = mcr_kept,
     .on_write = &Uart16550::modem_control_written},
    {.info = {.name = "LSR",
              .offset = 5,
              .size = 1,
              .access = bus::RegisterAccess::read_only,
              .reset = lsr_holding_empty | lsr_empty},
     .field = &Uart16550::line_status_,
     .on_read = &Uart16550::read_line_status},
    {.info = {.name = "MSR",
              .offset = 6,
              .size = 1,
              .access = bus::RegisterAccess::read_only,
              .reset = msr_dcd | msr_dsr | msr_cts},
     .field = &Uart16550::modem_status_,
     .on_read = &Uart16550::read_modem_status},
    {.info = {.name = "SCR", .offset = 7, .size = 1}, .field = &Uart16550::scratch_},
};

Uart16550::Uart16550(Config config, const bus::Ports& ports, SerialBackend* backend)
    : config_(std::move(config)),
      ports_(ports),
      backend_(backend),
      registers_(*this, table, ports.errors),
      timeout_timer_(*ports.timers, [this] { timeout_expired(); }),
      transmit_timer_(*ports.timers, [this] { character_left(); }) {
  registers_.reset();
}

std::string Uart16550::describe_registers() { return bus::Registers<Uart16550>::describe(table); }

void Uart16550::reset() {
  if ((line_control_ & lcr_break) != 0 && backend_ != nullptr) {
    backend_->break_changed(now(), false);
  }
  registers_.reset();
  interrupt_enable_ = 0;
  fifo_control_ = 0;
  divisor_ = reset_divisor;
  receiver_ = {};
  clear_receiver();
  clear_transmitter();
  is_shifting_ = false;
  transmit_timer_.cancel();
  shifting_ = 0;
  burst_start_ = {};
  burst_characters_ = 0;
  is_transmit_pending_ = false;
  update_irq();
  tell_room();
}

time::Duration Uart16550::characters(std::uint64_t count) const {
  const Frame frame{.data_bits = 5 + (line_control_ & 3U),
                    .has_parity = (line_control_ & lcr_parity) != 0,
                    .has_long_stop = (line_control_ & lcr_long_stop) != 0,
                    .divisor = divisor_};
  return frame.characters(count, config_.clock);
}

std::uint32_t Uart16550::interrupt_id() const {
  const std::size_t trigger = has_fifos() ? trigger_levels[fifo_control_ >> 6] : 1;
  return uart::interrupt_id({.is_line_status = (receiver_.status() & lsr_interrupting) != 0,
                             .is_timeout = is_timeout_pending_,
                             .is_received = receiver_.size() >= trigger,
                             .is_transmit = is_transmit_pending_,
                             .is_modem_status = (modem_status_ & msr_deltas) != 0},
                            interrupt_enable_);
}

// Receiver

std::size_t Uart16550::free_space() const {
  return is_looped() ? 0 : receiver_.free_space();  // looped, its input is not connected
}

std::size_t Uart16550::receive(std::span<const std::byte> bytes) {
  const auto taken = bytes.first(std::min(bytes.size(), free_space()));
  for (const std::byte byte : taken) {
    take_character(std::to_integer<std::uint8_t>(byte), 0);
  }
  wants_room_ = taken.size() < bytes.size();
  update_irq();
  return taken.size();
}

bool Uart16550::receive_break() {
  if (free_space() == 0) {
    return false;
  }
  take_character(0, lsr_break);
  update_irq();
  return true;
}

void Uart16550::take_character(std::uint8_t byte, std::uint32_t flags) {
  receiver_.take(byte, flags);
  arm_timeout();
}

void Uart16550::arm_timeout() {
  if (has_fifos()) {
    timeout_timer_.arm(time::saturating_add(now(), characters(timeout_characters)));
  }
}

void Uart16550::timeout_expired() {
  is_timeout_pending_ = !receiver_.is_empty();
  update_irq();
}

void Uart16550::clear_receiver() {
  receiver_.clear();
  timeout_timer_.cancel();
  is_timeout_pending_ = false;
}

void Uart16550::tell_room() {
  if (wants_room_ && backend_ != nullptr && free_space() != 0) {
    wants_room_ = false;
    backend_->room_again();
  }
}

// Transmitter

void Uart16550::transmit(std::uint8_t byte) {
  is_transmit_pending_ = false;
  if (!config_.is_rate_limited) {
    deliver(byte);
    is_transmit_pending_ = true;
    return;
  }
  if (to_send_.size() == (has_fifos() ? ByteFifo::capacity : 1)) {
    if (ports_.errors != nullptr) {
      ports_.errors->guest_error(name(), "write to THR, which is full: the byte is lost");
    }
    return;
  }
  to_send_.push(byte);
  line_status_ &= ~(lsr_holding_empty | lsr_empty);
  if (!is_shifting_) {
    burst_start_ = now();
    burst_characters_ = 0;
    send_next();
  }
}

void Uart16550::send_next() {
  is_shifting_ = true;
  shifting_ = to_send_.pop();
  ++burst_characters_;
  transmit_timer_.arm(time::saturating_add(burst_start_, characters(burst_characters_)));
  if (to_send_.is_empty()) {
    line_status_ |= lsr_holding_empty;
    is_transmit_pending_ = true;
  }
}

void Uart16550::character_left() {
  is_shifting_ = false;
  deliver(shifting_);
  if (!to_send_.is_empty()) {
    send_next();
  } else {
    line_status_ |= lsr_empty;
  }
  update_irq();
}

void Uart16550::deliver(std::uint8_t byte) {
  if (is_looped()) {
    take_character(byte, 0);
  } else if (backend_ != nullptr) {
    const std::byte sent{byte};
    backend_->transmitted(now(), {&sent, 1});
  }
}

void Uart16550::clear_transmitter() {
  to_send_.clear();
  line_status_ |= lsr_holding_empty;
  if (!is_shifting_) {
    line_status_ |= lsr_empty;
  }
  is_transmit_pending_ = true;
}

void Uart16550::set_divisor(std::uint32_t divisor) {
  divisor_ = divisor;
  end_burst_with_character();
}

void Uart16550::end_burst_with_character() {
  if (const auto end = transmit_timer_.expiry()) {
    burst_start_ = *end;
    burst_characters_ = 0;
  }
}

// Registers

std::uint64_t Uart16550::read(bus::Address offset, unsigned size) {
  if (size != 1 && ports_.errors != nullptr) {
    ports_.errors->guest_error(name(), bus::describe_misuse("read", offset, size, "taken as one of 1 byte"));
  }
  return registers_.read(offset, 1);
}

void Uart16550::write(bus::Address offset, unsigned size, std::uint64_t value) {
  if (size != 1 && ports_.errors != nullptr) {
    ports_.errors->guest_error(name(), bus::describe_misuse("write", offset, size, "taken as one of 1 byte"));
  }
  registers_.write(offset, 1, value);
  update_irq();
  tell_room();
}

std::uint64_t Uart16550::read_data(unsigned /*index*/) {
  if ((line_control_ & lcr_divisor_latch) != 0) {
    return divisor_ & 0xff;
  }
  if (receiver_.is_empty()) {
    return 0;
  }
  const std::uint8_t byte = receiver_.pop();
  is_timeout_pending_ = false;
  if (receiver_.is_empty()) {
    timeout_timer_.cancel();
  } else {
    arm_timeout();
  }
  update_irq();
  tell_room();
  return byte;
}

void Uart16550::data_written(unsigned /*index*/, std::uint64_t value) {
  if ((line_control_ & lcr_divisor_latch) != 0) {
    set_divisor((divisor_ & 0xff00U) | static_cast<std::uint32_t>(value));
  } else {
    transmit(static_cast<std::uint8_t>(value));
  }
}

std::uint64_t Uart16550::read_interrupt_enable(unsigned /*index*/) {
  return (line_control_ & lcr_divisor_latch) != 0 ? divisor_ >> 8 : interrupt_enable_;
}

void Uart16550::interrupt_enable_written(unsigned /*index*/, std::uint64_t value) {
  if ((line_control_ & lcr_divisor_latch) != 0) {
    set_divisor((divisor_ & 0xffU) | static_cast<std::uint32_t>(value) << 8);
    return;
  }
  const std::uint32_t old = interrupt_enable_;
  interrupt_enable_ = static_cast<std::uint32_t>(value & 0xf);
  if (((old ^ interrupt_enable_) & ier_transmit) != 0) {
    // Not in the data sheet, but what hardware does and drivers rely on: enabling tells of a register that is empty
    // already, although that has been told before.
    is_transmit_pending_ = (interrupt_enable_ & ier_transmit) != 0 && (line_status_ & lsr_holding_empty) != 0;
  }
}

std::uint64_t Uart16550::read_interrupt_id(unsigned /*index*/) {
  const std::uint32_t id = interrupt_id();
  if (id == iir_transmit) {
    is_transmit_pending_ = false;
    update_irq();
  }
  return id | (has_fifos() ? iir_fifos : 0U);
}

void Uart16550::fifo_control_written(unsigned /*index*/, std::uint64_t value) {
  const auto written = static_cast<std::uint32_t>(value);
  const bool is_switched = ((written ^ fifo_control_) & fcr_enable) != 0;
  if (is_switched || (written & fcr_reset_receiver) != 0) {
    clear_receiver();
  }
  if (is_switched || (written & fcr_reset_transmitter) != 0) {
    clear_transmitter();
  }
  // The other bits are programmed only together with the enabling one.
  fifo_control_ = (written & fcr_enable) != 0 ? written & fcr_kept : 0;
  if (is_switched) {
    receiver_.enable_fifo(has_fifos());
  }
}

void Uart16550::line_control_written(unsigned /*index*/, std::uint64_t value) {
  const auto written = static_cast<std::uint32_t>(value);
  const bool has_break_changed = ((line_control_ ^ written) & lcr_break) != 0;
  line_control_ = written;
  end_burst_with_character();
  if (has_break_changed && backend_ != nullptr) {
    backend_->break_changed(now(), (written & lcr_break) != 0);
  }
}

void Uart16550::modem_control_written(unsigned /*index*/, std::uint64_t /*value*/) {
  modem_status_ = modem_status(modem_control_, modem_status_);
}

std::uint64_t Uart16550::read_line_status(unsigned /*index*/) {
  const std::uint32_t value = line_status_ | receiver_.status();
  receiver_.status_was_read();
  update_irq();
  return value;
}

std::uint64_t Uart16550::read_modem_status(unsigned /*index*/) {
  const std::uint32_t value = modem_status_;
  modem_status_ &= ~msr_deltas;
  update_irq();
  return value;
}

void Uart16550::save(state::Writer& writer) const {
  writer.section("uart_16550");
  for (const std::uint32_t field : {interrupt_enable_, fifo_control_, line_control_, modem_control_, line_status_,
                                    modem_status_, scratch_, divisor_}) {
    writer.u32(field);
  }
  for (const bool flag : {is_timeout_pending_, is_transmit_pending_, wants_room_, is_shifting_}) {
    writer.flag(flag);
  }
  receiver_.save(writer);
  to_send_.save(writer);
  writer.u8(shifting_);
  writer.instant(burst_start_);
  writer.u64(burst_characters_);
  timeout_timer_.save(writer);
  transmit_timer_.save(writer);
}

void Uart16550::load(state::Reader& reader) {
  reader.section("uart_16550");
  for (std::uint32_t* const field : {&interrupt_enable_, &fifo_control_, &line_control_, &modem_control_, &line_status_,
                                     &modem_status_, &scratch_, &divisor_}) {
    *field = reader.u32();
  }
  for (bool* const flag : {&is_timeout_pending_, &is_transmit_pending_, &wants_room_, &is_shifting_}) {
    *flag = reader.flag();
  }
  receiver_.load(reader);
  to_send_.load(reader);
  shifting_ = reader.u8();
  burst_start_ = reader.instant();
  burst_characters_ = reader.u64();
  if (fifo_control_ > 0xff || divisor_ > 0xffff || line_control_ > 0xff) {
    reader.fail("a register has a value that it cannot have");
  }
  timeout_timer_.load(reader);
  transmit_timer_.load(reader);
  update_irq();
}

}  // namespace fermata::device
