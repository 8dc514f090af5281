// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "fermata/clock/speed_factor.hpp"
#include "fermata/time/duration.hpp"
#include "fermata/transport/endpoint.hpp"
#include "fermata/wire/qqq_guest_session.hpp"
#include "guests/qemu/agent/link/options.hpp"

namespace fermata::qemu {

/// What `-plugin fermata-qemu-agent.so,…` was told. Descriptors are inherited ones.
struct AgentOptions {
  enum class Protocol : std::uint8_t { qqq, link };

  Protocol protocol = Protocol::qqq;                   ///< sock=N says qqq; fd=N, or memory=M and life=L, link v1,
                                                       ///< with which clocks=C,clock=I are shared clocks
  transport::Endpoint endpoint{};                      ///< the link to the simulator
  link::ChannelOptions channels{};                     ///< of link v1
  std::string record{};                                ///< file that takes a recording of the link; none if empty
  wire::ZeroRequest zero = wire::ZeroRequest::answer;  ///< zero=answer|exit
  bool time_from_instructions = false;                 ///< time=host|instructions, on multi-threaded TCG
  clock::SpeedFactor dilation =
      clock::SpeedFactor::nominal();  ///< dilation=N[/D]: virtual time in a span of the host's
  /// slice=SPAN, from 1us to 1s: with time from instructions, the longest slice
  time::Duration slice = time::Duration::microseconds(200);
  /// instruction=SPAN[/SPAN...], each from 1ns to 1ms: with time from instructions, what one takes, by vCPU; the last
  /// is that of all further ones
  std::vector<time::Duration> instruction{time::Duration::nanoseconds(8)};
  std::optional<int> stats{};   ///< memory that takes a guest::Statistics
  std::optional<int> doctor{};  ///< takes the JSON report on this QEMU's abilities
  friend bool operator==(const AgentOptions&, const AgentOptions&) = default;
};

/// Reads `name=value` arguments. Throws base::BadArgument naming what is wrong: an unknown name, no number where one is
/// needed, no link and no doctor, channels of qqq.
[[nodiscard]] AgentOptions parse_agent_options(std::span<const char* const> arguments);

}  // namespace fermata::qemu
