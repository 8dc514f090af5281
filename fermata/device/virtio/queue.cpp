// SPDX-License-Identifier: MIT
#include "fermata/device/virtio/queue.hpp"

#include <fmt/format.h>

#include <array>
#include <bit>
#include <limits>

namespace fermata::device::virtio {
namespace {

constexpr std::uint32_t descriptor_size = 16;
constexpr std::uint16_t has_next = 1U << 0;
constexpr std::uint16_t is_writable = 1U << 1;
constexpr std::uint16_t is_indirect_table = 1U << 2;
constexpr std::uint16_t no_interrupt = 1U << 0;  // in the flags of the available ring

template <typename Integer>
Integer from_little_endian(std::span<const std::byte> bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = sizeof(Integer); i-- > 0;) {
    value = value << 8 | std::to_integer<std::uint64_t>(bytes[i]);
  }
  return static_cast<Integer>(value);
}

template <std::size_t size>
std::array<std::byte, size> to_little_endian(std::uint64_t value) {
  std::array<std::byte, size> bytes{};
  for (std::size_t i = 0; i < size; ++i) {
    bytes[i] = static_cast<std::byte>(value >> (8 * i));
  }
  return bytes;
}

std::optional<std::uint16_t> read_u16(bus::DmaPort& dma, std::uint64_t at) {
  std::array<std::byte, 2> bytes{};
  if (!dma.read(at, bytes)) {
    return std::nullopt;
  }
  return from_little_endian<std::uint16_t>(bytes);
}

bool is_aligned_and_within(std::uint64_t at, std::uint64_t alignment, std::uint64_t size) {
  return at % alignment == 0 && at <= std::numeric_limits<std::uint64_t>::max() - size;
}

std::uint64_t total(const std::vector<Segment>& segments) {
  std::uint64_t size = 0;
  for (const Segment& each : segments) {
    size += each.size;
  }
  return size;
}

}  // namespace

std::uint64_t Chain::readable_size() const { return total(readable); }

std::uint64_t Chain::writable_size() const { return total(writable); }

std::optional<std::string> Queue::enable(const Layout& layout, bool has_indirect) {
  if (layout.size == 0 || layout.size > max_size || !std::has_single_bit(layout.size)) {
    return fmt::format("a queue of {} entries; a power of 2 up to {}", layout.size, max_size);
  }
  const std::uint64_t size = layout.size;
  if (!is_aligned_and_within(layout.descriptors, 16, size * descriptor_size) ||
      !is_aligned_and_within(layout.driver_area, 2, 6 + 2 * size) ||
      !is_aligned_and_within(layout.device_area, 4, 6 + 8 * size)) {
    return fmt::format("queue areas at {:#x}, {:#x}, {:#x}; they are aligned to 16, 2 and 4 bytes", layout.descriptors,
                       layout.driver_area, layout.device_area);
  }
  layout_ = layout;
  has_indirect_ = has_indirect;
  next_available_ = 0;
  next_used_ = 0;
  fault_.reset();
  is_enabled_ = true;
  return std::nullopt;
}

void Queue::disable() {
  layout_ = {};
  is_enabled_ = false;
  has_indirect_ = false;
  next_available_ = 0;
  next_used_ = 0;
  fault_.reset();
}

bool Queue::fail(std::string what) {
  fault_ = std::move(what);
  return false;
}

std::optional<std::uint16_t> Queue::available_index() {
  if (!is_enabled_ || fault_) {
    return std::nullopt;
  }
  const auto index = read_u16(*dma_, layout_.driver_area + 2);
  if (!index) {
    fail(fmt::format("the available ring at {:#x} is not in memory", layout_.driver_area));
    return std::nullopt;
  }
  if (static_cast<std::uint16_t>(*index - next_available_) > layout_.size) {
    fail(fmt::format("the available ring's index went from {} to {}, by more than its {} entries", next_available_,
                     *index, layout_.size));
    return std::nullopt;
  }
  return index;
}

bool Queue::has_work() {
  const auto index = available_index();
  return index ? *index != next_available_ : fault_.has_value();
}

std::optional<Chain> Queue::pop() {
  const auto index = available_index();
  if (!index || *index == next_available_) {
    return std::nullopt;
  }
  const std::uint64_t slot = next_available_ % layout_.size;
  const auto head = read_u16(*dma_, layout_.driver_area + 4 + 2 * slot);
  if (!head) {
    fail(fmt::format("the available ring at {:#x} is not in memory", layout_.driver_area));
    return std::nullopt;
  }
  Chain chain{.head = *head, .readable = {}, .writable = {}};
  if (!collect({.at = layout_.descriptors, .size = layout_.size}, *head, chain)) {
    return std::nullopt;
  }
  ++next_available_;
  return chain;
}

bool Queue::collect(Table table, std::uint16_t first, Chain& chain) {
  std::uint16_t next = first;
  std::uint32_t seen = 0;
  while (true) {
    if (++seen > table.size) {
      return fail(fmt::format("the chain from descriptor {} is longer than its table of {}: it is a loop", chain.head,
                              table.size));
    }
    const auto found = descriptor(table, next);
    if (!found) {
      return false;
    }
    if ((found->flags & is_indirect_table) != 0) {
      if (!enter_indirect(*found, table)) {
        return false;
      }
      next = 0;
      seen = 0;
      continue;
    }
    if (!add(*found, chain)) {
      return false;
    }
    if ((found->flags & has_next) == 0) {
      return true;
    }
    next = found->next;
  }
}

std::optional<Queue::Descriptor> Queue::descriptor(const Table& table, std::uint16_t index) {
  if (index >= table.size) {
    fail(fmt::format("descriptor {}; the table has {}", index, table.size));
    return std::nullopt;
  }
  std::array<std::byte, descriptor_size> bytes{};
  if (!dma_->read(table.at + std::uint64_t{descriptor_size} * index, bytes)) {
    fail(fmt::format("the descriptor table at {:#x} is not in memory", table.at));
    return std::nullopt;
  }
  const std::span<const std::byte> all(bytes);
  return Descriptor{.at = from_little_endian<std::uint64_t>(all),
                    .size = from_little_endian<std::uint32_t>(all.subspan(8)),
                    .flags = from_little_endian<std::uint16_t>(all.subspan(12)),
                    .next = from_little_endian<std::uint16_t>(all.subspan(14))};
}

bool Queue::enter_indirect(const Descriptor& at, Table& table) {
  if (!has_indirect_ || table.is_indirect || (at.flags & has_next) != 0) {
    return fail("an indirect descriptor that was not negotiated, is nested or is chained");
  }
  if (at.size == 0 || at.size % descriptor_size != 0 || at.size / descriptor_size > max_size ||
      at.at > std::numeric_limits<std::uint64_t>::max() - at.size) {
    return fail(
        fmt::format("an indirect table of {} bytes; a multiple of 16 for 1 to {} descriptors", at.size, max_size));
  }
  table = {.at = at.at, .size = at.size / descriptor_size, .is_indirect = true};
  return true;
}

bool Queue::add(const Descriptor& descriptor, Chain& chain) {
  const Segment segment{.at = descriptor.at, .size = descriptor.size};
  if ((descriptor.flags & is_writable) != 0) {
    chain.writable.push_back(segment);
    return true;
  }
  if (!chain.writable.empty()) {
    return fail(fmt::format("the chain from descriptor {} has a readable one after a writable one", chain.head));
  }
  chain.readable.push_back(segment);
  return true;
}

bool Queue::push(std::uint16_t head, std::uint32_t written) {
  if (!is_enabled_ || fault_) {
    return false;
  }
  const std::uint64_t slot = next_used_ % layout_.size;
  const auto element = to_little_endian<8>(std::uint64_t{head} | std::uint64_t{written} << 32);
  ++next_used_;
  if (!dma_->write(layout_.device_area + 4 + 8 * slot, element) ||
      !dma_->write(layout_.device_area + 2, to_little_endian<2>(next_used_))) {
    return fail(fmt::format("the used ring at {:#x} is not in memory", layout_.device_area));
  }
  return true;
}

bool Queue::wants_interrupt() {
  const auto flags = read_u16(*dma_, layout_.driver_area);
  return !flags || (*flags & no_interrupt) == 0;
}

void Queue::save(state::Writer& writer) const {
  writer.flag(is_enabled_);
  writer.flag(has_indirect_);
  writer.u32(layout_.size);
  writer.u64(layout_.descriptors);
  writer.u64(layout_.driver_area);
  writer.u64(layout_.device_area);
  writer.u16(next_available_);
  writer.u16(next_used_);
  writer.flag(fault_.has_value());
  writer.text(fault_.value_or(""));
}

void Queue::load(state::Reader& reader) {
  const bool was_enabled = reader.flag();
  const bool has_indirect = reader.flag();
  Layout layout;
  layout.size = reader.u32();
  layout.descriptors = reader.u64();
  layout.driver_area = reader.u64();
  layout.device_area = reader.u64();
  disable();
  if (was_enabled) {
    if (const auto wrong = enable(layout, has_indirect)) {
      reader.fail(*wrong);
    }
  }
  next_available_ = reader.u16();
  next_used_ = reader.u16();
  const bool has_fault = reader.flag();
  std::string fault = reader.text();
  if (has_fault) {
    fault_ = std::move(fault);
  }
}

}  // namespace fermata::device::virtio
