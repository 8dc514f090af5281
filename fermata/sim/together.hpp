// SPDX-License-Identifier: MIT
#pragma once

#include <span>
#include <vector>

#include "fermata/host/clock.hpp"
#include "fermata/sim/link_guest.hpp"
#include "fermata/time/instant.hpp"
#include "fermata/wire/stop.hpp"

namespace fermata::sim {

/// Lets guests that share a ClockSet run until `horizon`, all at once. Where they follow each other (LinkGuest::follow)
/// they keep together by themselves, and this thread sleeps until one of them stands: at an output of a reactive
/// channel, say, which its handler may answer with an input to any of them.
///
///   auto clocks = std::make_shared<sim::ClockSet>(2);
///   sim::LinkGuest a = sim::LinkGuest::launch(command_a, {.reactive = {"ethernet0"}, .clocks = clocks});
///   sim::LinkGuest b = sim::LinkGuest::launch(command_b, {.reactive = {"ethernet0"}, .clocks = clocks});
///   a.follow(b, delay - instruction);  // what b sends at t comes to a at t + delay
///   b.follow(a, delay - instruction);
///   a.ethernet("ethernet0").on_output([&](time::Instant at, std::span<const std::byte> frame) {
///     b.ethernet("ethernet0").send(at + delay, frame);
///   });
///   ...
///   sim::run_together(std::array{&a, &b}, end, limit);
///
/// Handlers are called stop by stop, in the order of the stops' instants, at one instant in that of `guests`, whatever
/// the host does: a stop is dealt with once no guest can stop earlier any more. So those of outputs that do not stop a
/// guest are called when it next stops. Goes on after reactive outputs and full channels; returns when each guest
/// stands at `horizon` or has ended, and says how. The guests stand when it is called.
///
/// `limit` is for each time that nothing is heard of any of them and none of their clocks moves. Throws as
/// LinkGuest::wait does; base::BadArgument for guests without a common ClockSet, or a horizon earlier than before.
std::vector<wire::Stop> run_together(std::span<LinkGuest* const> guests, time::Instant horizon,
                                     host::HostDuration limit);

}  // namespace fermata::sim
