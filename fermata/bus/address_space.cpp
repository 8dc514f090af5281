// SPDX-License-Identifier: MIT
#include "fermata/bus/address_space.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>

#include "fermata/base/error.hpp"

namespace fermata::bus {
namespace {

constexpr bool is_access_size(unsigned size) { return size <= 8 && std::has_single_bit(size); }

std::uint64_t load_little_endian(const std::byte* at, unsigned size) {
  std::uint64_t value = 0;
  if constexpr (std::endian::native == std::endian::little) {
    std::memcpy(&value, at, size);
  } else {
    for (unsigned i = size; i-- > 0;) {
      value = value << 8 | std::to_integer<std::uint64_t>(at[i]);
    }
  }
  return value;
}

void store_little_endian(std::byte* at, unsigned size, std::uint64_t value) {
  if constexpr (std::endian::native == std::endian::little) {
    std::memcpy(at, &value, size);
  } else {
    for (unsigned i = 0; i < size; ++i) {
      at[i] = static_cast<std::byte>(value >> (8 * i));
    }
  }
}

bool is_allowed(const AccessRules& rules, Address offset, unsigned size) {
  return size >= rules.min_size && size <= rules.max_size && (rules.is_misaligned_allowed || offset % size == 0);
}

std::uint64_t low_bytes(std::uint64_t value, unsigned size) {
  return size == 8 ? value : value & ((std::uint64_t{1} << (8 * size)) - 1);
}

/// True if `size` bytes from `offset` on stay within a range of `range_size`.
bool fits(std::uint64_t offset, std::uint64_t size, std::uint64_t range_size) {
  return size <= range_size && offset <= range_size - size;
}

}  // namespace

void AddressSpace::map(Address begin, Ram& ram) {
  insert(Entry{.range = {begin, ram.size()}, .ram = &ram, .window = nullptr, .name = ram.name()});
}

void AddressSpace::map(AddressRange range, Window& window, std::string name) {
  insert(Entry{.range = range, .ram = nullptr, .window = &window, .name = std::move(name)});
}

void AddressSpace::insert(Entry entry) {
  const AddressRange range = entry.range;
  if (range.size == 0 || range.size - 1 > std::numeric_limits<Address>::max() - range.begin) {
    throw base::BadArgument(
        fmt::format("range of `{}`: {} bytes from {:#x} on; it has at least one byte and ends "
                    "within 64 bits",
                    entry.name, range.size, range.begin));
  }
  const auto next = std::ranges::lower_bound(entries_, range.begin, {}, [](const Entry& e) { return e.range.begin; });
  const auto refuse_overlap = [&](const Entry& other) {
    if (range.contains(other.range.begin) || other.range.contains(range.begin)) {
      throw base::BadArgument(fmt::format("range of `{}`: {} bytes from {:#x} on overlap `{}` at {:#x}", entry.name,
                                          range.size, range.begin, other.name, other.range.begin));
    }
  };
  if (next != entries_.end()) {
    refuse_overlap(*next);
  }
  if (next != entries_.begin()) {
    refuse_overlap(*std::prev(next));
  }
  entries_.insert(next, std::move(entry));
  last_hit_ = 0;
}

const AddressSpace::Entry* AddressSpace::find(Address at) const {
  if (last_hit_ < entries_.size() && entries_[last_hit_].range.contains(at)) {
    return &entries_[last_hit_];
  }
  const auto next = std::ranges::upper_bound(entries_, at, {}, [](const Entry& e) { return e.range.begin; });
  if (next == entries_.begin() || !std::prev(next)->range.contains(at)) {
    return nullptr;
  }
  last_hit_ = static_cast<std::size_t>(std::prev(next) - entries_.begin());
  return &entries_[last_hit_];
}

std::optional<std::uint64_t> AddressSpace::read(Address at, unsigned size) {
  base::expects(is_access_size(size), "AddressSpace: an access has 1, 2, 4 or 8 bytes");
  const Entry* const entry = find(at);
  if (entry == nullptr || !fits(at - entry->range.begin, size, entry->range.size)) {
    return std::nullopt;
  }
  const std::uint64_t offset = at - entry->range.begin;
  if (entry->ram != nullptr) {
    return load_little_endian(entry->ram->data() + offset, size);
  }
  if (!is_allowed(entry->window->rules(), offset, size)) {
    return std::nullopt;
  }
  return low_bytes(entry->window->read(offset, size), size);
}

bool AddressSpace::write(Address at, unsigned size, std::uint64_t value) {
  base::expects(is_access_size(size), "AddressSpace: an access has 1, 2, 4 or 8 bytes");
  const Entry* const entry = find(at);
  if (entry == nullptr || !fits(at - entry->range.begin, size, entry->range.size)) {
    return false;
  }
  const std::uint64_t offset = at - entry->range.begin;
  if (entry->ram != nullptr) {
    if (!entry->ram->is_writable()) {
      return false;
    }
    store_little_endian(entry->ram->data() + offset, size, value);
    tell_observer(at, size);
    return true;
  }
  if (!is_allowed(entry->window->rules(), offset, size)) {
    return false;
  }
  entry->window->write(offset, size, low_bytes(value, size));
  return true;
}

bool AddressSpace::copy_from(Address at, std::span<std::byte> into) const {
  if (!is_ram(at, into.size(), Need::reading)) {
    return false;
  }
  while (!into.empty()) {
    const RamPlace place = *ram_at(at);
    const auto part = into.first(std::min<std::uint64_t>(into.size(), place.ram->size() - place.offset));
    std::memcpy(part.data(), place.ram->data() + place.offset, part.size());
    into = into.subspan(part.size());
    at += part.size();
  }
  return true;
}

bool AddressSpace::copy_to(Address at, std::span<const std::byte> bytes) {
  if (!is_ram(at, bytes.size(), Need::writing)) {
    return false;
  }
  while (!bytes.empty()) {
    const RamPlace place = *ram_at(at);
    const auto part = bytes.first(std::min<std::uint64_t>(bytes.size(), place.ram->size() - place.offset));
    std::memcpy(place.ram->data() + place.offset, part.data(), part.size());
    tell_observer(at, part.size());
    bytes = bytes.subspan(part.size());
    at += part.size();
  }
  return true;
}

bool AddressSpace::is_ram(Address at, std::uint64_t size, Need need) const {
  if (size != 0 && size - 1 > std::numeric_limits<Address>::max() - at) {
    return false;
  }
  while (size != 0) {
    const auto place = ram_at(at);
    if (!place || (need == Need::writing && !place->ram->is_writable())) {
      return false;
    }
    const std::uint64_t part = std::min(size, place->ram->size() - place->offset);
    size -= part;
    at += part;
  }
  return true;
}

std::optional<AddressSpace::RamPlace> AddressSpace::ram_at(Address at) const {
  const Entry* const entry = find(at);
  if (entry == nullptr || entry->ram == nullptr) {
    return std::nullopt;
  }
  return RamPlace{.ram = entry->ram, .offset = at - entry->range.begin};
}

bool AddressSpace::is_window(Address at) const {
  const Entry* const entry = find(at);
  return entry != nullptr && entry->window != nullptr;
}

bool AddressSpace::window_takes(Address at, unsigned size) const {
  const Entry* const entry = is_access_size(size) ? find(at) : nullptr;
  if (entry == nullptr || entry->window == nullptr) {
    return false;
  }
  const std::uint64_t offset = at - entry->range.begin;
  return fits(offset, size, entry->range.size) && is_allowed(entry->window->rules(), offset, size);
}

bool AddressSpace::may_answer_later(Address at) const {
  const Entry* const entry = find(at);
  return entry != nullptr && entry->window != nullptr && entry->window->rules().may_answer_later;
}

void AddressSpace::tell_observer(Address at, std::uint64_t size) const {
  if (observer_ != nullptr) {
    observer_->ram_written(at, size);
  }
}

std::string AddressSpace::describe() const {
  std::string text;
  for (const Entry& entry : entries_) {
    text +=
        fmt::format("{:016x}-{:016x} {}\n", entry.range.begin, entry.range.begin + (entry.range.size - 1), entry.name);
  }
  return text;
}

}  // namespace fermata::bus
