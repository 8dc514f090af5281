// SPDX-License-Identifier: MIT
#include "fermata/riscv/translation/pmp.hpp"

#include <string>

#include "fermata/base/error.hpp"

namespace fermata::riscv::translation {
namespace {

// The fields of a byte of pmpcfg.
constexpr std::uint8_t read_bit = 1;
constexpr std::uint8_t write_bit = 2;
constexpr std::uint8_t execute_bit = 4;
constexpr std::uint8_t mode_bits = 3 << 3;
constexpr std::uint8_t lock_bit = 1 << 7;

constexpr std::uint8_t mode_off = 0 << 3;
constexpr std::uint8_t mode_tor = 1 << 3;
constexpr std::uint8_t mode_na4 = 2 << 3;

constexpr unsigned configs_in_register = 8;
constexpr std::uint64_t address_mask = (std::uint64_t{1} << 54) - 1;
constexpr std::uint64_t page_mask = 4095;

}  // namespace

Pmp::Pmp(unsigned entries) : entries_(entries) {
  if (entries > max_entries) {
    throw base::BadArgument("Pmp: " + std::to_string(entries) + " entries; 0 to 16 are possible");
  }
}

void Pmp::reset() {
  configs_.fill(0);
  addresses_.fill(0);
  derive();
}

std::uint64_t Pmp::config(unsigned index) const {
  std::uint64_t value = 0;
  for (unsigned i = configs_in_register; i-- > 0;) {
    const unsigned entry = index * 4 + i;
    value = value << 8 | (entry < entries_ ? configs_.at(entry) : 0U);
  }
  return value;
}

void Pmp::set_config(unsigned index, std::uint64_t value) {
  for (unsigned i = 0; i < configs_in_register; ++i, value >>= 8) {
    const unsigned entry = index * 4 + i;
    const auto config = static_cast<std::uint8_t>(value & (read_bit | write_bit | execute_bit | mode_bits | lock_bit));
    const bool is_reserved = (config & (read_bit | write_bit)) == write_bit;
    if (entry < entries_ && !is_reserved && (configs_.at(entry) & lock_bit) == 0) {
      configs_.at(entry) = config;
    }
  }
  derive();
}

std::uint64_t Pmp::address(unsigned entry) const { return entry < entries_ ? addresses_.at(entry) : 0; }

void Pmp::set_address(unsigned entry, std::uint64_t value) {
  if (entry < entries_ && !is_address_locked(entry)) {
    addresses_.at(entry) = value & address_mask;
    derive();
  }
}

bool Pmp::is_address_locked(unsigned entry) const {
  if ((configs_.at(entry) & lock_bit) != 0) {
    return true;
  }
  // The next entry's range begins at this address.
  return entry + 1 < entries_ && (configs_.at(entry + 1) & (lock_bit | mode_bits)) == (lock_bit | mode_tor);
}

void Pmp::derive() {
  active_ = 0;
  for (unsigned entry = 0; entry < entries_; ++entry) {
    const std::uint8_t config = configs_.at(entry);
    const std::uint64_t address = addresses_.at(entry);
    Region region;
    region.rights = {(config & execute_bit) != 0, (config & read_bit) != 0, (config & write_bit) != 0};
    region.is_locked = (config & lock_bit) != 0;
    switch (config & mode_bits) {
      case mode_off: break;
      case mode_tor: {
        const std::uint64_t bottom = entry == 0 ? 0 : addresses_.at(entry - 1);
        if (bottom < address) {
          region.first = bottom << 2;
          region.last = (address << 2) - 1;
        }
        break;
      }
      case mode_na4:
        region.first = address << 2;
        region.last = region.first + 3;
        break;
      default: {  // NAPOT: the trailing ones and the zero above them are offset
        const std::uint64_t offset = address ^ (address + 1);
        region.first = (address & ~offset) << 2;
        region.last = (address | offset) << 2 | 3;
        break;
      }
    }
    regions_.at(entry) = region;
    if (region.first <= region.last) {
      active_ = entry + 1;
    }
  }
}

Rights Pmp::rights_of(const Region& region, bool is_machine) const {
  return is_machine && !region.is_locked ? Rights::all() : region.rights;
}

Rights Pmp::rights_without_match(bool is_machine) const {
  return is_machine || entries_ == 0 ? Rights::all() : Rights{};
}

bool Pmp::permits(std::uint64_t at, std::uint64_t size, AccessKind kind, bool is_machine) const {
  const std::uint64_t last = at + size - 1;
  for (unsigned entry = 0; entry < active_; ++entry) {
    const Region& region = regions_[entry];
    if (region.first <= last && at <= region.last && region.first <= region.last) {
      return region.first <= at && last <= region.last && rights_of(region, is_machine).permit(kind);
    }
  }
  return rights_without_match(is_machine).permit(kind);
}

Pmp::PageRights Pmp::page_rights(std::uint64_t at, bool is_machine) const {
  const std::uint64_t first = at & ~page_mask;
  const std::uint64_t last = at | page_mask;
  for (unsigned entry = 0; entry < active_; ++entry) {
    const Region& region = regions_[entry];
    if (region.first <= last && first <= region.last && region.first <= region.last) {
      if (region.first <= first && last <= region.last) {
        return {true, rights_of(region, is_machine)};
      }
      return {};
    }
  }
  return {true, rights_without_match(is_machine)};
}

void Pmp::save(state::Writer& writer) const {
  writer.section("pmp");
  for (unsigned entry = 0; entry < entries_; ++entry) {
    writer.u8(configs_.at(entry));
    writer.u64(addresses_.at(entry));
  }
}

void Pmp::load(state::Reader& reader) {
  reader.section("pmp");
  for (unsigned entry = 0; entry < entries_; ++entry) {
    configs_.at(entry) = reader.u8();
    addresses_.at(entry) = reader.u64() & address_mask;
  }
  derive();
}

}  // namespace fermata::riscv::translation
