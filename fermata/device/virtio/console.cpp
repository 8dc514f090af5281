// SPDX-License-Identifier: MIT
#include "fermata/device/virtio/console.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace fermata::device::virtio {
namespace {

constexpr unsigned receive_queue = 0;
constexpr unsigned transmit_queue = 1;
constexpr std::uint64_t feature_emergency_write = std::uint64_t{1} << 2;
constexpr bus::Address emergency_write = 8;  // in the configuration (virtio 1.2, section 5.3.4)
constexpr std::uint64_t most_at_once = 1024 * 1024;
constexpr std::size_t piece_size = 4096;

}  // namespace

Console::Console(const bus::Ports& ports, SerialBackend* backend) : ports_(ports), backend_(backend) {}

std::uint64_t Console::features() const { return feature_emergency_write; }

std::uint64_t Console::read_config(bus::Address /*offset*/, unsigned /*size*/) const { return 0; }

bool Console::write_config(bus::Address offset, unsigned /*size*/, std::uint64_t value) {
  if (offset != emergency_write) {
    return false;
  }
  const std::byte byte{static_cast<std::uint8_t>(value)};
  transmit({&byte, 1});
  return true;
}

std::size_t Console::free_space() const {
  return port_ != nullptr && port_->is_running() ? buffer_size - input_.size() : 0;
}

// What has gone on into the driver's buffers has made room, which nobody would be told of: so it is filled here.
std::size_t Console::receive(std::span<const std::byte> bytes) {
  std::size_t taken = 0;
  do {
    const auto piece = bytes.subspan(taken, std::min(bytes.size() - taken, free_space()));
    input_.insert(input_.end(), piece.begin(), piece.end());
    taken += piece.size();
    hand_over_input();
  } while (taken < bytes.size() && free_space() != 0);
  wants_room_ = taken < bytes.size();
  return taken;
}

void Console::notified(unsigned queue) {
  if (queue == transmit_queue) {
    send_output();
  } else {
    started();
  }
}

void Console::started() {
  hand_over_input();
  if (free_space() != 0) {
    tell_of_room();
  }
}

void Console::transmit(std::span<const std::byte> bytes) {
  if (backend_ != nullptr) {
    backend_->transmitted(ports_.timers->clock().now(), bytes);
  }
}

void Console::send_output() {
  const auto serve = [this](const Chain& chain) {
    return send(chain) ? std::optional<std::uint32_t>(0) : std::nullopt;
  };
  serve_chains(*port_, transmit_queue, serve, [] { return true; });
}

bool Console::send(const Chain& chain) {
  if (chain.readable_size() > most_at_once) {
    port_->fail(fmt::format("console output of {} bytes at once; at most {}", chain.readable_size(), most_at_once));
    return false;
  }
  std::array<std::byte, piece_size> buffer{};
  for (const Segment& segment : chain.readable) {
    for (std::uint32_t done = 0; done < segment.size;) {
      const auto piece = std::span(buffer).first(std::min<std::size_t>(segment.size - done, buffer.size()));
      if (!ports_.dma->read(segment.at + done, piece)) {
        port_->fail(fmt::format("console output from {:#x}, which is not in memory", segment.at + done));
        return false;
      }
      transmit(piece);
      done += static_cast<std::uint32_t>(piece.size());
    }
  }
  return true;
}

void Console::hand_over_input() {
  if (port_ == nullptr || !port_->is_running() || !port_->queue(receive_queue).is_enabled()) {
    return;
  }
  serve_chains(
      *port_, receive_queue, [this](const Chain& chain) { return fill(chain); }, [this] { return !input_.empty(); });
}

void Console::tell_of_room() {
  if (wants_room_ && backend_ != nullptr) {
    wants_room_ = false;
    backend_->room_again();
  }
}

std::optional<std::uint32_t> Console::fill(const Chain& chain) {
  std::uint32_t written = 0;
  for (const Segment& segment : chain.writable) {
    const auto piece = std::span(input_).subspan(written, std::min<std::size_t>(segment.size, input_.size() - written));
    if (!piece.empty() && !ports_.dma->write(segment.at, piece)) {
      port_->fail(fmt::format("console input to {:#x}, which is not in memory", segment.at));
      return std::nullopt;
    }
    written += static_cast<std::uint32_t>(piece.size());
  }
  input_.erase(input_.begin(), input_.begin() + written);
  return written;
}

void Console::reset() {
  input_.clear();
  tell_of_room();
}

void Console::save(state::Writer& writer) const {
  writer.section("virtio_console");
  writer.bytes(input_);
  writer.flag(wants_room_);
}

void Console::load(state::Reader& reader) {
  reader.section("virtio_console");
  const auto input = reader.bytes();
  if (input.size() > buffer_size) {
    reader.fail("the input buffer holds more than it can");
  }
  input_.assign(input.begin(), input.end());
  wants_room_ = reader.flag();
}

}  // namespace fermata::device::virtio
