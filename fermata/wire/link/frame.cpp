// SPDX-License-Identifier: MIT
#include "fermata/wire/link/frame.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "fermata/base/error.hpp"

namespace fermata::wire::link {

void breach(const std::string& what) {
  throw base::Error(base::ErrorCode::protocol_violation,
                    "the peer broke the link protocol: " + what + "; see docs/protocol.md, and look for a fault in it");
}

std::string names_of(std::uint32_t abilities) {
  std::string names;
  const auto add = [&](Ability ability, std::string_view name) {
    if ((abilities & ability) != 0) {
      names += names.empty() ? "" : ", ";
      names += name;
      abilities &= ~static_cast<std::uint32_t>(ability);
    }
  };
  add(ability_exact, "exact");
  add(ability_reactive, "reactive");
  add(ability_present, "present");
  add(ability_checkpoints, "checkpoints");
  add(ability_raise, "raise");
  add(ability_progress, "progress");
  add(ability_dma, "dma");
  add(ability_clocks, "clocks");
  return abilities == 0 ? names : fmt::format("{}{}bits {:#x}", names, names.empty() ? "" : ", ", abilities);
}

bool is_checkpoint_name(std::string_view name) {
  const auto is_allowed = [](unsigned char c) { return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.'; };
  return !name.empty() && name.size() <= max_checkpoint_name && name.front() != '.' &&
         std::all_of(name.begin(), name.end(), is_allowed);
}

time::Instant instant(std::int64_t ns) {
  if (ns < 0) {
    breach(fmt::format("an instant of {} ns", ns));
  }
  return time::Instant::at(time::Duration::nanoseconds(ns));
}

void wrong_size(const Header& header) {
  breach(fmt::format("a message of type {} with {} bytes", static_cast<unsigned>(header.type), header.size));
}

void check_channel(const Header& header) {
  const bool is_about_channel = header.type == MessageType::channel || header.type == MessageType::select ||
                                header.type == MessageType::input || header.type == MessageType::output ||
                                header.type == MessageType::dropped;
  if (!is_about_channel && header.channel != 0) {
    breach(fmt::format("a message of type {} with channel {}", static_cast<unsigned>(header.type), header.channel));
  }
}

std::size_t FrameReader::size_of(std::span<const std::byte> bytes) {
  if (bytes.size() < sizeof(Header)) {
    return 0;
  }
  Header header;
  std::memcpy(&header, bytes.data(), sizeof header);
  if (header.size < sizeof(Header) || header.size > max_message || header.size % 8 != 0) {
    wrong_size(header);
  }
  return header.size;
}

}  // namespace fermata::wire::link
