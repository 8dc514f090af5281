// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fermata/host/child_process.hpp"
#include "fermata/host/clock.hpp"
#include "fermata/sim/channels.hpp"
#include "fermata/sim/connection.hpp"
#include "fermata/sim/dma_channel.hpp"
#include "fermata/time/instant.hpp"
#include "fermata/trace/sink.hpp"
#include "fermata/transport/shared_clocks.hpp"
#include "fermata/transport/stream.hpp"
#include "fermata/wire/link/channel.hpp"
#include "fermata/wire/link/layout.hpp"
#include "fermata/wire/stop.hpp"

namespace fermata::sim {

/// How a link is opened.
struct LinkOptions {
  std::string name = "guest";  ///< what messages call it
  std::uint32_t needs = 0;     ///< a set of wire::link::Ability: a guest that lacks one is refused
  /// What the guest's program is to make channels of, as its `-link` takes them: {"serial=console", "ethernet=net0"} of
  /// a QEMU, {"lines=20"} of a fermata-machine.
  std::vector<std::string> channels{};
  Transport transport = Transport::unix_socket;  ///< between this process and a program that is launched
  std::vector<std::string> reactive{};           ///< channels whose outputs stop the guest at their very instants
  host::HostDuration handshake_limit = std::chrono::seconds(30);
  trace::Sink* trace = nullptr;  ///< takes inputs and outputs, grants and reports; outlives the guest
  /// Of guests that keep to each other's clocks, sim::share_clocks; null for one that goes by grants alone. Who is
  /// launched is given the next; of who is attached `clock` is the number that its program was told.
  std::shared_ptr<transport::SharedClocks> clocks{};
  std::optional<std::size_t> clock{};
  std::string record{};  ///< a file that takes a recording of the link: docs/trace-format.md; none if empty
};

/// How a guest is kept running: LinkGuest::run_ahead.
struct Ahead {
  time::Duration quantum;   ///< of the simulator: it is called for each
  time::Duration distance;  ///< from a quantum's end to the guest's horizon, and so from what the guest does to what
                            ///< answers it: at least a quantum. The guest is heard of twice in it, or each millisecond
};

/// The simulator's handle on one guest over link v1 (docs/protocol.md): grants virtual time, carries I/O across at
/// exact instants.
///
///   sim::LinkGuest guest = sim::LinkGuest::launch(command, {.reactive = {"ethernet0"}});
///   guest.serial("serial0").on_output([](time::Instant at, std::string_view text) { ... });
///   guest.serial("serial0").send(at, "reboot\n");
///   const wire::Stop stop = guest.run_until(at, 5s);
///
/// The guest's program ends with the handle. One that has ended, lies or hangs shows as base::Error from the call that
/// finds it; the handle stays good for `close` and destruction only. Calls are for one thread at a time.
class LinkGuest {
 public:
  /// Starts a program that speaks link v1 (sim::machine_command, sim::qemu_command): `-link fd=N` is appended. Throws
  /// base::Error: not_found, host_failure, unsupported (the guest refuses, or lacks what is needed), timed_out,
  /// peer_gone; base::BadArgument for a reactive channel that is not there.
  [[nodiscard]] static LinkGuest launch(const host::Command& command, const LinkOptions& options);
  /// A guest at the other end of `stream`, whose life is not this handle's business.
  [[nodiscard]] static LinkGuest attach(std::unique_ptr<transport::Stream> stream, const LinkOptions& options);

  LinkGuest(LinkGuest&&) noexcept;
  LinkGuest& operator=(LinkGuest&&) noexcept;
  ~LinkGuest();

  [[nodiscard]] const std::vector<wire::link::Channel>& channels() const;
  /// The set of wire::link::Ability that the guest has.
  [[nodiscard]] std::uint32_t abilities() const;
  /// By name, as declared. Throws base::BadArgument that names those that there are.
  [[nodiscard]] SerialChannel serial(std::string_view name);
  [[nodiscard]] EthernetChannel ethernet(std::string_view name);
  [[nodiscard]] LineChannel line(std::string_view name);
  [[nodiscard]] MmioChannel mmio(std::string_view name);
  [[nodiscard]] MessageChannel message(std::string_view name);
  [[nodiscard]] DmaChannel dma(std::string_view name);

  /// Lets the guest run until `horizon` and returns at once; again with a later one raises it. The present instant is
  /// legal: what is due at it happens. Throws base::BadArgument for an earlier one than before.
  void grant(time::Instant horizon);
  /// Calls the handlers of outputs as they come - those of reactive channels and of reads when the guest stands there
  /// -, until the guest stands; says why. A read is answered, and the grant renewed, within: it is no reason to return.
  /// Needs a grant. Throws base::Error: timed_out (waiting again is fine), peer_gone, protocol_violation, unsupported
  /// (a read that nobody answers); and what handlers throw.
  wire::Stop wait(host::HostDuration limit);
  /// What has come so far: calls handlers as `wait` does, and says why the guest stands if it does.
  std::optional<wire::Stop> poll();
  /// Grants and waits until the guest has reached `horizon` or ended, going on after reactive outputs and full
  /// channels; `limit` is for each time that it runs.
  wire::Stop run_until(time::Instant horizon, host::HostDuration limit);
  /// The same, but comes back at the first output of a reactive channel (reason output).
  wire::Stop run_until_output(time::Instant horizon, host::HostDuration limit);

  /// Lets the guest run until `end` without having it stand each quantum: while it runs it tells now and then how far
  /// it has come; `on_quantum` is called for now + quantum, now + 2 * quantum, ... up to `end`, for each once the guest
  /// has come there, several in a row where the distance is four quanta or more, in order, after the handlers of
  /// outputs before it and before those of others, and the horizon is then raised to `distance` beyond. What
  /// `on_quantum` and handlers send is for `earliest_input()` or later: what is called with which instants does not
  /// depend on whether the guest has had to stand, nor on whether it can tell its progress (one that cannot stands
  /// there). Goes on after reactive outputs, which are answered at their instants, and full channels, and returns when
  /// the guest stands at `end`, or has ended. The guest stands when it is called. `limit` is for each time that nothing
  /// is heard of the guest. Throws as `wait` does; base::BadArgument for an `ahead` that is none, or an `end` earlier
  /// than the last horizon.
  wire::Stop run_ahead(time::Instant end, const Ahead& ahead,
                       const std::function<void(time::Instant reached)>& on_quantum, host::HostDuration limit);

  /// From now on this guest never comes further than `distance` beyond where `other` has come to, and finds that out
  /// from the other's program, without the simulator: granted a far horizon, both run together (run_together). In
  /// answer to what `other` did at t, while that stands there, this one can be sent inputs for t + distance or later.
  /// Zero: it follows it no more. A guest tells its clock where it stands: have both follow each other, or one runs
  /// after the other. Both were launched with the same clocks, and this one stands.
  /// Throws base::Error (unsupported) for a guest that cannot: one of several vCPUs, or whose time is the host's;
  /// base::BadArgument for a guest without those clocks, itself, or a distance below zero.
  void follow(const LinkGuest& other, time::Duration distance);

  /// True from a grant until the stop was taken after which the guest stands.
  [[nodiscard]] bool is_running() const;
  /// Where the guest stood at its last report.
  [[nodiscard]] time::Instant now() const;
  /// The earliest instant that an input may have.
  [[nodiscard]] time::Instant earliest_input() const;
  /// The earliest instant at which the guest may do anything, while it stands: now if it is busy; else that of its next
  /// timer, or of an input that it may not have taken; nothing if it waits for an input.
  [[nodiscard]] std::optional<time::Instant> next_activity() const;

  /// Puts into the trace what the guest did wrong with a device that is outside it.
  void record_guest_error(time::Instant at, std::string_view device, const std::string& what);

  /// Saves the guest under a name, or takes it and the time back to that; while it stands. Throws base::Error:
  /// unsupported (it cannot, or failed; says why), peer_gone, timed_out (the same call again waits on; until then
  /// nothing can be granted).
  void checkpoint(std::string_view name, host::HostDuration limit);
  void restore(std::string_view name, host::HostDuration limit);

  /// Ends the guest in order, as sim::Guest::close does.
  std::optional<host::ExitStatus> close(host::HostDuration grace = std::chrono::seconds(5));
  /// Its program, for signals and /proc; nothing for an attached guest.
  [[nodiscard]] std::optional<pid_t> pid() const;

 private:
  LinkGuest(std::unique_ptr<LinkState> link, const LinkOptions& options);
  [[nodiscard]] std::uint16_t find(std::string_view name, std::string_view kind) const;
  void finish_named(wire::link::MessageType type, std::string_view name, host::HostDuration limit);

  friend std::vector<wire::Stop> run_together(std::span<LinkGuest* const> guests, time::Instant horizon,
                                              host::HostDuration limit);

  std::unique_ptr<LinkState> link_;
};

}  // namespace fermata::sim
