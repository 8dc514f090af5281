// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "fermata/guest/dma_service.hpp"
#include "fermata/guest/kept_clocks.hpp"
#include "fermata/machine/link/input_queue.hpp"
#include "fermata/machine/machine.hpp"
#include "fermata/machine/machine_executor.hpp"
#include "fermata/wire/link/guest_session.hpp"

namespace fermata::machine::link {

/// A machine's serial lines, Ethernet cables, external interrupt lines, external windows and memory as channels of a
/// link v1 session (docs/protocol.md): delivers inputs at their instants, tells outputs with theirs, keeps checkpoints
/// in memory. All is exact to the instruction.
///
/// It takes the receivers of the machine's far ends (SerialEnd, EthernetEnd, ExternalWindow) for itself. One thread,
/// the one that runs the machine.
class Channels final : public wire::link::GuestSession::Port {
 public:
  static constexpr std::uint32_t abilities = wire::link::ability_exact | wire::link::ability_reactive |
                                             wire::link::ability_present | wire::link::ability_checkpoints |
                                             wire::link::ability_raise | wire::link::ability_progress;
  /// Bytes that wait in front of a serial device which takes none; what comes beyond is dropped and counted.
  static constexpr std::size_t most_waiting = 64 * 1024;
  static constexpr std::size_t most_checkpoints = 64;

  /// Both outlive it.
  Channels(Machine& machine, MachineExecutor& executor);
  ~Channels() override;
  Channels(const Channels&) = delete;
  Channels& operator=(const Channels&) = delete;

  /// The session whose port this is, which calls the guest `name` and declares "serial0", ..., "ethernet0", ...,
  /// "line<PLIC source>", ..., the windows and then the dma channels by their names; once, before the machine runs, and
  /// to go before this does.
  /// With `clocks` it can be told to keep to others of them.
  [[nodiscard]] std::unique_ptr<wire::GuestSession> make_session(std::string name,
                                                                 const guest::KeptClocks* clocks = nullptr);

  // wire::link::GuestSession::Port
  /// Throws base::Error (protocol_violation) for an answer to no read, which the session refuses.
  void input(const wire::link::Datum& input) override;
  void checkpoint(const std::string& name) override;
  void restore(const std::string& name) override;

 private:
  [[nodiscard]] wire::link::GuestSession::Identity identity(std::string name) const;
  [[nodiscard]] std::uint16_t first_ethernet() const {
    return static_cast<std::uint16_t>(1 + machine_->serial_count());
  }
  [[nodiscard]] std::uint16_t first_line() const {
    return static_cast<std::uint16_t>(first_ethernet() + machine_->ethernet_count());
  }
  [[nodiscard]] std::uint16_t first_window() const {
    return static_cast<std::uint16_t>(first_line() + machine_->external_line_count());
  }
  [[nodiscard]] std::uint16_t first_dma() const {
    return static_cast<std::uint16_t>(first_window() + machine_->external_window_count());
  }
  void take_receivers();
  void take_window(unsigned index);
  void take_answer(const wire::link::Datum& input);
  void deliver(const guest::PendingInputs::Input& input);
  void deliver_serial(std::uint16_t channel, std::span<const std::byte> payload);
  void output(std::uint16_t channel, time::Instant at, std::span<const std::byte> payload);

  /// The machine's memory for dma channels.
  class Memory final : public guest::GuestMemory {
   public:
    explicit Memory(bus::AddressSpace& memory) : memory_(&memory) {}
    [[nodiscard]] bool is_memory(std::uint64_t address, std::uint64_t size, Need need) override;
    void read(std::uint64_t address, std::span<std::byte> into) override;
    void write(std::uint64_t address, std::span<const std::byte> bytes) override;

   private:
    bus::AddressSpace* memory_;
  };

  Machine* machine_;
  MachineExecutor* executor_;
  Memory memory_;
  wire::link::GuestSession* session_ = nullptr;
  /// The read of an external window that is not done.
  struct Read {
    std::uint16_t channel;
    std::uint64_t sequence;
    bool is_answered;  ///< the answer waits for its instant
  };

  InputQueue inputs_;
  std::optional<Read> read_;
  std::vector<std::uint64_t> requests_;  // of each window, reads and writes
  std::vector<std::uint64_t> dropped_;   // of serial lines; Ethernet ends count for themselves
  std::map<std::string, std::vector<std::byte>> checkpoints_;
};

}  // namespace fermata::machine::link
