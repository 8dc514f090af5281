// SPDX-License-Identifier: MIT
//
// What the tests of recordings share.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "fermata/sim/link_guest.hpp"
#include "fermata/time/duration.hpp"
#include "fermata/time/instant.hpp"
#include "tests/support/files.hpp"
#include "tests/support/programs.hpp"

namespace fermata::recording_test {

using namespace std::chrono_literals;
using namespace time::literals;
using namespace test_support;
using time::Duration;
using time::Instant;

/// fermata-machine and the options of a guest, without -link.
[[nodiscard]] std::vector<std::string> machine_with(const std::string& guest, unsigned networks = 0);

/// What a simulator does before a guest runs.
using Prepare = std::function<void(sim::LinkGuest&)>;

/// Records a machine in this process, from its simulator's end.
void record_in_process(const std::string& path, const std::string& guest, Instant end, Duration quantum,
                       const Prepare& prepare = {}, unsigned networks = 0);
/// Records fermata-machine, from both ends.
void record_program(const std::string& simulators, const std::string& guests, const std::string& guest, Instant end,
                    Duration quantum, const Prepare& prepare = {});
void run_in_quanta(sim::LinkGuest& guest, Instant end, Duration quantum);

/// The program fermata.
[[nodiscard]] Outcome fermata(std::vector<std::string> arguments);
/// Sends single letters, "a" at 1 ms, "b" at 2 ms and so on.
[[nodiscard]] Prepare letters(const std::string& text);

/// A frame for the guest netecho, which sends it back.
[[nodiscard]] std::vector<std::byte> echo_frame(std::size_t size);

}  // namespace fermata::recording_test
