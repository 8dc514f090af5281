// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <span>

#include "fermata/wire/qqq_guest_session.hpp"

namespace fermata::qemu {

/// What `-plugin fermata-qemu-agent.so,…` was told. Descriptors are inherited ones.
struct AgentOptions {
  int sock = -1;                                       ///< the link to the simulator
  wire::ZeroRequest zero = wire::ZeroRequest::answer;  ///< zero=answer|exit
  std::optional<int> stats{};                          ///< memory that takes a guest::Statistics
  std::optional<int> doctor{};                         ///< takes the JSON report on this QEMU's abilities
  friend bool operator==(const AgentOptions&, const AgentOptions&) = default;
};

/// Reads `name=value` arguments. Throws base::BadArgument naming what is wrong: an unknown name, no number where one is
/// needed, neither sock nor doctor.
[[nodiscard]] AgentOptions parse_agent_options(std::span<const char* const> arguments);

}  // namespace fermata::qemu
