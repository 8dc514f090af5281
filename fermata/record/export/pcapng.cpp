// SPDX-License-Identifier: MIT
// Blocks and options as in the IETF's draft-ietf-opsawg-pcapng: section header, interface description, enhanced packet.
#include "fermata/record/export/pcapng.hpp"

#include <cstring>
#include <span>
#include <utility>

namespace fermata::record {
namespace {

constexpr std::uint32_t section_header_block = 0x0a0d'0d0a;
constexpr std::uint32_t interface_block = 1;
constexpr std::uint32_t packet_block = 6;
constexpr std::uint32_t byte_order_magic = 0x1a2b'3c4d;
constexpr std::uint16_t linktype_ethernet = 1;
constexpr std::uint16_t option_end = 0;
constexpr std::uint16_t option_if_name = 2;
constexpr std::uint16_t option_if_tsresol = 9;
constexpr std::uint16_t option_epb_flags = 2;
constexpr std::uint32_t inbound = 1;
constexpr std::uint32_t outbound = 2;

// A block, padded to 32 bits wherever that is asked for, its length in front and behind.
class Block {
 public:
  explicit Block(std::uint32_t type) {
    put(type);
    put(std::uint32_t{0});
  }
  template <typename Number>
  Block& put(Number number) {
    return put_padded(std::as_bytes(std::span(&number, 1)), 1);
  }
  Block& put_padded(std::span<const std::byte> bytes, std::size_t unit = 4) {
    bytes_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    bytes_.append((unit - bytes.size() % unit) % unit, '\0');
    return *this;
  }
  Block& option(std::uint16_t code, std::span<const std::byte> value) {
    put(code);
    put(static_cast<std::uint16_t>(value.size()));
    return put_padded(value);
  }
  [[nodiscard]] std::string_view finish() {
    const auto length = static_cast<std::uint32_t>(bytes_.size() + sizeof(std::uint32_t));
    put(length);
    std::memcpy(&bytes_[sizeof(std::uint32_t)], &length, sizeof length);
    return bytes_;
  }

 private:
  std::string bytes_;
};

}  // namespace

PcapngExport::PcapngExport(Put put) : put_(std::move(put)) {
  put_(Block(section_header_block)
           .put(byte_order_magic)
           .put(std::uint16_t{1})  // version 1.0
           .put(std::uint16_t{0})
           .put(std::int64_t{-1})  // the section's length is not told
           .finish());
}

void PcapngExport::take(const GuestEvent& event, const std::vector<wire::link::Channel>& channels) {
  if (event.kind == GuestEvent::Kind::channel) {
    const wire::link::Channel& channel = channels.at(event.channel - 1U);
    if (channel.kind == wire::link::ChannelKind::ethernet) {
      interfaces_.emplace(event.channel, static_cast<std::uint32_t>(interfaces_.size()));
      const std::byte nanoseconds{9};
      put_(Block(interface_block)
               .put(linktype_ethernet)
               .put(std::uint16_t{0})
               .put(std::uint32_t{0})  // frames are captured whole
               .option(option_if_name, std::as_bytes(std::span(channel.name)))
               .option(option_if_tsresol, std::span(&nanoseconds, 1))
               .option(option_end, {})
               .finish());
    }
    return;
  }
  const bool is_input = event.kind == GuestEvent::Kind::input;
  if ((!is_input && event.kind != GuestEvent::Kind::output) || !interfaces_.contains(event.channel)) {
    return;
  }
  const auto ns = static_cast<std::uint64_t>(event.at.since_origin().ns());
  const auto length = static_cast<std::uint32_t>(event.payload.size());
  const std::uint32_t flags = is_input ? inbound : outbound;
  put_(Block(packet_block)
           .put(interfaces_.at(event.channel))
           .put(static_cast<std::uint32_t>(ns >> 32U))
           .put(static_cast<std::uint32_t>(ns))
           .put(length)
           .put(length)
           .put_padded(event.payload)
           .option(option_epb_flags, std::as_bytes(std::span(&flags, 1)))
           .option(option_end, {})
           .finish());
}

}  // namespace fermata::record
