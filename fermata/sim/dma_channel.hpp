// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>

#include "fermata/host/clock.hpp"
#include "fermata/sim/channels.hpp"
#include "fermata/time/instant.hpp"
#include "fermata/wire/link/dma.hpp"

namespace fermata::sim {

/// How a guest's memory has answered.
struct DmaResult {
  wire::link::DmaStatus status = wire::link::DmaStatus::done;
  std::span<const std::byte> bytes{};  ///< of a read that was done; good during the call

  /// False if not all of it is memory; nothing was moved then.
  [[nodiscard]] bool is_done() const { return status == wire::link::DmaStatus::done; }
};

/// The guest's memory, by guest-physical addresses: of a QEMU's RAM and ROM, past any I/O MMU.
///
/// What is asked for an instant happens there after the devices' timers and before the guest executes anything, in the
/// order in which it was asked and, among other inputs, by channel. The guest notices nothing but its memory.
class DmaChannel : public LinkChannel {
 public:
  using Done = std::function<void(time::Instant at, const DmaResult& result)>;
  /// Bytes that can be moved for an instant that is to come, in one request.
  static constexpr std::size_t most = wire::link::max_dma;

  /// `done` is called, from within the guest's `wait` and `run_until`, with what was there and the instant at which the
  /// guest was: that asked for, or less than an instruction later. On a reactive channel the guest stands at it. Throws
  /// base::BadArgument: no bytes or more than `most`, an instant that has passed (LinkGuest::earliest_input), too much
  /// on its way.
  void read(time::Instant at, std::uint64_t address, std::size_t size, Done done);
  void write(time::Instant at, std::uint64_t address, std::span<const std::byte> bytes, Done done = {});

  /// The same while the guest stands, for that very instant and of any size: returns when it has been done. False if
  /// not all of it is memory; nothing was moved then. Handlers of other outputs at that instant may be called within.
  /// The channel is reactive; callable between runs, and in handlers of reactive channels and of reads. Throws
  /// base::BadArgument if the guest runs or the channel is not reactive, base::Error as LinkGuest::wait does.
  [[nodiscard]] bool read_now(std::uint64_t address, std::span<std::byte> into, host::HostDuration limit);
  [[nodiscard]] bool write_now(std::uint64_t address, std::span<const std::byte> bytes, host::HostDuration limit);

  /// Whether the guest stands at each reply (LinkOptions::reactive).
  [[nodiscard]] bool is_reactive() const;

 private:
  friend class LinkGuest;
  using LinkChannel::LinkChannel;
  [[nodiscard]] bool ask_now(const wire::link::DmaRequest& request, std::span<std::byte> into,
                             host::HostDuration limit);
  [[nodiscard]] bool is_memory(wire::link::DmaKind kind, std::uint64_t address, std::uint64_t size,
                               host::HostDuration limit);
};

}  // namespace fermata::sim
