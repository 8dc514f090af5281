// SPDX-License-Identifier: GPL-2.0-or-later
#include "guests/qemu/agent/agent_options.hpp"

#include <charconv>
#include <string>
#include <string_view>

#include "fermata/base/error.hpp"
#include "fermata/time/units.hpp"

namespace fermata::qemu {
namespace {

int parse_descriptor(std::string_view name, std::string_view value) {
  int number = -1;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (error != std::errc() || end != value.data() + value.size() || number < 0) {
    throw base::BadArgument(std::string(name) + "=" + std::string(value) + ": needs the number of an open descriptor");
  }
  return number;
}

wire::ZeroRequest parse_zero(std::string_view value) {
  if (value == "answer") {
    return wire::ZeroRequest::answer;
  }
  if (value == "exit") {
    return wire::ZeroRequest::exit;
  }
  throw base::BadArgument("zero=" + std::string(value) + ": is zero=answer or zero=exit");
}

// True for instructions.
bool parse_time(std::string_view value) {
  if (value != "host" && value != "instructions") {
    throw base::BadArgument("time=" + std::string(value) + ": is time=host or time=instructions");
  }
  return value == "instructions";
}

clock::SpeedFactor parse_dilation(std::string_view value) {
  std::uint64_t terms[2] = {0, 1};  // NOLINT(cppcoreguidelines-avoid-c-arrays)
  const std::size_t slash = value.find('/');
  const auto parse = [&value](std::string_view text, std::uint64_t& term) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), term);
    if (error != std::errc() || end != text.data() + text.size() || term == 0 || term > clock::SpeedFactor::max_term) {
      throw base::BadArgument("dilation=" + std::string(value) + ": is N or N/D, each from 1 to 10^12");
    }
  };
  parse(value.substr(0, slash), terms[0]);
  if (slash != std::string_view::npos) {
    parse(value.substr(slash + 1), terms[1]);
  }
  return clock::SpeedFactor(terms[0], terms[1]);
}

time::Duration parse_span(std::string_view name, std::string_view value, time::Duration least, time::Duration most) {
  const time::Duration span = time::parse_duration(value);
  if (span < least || span > most) {
    throw base::BadArgument(std::string(name) + "=" + std::string(value) + ": is from " + time::to_string(least) +
                            " to " + time::to_string(most));
  }
  return span;
}

std::vector<time::Duration> parse_instruction(std::string_view value) {
  std::vector<time::Duration> spans;
  for (std::size_t at = 0; at != std::string_view::npos;) {
    const std::size_t slash = value.find('/', at);
    const std::string_view one = value.substr(at, slash == std::string_view::npos ? slash : slash - at);
    spans.push_back(parse_span("instruction", one, time::Duration::nanoseconds(1), time::Duration::milliseconds(1)));
    at = slash == std::string_view::npos ? slash : slash + 1;
  }
  return spans;
}

}  // namespace

AgentOptions parse_agent_options(std::span<const char* const> arguments) {
  AgentOptions options;
  for (const std::string_view argument : arguments) {
    const std::size_t equals = argument.find('=');
    const std::string_view name = argument.substr(0, equals);
    const std::string_view value = equals == std::string_view::npos ? "" : argument.substr(equals + 1);
    if (name == "sock") {
      options.endpoint.socket = parse_descriptor(name, value);
    } else if (int* number = options.endpoint.find_number(name); number != nullptr) {
      if (name == "fd" || name == "memory" || name == "life") {
        options.protocol = AgentOptions::Protocol::link;
      }
      *number = parse_descriptor(name, value);
    } else if (name == "zero") {
      options.zero = parse_zero(value);
    } else if (name == "time") {
      options.time_from_instructions = parse_time(value);
    } else if (name == "dilation") {
      options.dilation = parse_dilation(value);
    } else if (name == "slice") {
      options.slice = parse_span(name, value, time::Duration::microseconds(1), time::Duration::milliseconds(1000));
    } else if (name == "instruction") {
      options.instruction = parse_instruction(value);
    } else if (name == "stats") {
      options.stats = parse_descriptor(name, value);
    } else if (name == "record") {
      options.record = value;
    } else if (name == "doctor") {
      options.doctor = parse_descriptor(name, value);
    } else if (!link::take_channel_option(name, value, options.channels)) {
      throw base::BadArgument("unknown option \"" + std::string(argument) +
                              "\"; there are sock, zero, time, dilation, slice, instruction, stats and doctor, and fd, "
                              "memory, life, clocks, "
                              "clock, record, serial, ethernet, late, line, window and ports");
    }
  }
  if (options.protocol == AgentOptions::Protocol::qqq &&
      (options.channels != link::ChannelOptions{} || options.endpoint.clocks >= 0)) {
    throw base::BadArgument(
        "channels (serial=, ethernet=, line=, window=, ports=) and clocks= need link v1: fd=N, not sock=N");
  }
  if (const std::string fault = options.endpoint.fault(); !fault.empty() && !options.doctor) {
    throw base::BadArgument("needs the simulator's end of a link; start QEMU by fermata-qemu, which passes it: " +
                            fault);
  }
  return options;
}

}  // namespace fermata::qemu
