// SPDX-License-Identifier: MIT
#include "fermata/wire/link/channel.hpp"

#include <fmt/format.h>

#include <cstring>

#include "fermata/base/contract.hpp"
#include "fermata/wire/link/dma.hpp"
#include "fermata/wire/link/layout.hpp"

namespace fermata::wire::link {
namespace {

constexpr std::size_t min_frame = 14;
constexpr std::size_t max_frame = 9018;

std::string why_not_length(std::string_view what, std::size_t length, std::size_t min, std::size_t max) {
  return length >= min && length <= max ? ""
                                        : fmt::format("{} has {} bytes; {} to {} are allowed", what, length, min, max);
}

std::string why_not_level(std::span<const std::byte> payload) {
  const bool is_level = payload.size() == 1 && std::to_integer<unsigned>(payload[0]) <= 1;
  return is_level ? "" : "a level is one byte, 0 or 1";
}

std::string why_not_request(std::span<const std::byte> payload) {
  if (payload.size() != sizeof(MmioRequest)) {
    return fmt::format("an mmio request has 24 bytes, not {}", payload.size());
  }
  const MmioRequest request = MmioRequest::from(payload);
  const bool is_width = request.width == 1 || request.width == 2 || request.width == 4 || request.width == 8;
  return is_width && request.is_write <= 1
             ? ""
             : fmt::format("an mmio request of width {} and kind {}", request.width, request.is_write);
}

template <typename Payload>
Payload copied(std::span<const std::byte> payload) {
  base::expects(payload.size() == sizeof(Payload), "link: a payload of the right size");
  Payload copy;
  std::memcpy(&copy, payload.data(), sizeof copy);
  return copy;
}

}  // namespace

std::string_view to_string(ChannelKind kind) {
  switch (kind) {
    case ChannelKind::serial: return "serial";
    case ChannelKind::ethernet: return "ethernet";
    case ChannelKind::line: return "line";
    case ChannelKind::mmio: return "mmio";
    case ChannelKind::message: return "message";
  }
  return "unknown";
}

std::string_view kind_of(const Channel& channel) { return is_dma(channel) ? "dma" : to_string(channel.kind); }

std::string why_not_input(ChannelKind kind, std::span<const std::byte> payload) {
  switch (kind) {
    case ChannelKind::serial:
    case ChannelKind::message: return why_not_length("the payload", payload.size(), 1, max_payload);
    case ChannelKind::ethernet: return why_not_length("the frame", payload.size(), min_frame, max_frame);
    case ChannelKind::line: return why_not_level(payload);
    case ChannelKind::mmio: return why_not_length("an mmio answer", payload.size(), 16, 16);
  }
  return "a channel of unknown kind";
}

std::string why_not_output(ChannelKind kind, std::span<const std::byte> payload) {
  return kind == ChannelKind::mmio ? why_not_request(payload) : why_not_input(kind, payload);
}

std::string why_not_input(const Channel& channel, std::span<const std::byte> payload) {
  return is_dma(channel) ? why_not_dma_request(payload) : why_not_input(channel.kind, payload);
}

std::string why_not_output(const Channel& channel, std::span<const std::byte> payload) {
  return is_dma(channel) ? why_not_dma_reply(payload) : why_not_output(channel.kind, payload);
}

MmioRequest MmioRequest::from(std::span<const std::byte> payload) { return copied<MmioRequest>(payload); }
MmioAnswer MmioAnswer::from(std::span<const std::byte> payload) { return copied<MmioAnswer>(payload); }

}  // namespace fermata::wire::link
