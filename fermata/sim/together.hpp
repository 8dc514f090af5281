// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "fermata/host/clock.hpp"
#include "fermata/sim/link_guest.hpp"
#include "fermata/time/instant.hpp"
#include "fermata/transport/shared_clocks.hpp"
#include "fermata/wire/stop.hpp"

namespace fermata::sim {

/// Clocks for so many guests, 1 to 1024: for LinkOptions::clocks of each. Throws base::BadArgument.
[[nodiscard]] std::shared_ptr<transport::SharedClocks> share_clocks(std::size_t guests);

/// Lets guests that share clocks run until `horizon`, all at once. Where they follow each other (LinkGuest::follow)
/// they keep together by themselves, and this thread sleeps until one of them stands: at an output of a reactive
/// channel, say, which its handler may answer with an input to any guest that follows this one.
///
///   auto clocks = sim::share_clocks(2);
///   sim::LinkGuest a = sim::LinkGuest::launch(command_a, {.reactive = {"ethernet0"}, .clocks = clocks});
///   sim::LinkGuest b = sim::LinkGuest::launch(command_b, {.reactive = {"ethernet0"}, .clocks = clocks});
///   a.follow(b, delay);  // what b sends at t comes to a at t + delay
///   b.follow(a, delay);
///   a.ethernet("ethernet0").on_output([&](time::Instant at, std::span<const std::byte> frame) {
///     b.ethernet("ethernet0").send(at + delay, frame);
///   });
///   ...
///   sim::run_together(std::array{&a, &b}, end, limit);
///
/// Handlers are called stop by stop, in the order of the stops' instants, at one instant in that of `guests`, whatever
/// the host does: a stop is dealt with once no guest can stop earlier any more. So those of outputs that do not stop a
/// guest are called when it next stops. Goes on after reactive outputs and full channels; returns when each guest
/// stands at `horizon` or has ended, now or in an earlier call, and says how. A QEMU's poweroff is told at the horizon,
/// whenever it was.
///
/// `limit` is for each time that nothing is heard of any of them and none of their clocks moves. Throws as
/// LinkGuest::wait does; after that, or what a handler throws, the same call again waits on. Throws base::BadArgument
/// for guests that do not share clocks, one that follows a guest which is not among them, or a horizon earlier than
/// before; and from `send` in a handler for an input to a guest that does not follow the one whose stop is dealt with,
/// for an instant before its horizon.
std::vector<wire::Stop> run_together(std::span<LinkGuest* const> guests, time::Instant horizon,
                                     host::HostDuration limit);

}  // namespace fermata::sim
