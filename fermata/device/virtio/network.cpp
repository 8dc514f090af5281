// SPDX-License-Identifier: MIT
#include "fermata/device/virtio/network.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "fermata/base/contract.hpp"
#include "fermata/base/error.hpp"

namespace fermata::device::virtio {
namespace {

constexpr unsigned receive_queue = 0;
constexpr unsigned transmit_queue = 1;

// Feature bits (virtio 1.2, section 5.1.3).
constexpr std::uint64_t feature_mtu = std::uint64_t{1} << 3;
constexpr std::uint64_t feature_mac = std::uint64_t{1} << 5;
constexpr std::uint64_t feature_status = std::uint64_t{1} << 16;

// The header (section 5.1.6): flags, gso_type, hdr_len, gso_size, csum_start, csum_offset, num_buffers.
constexpr std::size_t flags_at = 0;
constexpr std::size_t gso_type_at = 1;
constexpr std::size_t num_buffers_at = 10;

}  // namespace

Network::Network(Config config, const bus::Ports& ports, EthernetBackend* backend)
    : config_(config), ports_(ports), backend_(backend) {
  if (config.address.is_group()) {
    throw base::BadArgument(
        fmt::format("network address {}: it is a group's; the lowest bit of the first byte of a port's own is 0",
                    to_string(config.address)));
  }
  if (config.mtu < min_mtu || config.mtu > max_mtu) {
    throw base::BadArgument(fmt::format("network mtu {}: from {} to {}", config.mtu, min_mtu, max_mtu));
  }
}

std::uint64_t Network::features() const { return feature_mtu | feature_mac | feature_status; }

// Section 5.1.4: mac, status (1: link up), max_virtqueue_pairs (here without meaning), mtu.
std::uint64_t Network::read_config(bus::Address offset, unsigned size) const {
  std::array<std::uint8_t, 12> all{};
  std::ranges::copy(config_.address.bytes, all.begin());
  all[6] = 1;
  all[10] = static_cast<std::uint8_t>(config_.mtu & 0xff);
  all[11] = static_cast<std::uint8_t>(config_.mtu >> 8);
  std::uint64_t value = 0;
  for (unsigned i = 0; i < size && offset + i < all.size(); ++i) {
    value |= std::uint64_t{all[offset + i]} << (8 * i);
  }
  return value;
}

void Network::notified(unsigned queue) {
  if (queue == transmit_queue) {
    send_output();
  } else {
    tell_of_room();
  }
}

void Network::send_output() {
  const auto serve = [this](const Chain& chain) {
    return send(chain) ? std::optional<std::uint32_t>(0) : std::nullopt;
  };
  serve_chains(*port_, transmit_queue, serve, [] { return true; });
}

// False if the driver cannot be followed any further.
bool Network::send(const Chain& chain) {
  const std::uint64_t size = chain.readable_size();
  if (size < header_size) {
    port_->fail(fmt::format("network output of {} bytes; its header alone has {}", size, header_size));
    return false;
  }
  const std::uint64_t frame_size = size - header_size;
  if (frame_size < ethernet_header_size || frame_size > largest_frame()) {
    drop(fmt::format("a frame of {} bytes; from {} to {}", frame_size, ethernet_header_size, largest_frame()));
    return true;
  }
  if (!gather(chain)) {
    return false;
  }
  if (output_[flags_at] != std::byte{0} || output_[gso_type_at] != std::byte{0}) {
    drop("a frame that asks for a checksum or for segmentation, which were not offered");
    return true;
  }
  transmit();
  return true;
}

bool Network::gather(const Chain& chain) {
  output_.clear();
  for (const Segment& segment : chain.readable) {
    const std::size_t done = output_.size();
    output_.resize(done + segment.size);
    if (!ports_.dma->read(segment.at, std::span(output_).subspan(done))) {
      port_->fail(fmt::format("network output from {:#x}, which is not in memory", segment.at));
      return false;
    }
  }
  return true;
}

void Network::transmit() {
  if (backend_ != nullptr) {
    backend_->transmitted(ports_.timers->clock().now(), std::span(output_).subspan(header_size));
  }
}

void Network::drop(const std::string& why) {
  ++dropped_;
  if (ports_.errors != nullptr) {
    ports_.errors->guest_error("network", fmt::format("{}: dropped", why));
  }
}

bool Network::can_receive() const {
  return port_ != nullptr && port_->is_running() && port_->queue(receive_queue).is_enabled();
}

bool Network::receive(std::span<const std::byte> frame) {
  base::expects(frame.size() >= ethernet_header_size && frame.size() <= largest_frame(),
                "Network: what is received is a frame");
  const bool is_received = can_receive() && hand_over(frame);
  wants_room_ = wants_room_ || !is_received;
  return is_received;
}

bool Network::hand_over(std::span<const std::byte> frame) {
  Queue& queue = port_->queue(receive_queue);
  const auto chain = queue.pop();
  const bool is_done =
      chain && fill(*chain, frame) && queue.push(chain->head, static_cast<std::uint32_t>(header_size + frame.size()));
  if (is_done) {
    port_->used(receive_queue);
  } else if (queue.fault()) {
    port_->fail(*queue.fault());
  }
  return is_done;
}

// A driver that has agreed on no mergeable buffers lends whole ones (section 5.1.6.3.1).
bool Network::fill(const Chain& chain, std::span<const std::byte> frame) {
  if (chain.writable_size() < header_size + frame.size()) {
    port_->fail(fmt::format("a network input buffer of {} bytes; a frame of {} bytes and its header need {}",
                            chain.writable_size(), frame.size(), header_size + frame.size()));
    return false;
  }
  input_.assign(header_size, std::byte{0});
  input_[num_buffers_at] = std::byte{1};
  input_.insert(input_.end(), frame.begin(), frame.end());
  std::span<const std::byte> rest(input_);
  for (const Segment& segment : chain.writable) {
    const auto piece = rest.first(std::min<std::size_t>(segment.size, rest.size()));
    if (!piece.empty() && !ports_.dma->write(segment.at, piece)) {
      port_->fail(fmt::format("network input to {:#x}, which is not in memory", segment.at));
      return false;
    }
    rest = rest.subspan(piece.size());
  }
  return true;
}

void Network::tell_of_room() {
  if (wants_room_ && backend_ != nullptr && can_receive() && port_->queue(receive_queue).has_work()) {
    wants_room_ = false;
    backend_->room_again();
  }
}

void Network::reset() {
  if (wants_room_ && backend_ != nullptr) {
    wants_room_ = false;
    backend_->room_again();
  }
}

void Network::save(state::Writer& writer) const {
  writer.section("virtio_network");
  writer.flag(wants_room_);
  writer.u64(dropped_);
}

void Network::load(state::Reader& reader) {
  reader.section("virtio_network");
  wants_room_ = reader.flag();
  dropped_ = reader.u64();
}

}  // namespace fermata::device::virtio
