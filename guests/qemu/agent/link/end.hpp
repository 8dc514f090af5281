// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "fermata/base/byte_queue.hpp"
#include "fermata/guest/dma_service.hpp"
#include "fermata/guest/pending_inputs.hpp"
#include "fermata/state/reader.hpp"
#include "fermata/state/writer.hpp"
#include "fermata/wire/link/channel.hpp"
#include "guests/qemu/stock/io/ports.hpp"

namespace fermata::qemu::link {

/// A channel's end at a device of the guest's. QEMU's lock is held in all calls.
class End {
 public:
  /// A payload that the guest sends, as the protocol has it.
  using Output = std::function<void(std::span<const std::byte> payload)>;

  explicit End(wire::link::Channel declared) : declared_(std::move(declared)) {}
  virtual ~End() = default;
  End(const End&) = delete;
  End& operator=(const End&) = delete;

  [[nodiscard]] const wire::link::Channel& declared() const { return declared_; }
  /// On a machine that has no exact instants: inputs and outputs are those of its synchronisation points.
  void declare_late() { declared_.timing = wire::link::Timing::at_synchronisation; }
  virtual void set_output(Output output) = 0;
  /// Why an input that has come is a breach of the protocol; empty if it is not. In the vCPU thread, no lock.
  [[nodiscard]] virtual std::string why_not_an_input(std::span<const std::byte> /*payload*/) { return {}; }
  /// The instant of an input has come.
  virtual void deliver(const guest::PendingInputs::Input& input) = 0;
  /// How many inputs were lost, in part or whole.
  [[nodiscard]] std::uint64_t dropped() const { return dropped_; }

  /// Why the guest cannot be saved now; empty if it can.
  [[nodiscard]] virtual std::string why_not_saved() const { return {}; }
  /// What waits in front of the device.
  virtual void save(state::Writer& /*writer*/) const {}
  virtual void load(state::Reader& /*reader*/) {}
  /// A checkpoint is gone back to: what the guest waits for is not to be had any more.
  virtual void forget() {}

 protected:
  void count_dropped() { ++dropped_; }

 private:
  wire::link::Channel declared_;
  std::uint64_t dropped_ = 0;
};

/// A serial line. What the guest's device has no room for waits here.
class SerialEnd final : public End {
 public:
  static constexpr std::size_t most_waiting = 64 * 1024;

  SerialEnd(const std::string& name, SerialPort& port);
  void set_output(Output output) override;
  void deliver(const guest::PendingInputs::Input& input) override;
  void save(state::Writer& writer) const override { writer.bytes(waiting_.bytes()); }
  void load(state::Reader& reader) override;

 private:
  void offer();

  SerialPort* port_;
  base::ByteQueue waiting_;
  bool is_offering_ = false;
};

/// An Ethernet cable. `timing` is what the guest's card allows.
class EthernetEnd final : public End {
 public:
  EthernetEnd(const std::string& name, NetworkPort& port, wire::link::Timing timing);
  void set_output(Output output) override;
  void deliver(const guest::PendingInputs::Input& input) override;
  [[nodiscard]] std::string why_not_saved() const override;

 private:
  NetworkPort* port_;
};

/// An interrupt line into the guest.
class LineEnd final : public End {
 public:
  LineEnd(const std::string& name, IrqInput& input);
  void set_output(Output /*output*/) override {}
  void deliver(const guest::PendingInputs::Input& input) override { input_->set(input.payload[0] != std::byte{0}); }

 private:
  IrqInput* input_;
};

/// A window of addresses whose device model is the simulator's.
class WindowEnd final : public End {
 public:
  struct Wait {
    std::function<bool()> may_wait;  ///< a guest's instruction is under way
    /// Waits within it until the function says yes; false if it never will.
    std::function<bool(const std::function<bool()>& is_answered)> until;
  };

  WindowEnd(const std::string& name, std::uint64_t base, std::uint64_t size, RegisterWindow& window, Wait wait);
  void set_output(Output output) override;
  void deliver(const guest::PendingInputs::Input& input) override;
  [[nodiscard]] std::string why_not_an_input(std::span<const std::byte> payload) override;
  [[nodiscard]] std::string why_not_saved() const override;
  void forget() override;

 private:
  [[nodiscard]] std::uint64_t read(std::uint64_t offset, unsigned size);
  void request(const wire::link::MmioRequest& request);

  RegisterWindow* window_;
  Wait wait_;
  Output output_;
  std::uint64_t requests_ = 0;             // sequence of the last
  std::optional<std::uint64_t> reading_;   // sequence of the read that waits
  std::optional<std::uint64_t> given_up_;  // sequence of one that does not wait any more; its answer may be on its way
  bool is_answer_coming_ = false;          // one has come, and waits for its instant
  std::optional<std::uint64_t> answer_;
};

/// The guest's memory.
class DmaEnd final : public End, private guest::GuestMemory {
 public:
  DmaEnd(const std::string& name, MemoryPort& port);
  void set_output(Output output) override { output_ = std::move(output); }
  void deliver(const guest::PendingInputs::Input& input) override;

 private:
  [[nodiscard]] bool is_memory(std::uint64_t address, std::uint64_t size, Need need) override;
  void read(std::uint64_t address, std::span<std::byte> into) override { port_->copy_from(address, into); }
  void write(std::uint64_t address, std::span<const std::byte> bytes) override { port_->copy_to(address, bytes); }

  MemoryPort* port_;
  Output output_;
};

}  // namespace fermata::qemu::link
