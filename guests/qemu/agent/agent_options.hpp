// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <span>

#include "fermata/wire/qqq_guest_session.hpp"
#include "guests/qemu/agent/link/options.hpp"

namespace fermata::qemu {

/// What `-plugin fermata-qemu-agent.so,…` was told. Descriptors are inherited ones.
struct AgentOptions {
  enum class Protocol : std::uint8_t { qqq, link };

  Protocol protocol = Protocol::qqq;                   ///< sock=N says qqq, link=N says link v1
  int sock = -1;                                       ///< the socket to the simulator
  link::ChannelOptions channels{};                     ///< of link v1
  wire::ZeroRequest zero = wire::ZeroRequest::answer;  ///< zero=answer|exit
  std::optional<int> stats{};                          ///< memory that takes a guest::Statistics
  std::optional<int> doctor{};                         ///< takes the JSON report on this QEMU's abilities
  friend bool operator==(const AgentOptions&, const AgentOptions&) = default;
};

/// Reads `name=value` arguments. Throws base::BadArgument naming what is wrong: an unknown name, no number where one is
/// needed, neither sock nor link nor doctor, channels without link.
[[nodiscard]] AgentOptions parse_agent_options(std::span<const char* const> arguments);

}  // namespace fermata::qemu
