// SPDX-License-Identifier: MIT
#include "fermata/device/virtio/block.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "fermata/base/error.hpp"
#include "fermata/time/saturating.hpp"

namespace fermata::device::virtio {
namespace {

constexpr std::uint64_t feature_segment_max = std::uint64_t{1} << 2;
constexpr std::uint64_t feature_read_only = std::uint64_t{1} << 5;
constexpr std::uint64_t feature_block_size = std::uint64_t{1} << 6;
constexpr std::uint64_t feature_flush = std::uint64_t{1} << 9;

constexpr std::uint32_t type_read = 0;
constexpr std::uint32_t type_write = 1;
constexpr std::uint32_t type_flush = 4;
constexpr std::uint32_t type_get_id = 8;

constexpr std::size_t header_size = 16;
constexpr std::size_t id_size = 20;
constexpr std::uint64_t transfer_size = 64 * 1024;  // at once
constexpr std::uint32_t segment_max = Queue::max_size - 2;

/// A place in a list of segments, from which bytes are moved one run after the other.
class Cursor {
 public:
  Cursor(bus::DmaPort& dma, const std::vector<Segment>& segments) : dma_(&dma), segments_(segments) {}

  [[nodiscard]] bool read(std::span<std::byte> into) {
    return move(into.size(), [&](bus::Address at, std::size_t done, std::size_t size) {
      return dma_->read(at, into.subspan(done, size));
    });
  }
  [[nodiscard]] bool write(std::span<const std::byte> bytes) {
    return move(bytes.size(), [&](bus::Address at, std::size_t done, std::size_t size) {
      return dma_->write(at, bytes.subspan(done, size));
    });
  }
  /// Passes over bytes that are there.
  void skip(std::uint64_t count) {
    static_cast<void>(move(count, [](bus::Address, std::size_t, std::size_t) { return true; }));
  }

 private:
  bool move(std::uint64_t count, auto each) {
    for (std::uint64_t done = 0; done < count;) {
      const Segment& segment = segments_[index_];
      const std::uint64_t size = std::min<std::uint64_t>(count - done, segment.size - offset_);
      if (size != 0 && !each(segment.at + offset_, done, size)) {
        return false;
      }
      done += size;
      offset_ += size;
      if (offset_ == segment.size) {
        ++index_;
        offset_ = 0;
      }
    }
    return true;
  }

  bus::DmaPort* dma_;
  std::span<const Segment> segments_;
  std::size_t index_ = 0;
  std::uint64_t offset_ = 0;
};

std::uint64_t little_endian(std::span<const std::byte> bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = bytes.size(); i-- > 0;) {
    value = value << 8 | std::to_integer<std::uint64_t>(bytes[i]);
  }
  return value;
}

}  // namespace

struct Block::Request {
  std::uint32_t type = 0;
  std::uint64_t sector = 0;
  std::uint64_t out_size = 0;  // after the header
  std::uint64_t in_size = 0;   // before the status
  Cursor out;
  Cursor in;
};

Block::Block(Config config, const bus::Ports& ports, BlockBackend& backend)
    : config_(std::move(config)), ports_(ports), backend_(&backend), timer_(*ports.timers, [this] { latency_over(); }) {
  if (config_.serial.size() > id_size) {
    throw base::BadArgument(fmt::format("serial of a block device: `{}`; at most {} bytes", config_.serial, id_size));
  }
  if (config_.latency < time::Duration::zero() || config_.latency > time::Duration::seconds(3'600)) {
    throw base::BadArgument(fmt::format("latency of a block device: {} ns; from 0 to an hour", config_.latency.ns()));
  }
}

std::uint64_t Block::features() const {
  return feature_segment_max | feature_block_size | feature_flush | (backend_->is_read_only() ? feature_read_only : 0);
}

std::uint64_t Block::read_config(bus::Address offset, unsigned size) const {
  // capacity, size_max, seg_max, geometry, blk_size (virtio 1.2, section 5.2.4)
  std::array<std::uint8_t, 24> space{};
  const auto put = [&](std::size_t at, std::uint64_t value, std::size_t bytes) {
    for (std::size_t i = 0; i < bytes; ++i) {
      space[at + i] = static_cast<std::uint8_t>(value >> (8 * i));
    }
  };
  put(0, backend_->sector_count(), 8);
  put(12, segment_max, 4);
  put(20, sector_size, 4);
  std::uint64_t value = 0;
  for (unsigned i = 0; i < size && offset + i < space.size(); ++i) {
    value |= std::uint64_t{space[offset + i]} << (8 * i);
  }
  return value;
}

void Block::notified(unsigned /*queue*/) {
  if (config_.latency != time::Duration::zero()) {
    if (!timer_.is_pending() && port_->queue(0).has_work()) {
      timer_.arm(time::saturating_add(ports_.timers->clock().now(), config_.latency));
    }
    return;
  }
  // A driver can have no more waiting than the queue has entries; what makes itself more by dma is not followed.
  for (unsigned i = 0; i < Queue::max_size && port_->is_running() && port_->queue(0).has_work(); ++i) {
    carry_out_one();
  }
}

void Block::latency_over() {
  const auto at = ports_.timers->clock().now();
  if (!port_->is_running()) {
    return;
  }
  carry_out_one();
  if (port_->is_running() && port_->queue(0).has_work()) {
    timer_.arm(time::saturating_add(at, config_.latency));
  }
}

void Block::carry_out_one() {
  Queue& queue = port_->queue(0);
  if (const auto chain = queue.pop(); chain && answer(*chain)) {
    port_->used(0);
  }
  if (queue.fault()) {
    port_->fail(*queue.fault());
  }
}

bool Block::answer(const Chain& chain) {
  Request request{.out = Cursor(*ports_.dma, chain.readable), .in = Cursor(*ports_.dma, chain.writable)};
  if (!parse(chain, request)) {
    return false;
  }
  std::uint32_t written = 0;
  const auto status = carry_out(request, written);
  if (!status) {
    port_->fail(fmt::format("block request {}: a buffer is not in memory", request.type));
    return false;
  }
  Cursor end(*ports_.dma, chain.writable);
  end.skip(request.in_size);
  const std::byte byte{static_cast<std::uint8_t>(*status)};
  if (!end.write({&byte, 1})) {
    port_->fail("block request: the status is not in memory");
    return false;
  }
  return port_->queue(0).push(chain.head, written + 1);
}

bool Block::parse(const Chain& chain, Request& request) {
  if (chain.readable_size() < header_size || chain.writable_size() == 0) {
    port_->fail(fmt::format("block request of {} readable and {} writable bytes; at least {} and 1",
                            chain.readable_size(), chain.writable_size(), header_size));
    return false;
  }
  std::array<std::byte, header_size> header{};
  if (!request.out.read(header)) {
    port_->fail("block request: the header is not in memory");
    return false;
  }
  request.type = static_cast<std::uint32_t>(little_endian(std::span(header).first(4)));
  request.sector = little_endian(std::span(header).subspan(8));
  request.out_size = chain.readable_size() - header_size;
  request.in_size = chain.writable_size() - 1;
  return true;
}

std::optional<Block::Status> Block::carry_out(const Request& request, std::uint32_t& written) {
  switch (request.type) {
    case type_read:
    case type_write: return move_sectors(request, written);
    case type_flush: return backend_->flush() ? Status::ok : Status::io_error;
    case type_get_id: return give_id(request, written);
    default: return Status::unsupported;
  }
}

std::optional<Block::Status> Block::move_sectors(const Request& request, std::uint32_t& written) {
  const bool is_read = request.type == type_read;
  std::uint64_t left = is_read ? request.in_size : request.out_size;
  const std::uint64_t sectors = left / sector_size;
  const std::uint64_t capacity = backend_->sector_count();
  if (left % sector_size != 0 || request.sector > capacity || sectors > capacity - request.sector ||
      (!is_read && backend_->is_read_only())) {
    return Status::io_error;
  }
  Cursor memory = is_read ? request.in : request.out;
  for (std::uint64_t sector = request.sector; left != 0;) {
    buffer_.resize(std::min(left, transfer_size));
    if (is_read) {
      if (!backend_->read(sector, buffer_)) {
        return Status::io_error;
      }
      if (!memory.write(buffer_)) {
        return std::nullopt;
      }
      written += static_cast<std::uint32_t>(buffer_.size());
    } else {
      if (!memory.read(buffer_)) {
        return std::nullopt;
      }
      if (!backend_->write(sector, buffer_)) {
        return Status::io_error;
      }
    }
    sector += buffer_.size() / sector_size;
    left -= buffer_.size();
  }
  return Status::ok;
}

std::optional<Block::Status> Block::give_id(const Request& request, std::uint32_t& written) {
  std::array<std::byte, id_size> id{};
  std::ranges::copy(std::as_bytes(std::span(config_.serial)), id.begin());
  const auto part = std::span(id).first(std::min<std::uint64_t>(request.in_size, id_size));
  Cursor memory = request.in;
  if (!memory.write(part)) {
    return std::nullopt;
  }
  written += static_cast<std::uint32_t>(part.size());
  return Status::ok;
}

void Block::reset() { timer_.cancel(); }

void Block::save(state::Writer& writer) const {
  writer.section("virtio_block");
  timer_.save(writer);
}

void Block::load(state::Reader& reader) {
  reader.section("virtio_block");
  timer_.load(reader);
}

}  // namespace fermata::device::virtio
