// SPDX-License-Identifier: MIT
#include "fermata/machine/snapshot.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "fermata/base/error.hpp"
#include "fermata/state/reader.hpp"
#include "fermata/state/writer.hpp"

namespace fermata::machine {
namespace {

constexpr std::string_view what_it_is = "fermata machine snapshot 1";

// FNV-1a, of eight bytes at a time: against damage, not against intent.
std::uint64_t checksum(std::span<const std::byte> bytes) {
  constexpr std::uint64_t prime = 0x100000001b3;
  std::uint64_t sum = 0xcbf29ce484222325;
  for (std::size_t i = 0; i < bytes.size(); i += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data() + i, std::min<std::size_t>(8, bytes.size() - i));
    sum = (sum ^ word) * prime;
    sum ^= sum >> 29;  // so that high bits count in low ones
  }
  return sum;
}

[[noreturn]] void refuse(const std::string& why) {
  throw base::Error(base::ErrorCode::unsupported, "the snapshot " + why);
}

}  // namespace

std::vector<std::byte> seal_snapshot(const std::string& machine_kind, std::span<const std::byte> state) {
  state::Writer writer;
  writer.section(what_it_is);
  writer.text(machine_kind);
  writer.u64(checksum(state));
  writer.bytes(state);
  return writer.take();
}

std::span<const std::byte> open_snapshot(const std::string& machine_kind, std::span<const std::byte> snapshot) {
  std::string kind;
  std::uint64_t sum = 0;
  std::span<const std::byte> state;
  bool is_whole = false;
  try {
    state::Reader reader(snapshot);
    reader.section(what_it_is);
    kind = reader.text();
    sum = reader.u64();
    state = reader.bytes();
    is_whole = reader.is_at_end();
  } catch (const base::Error& error) {
    refuse(
        fmt::format("is none of this version of Fermata, or is cut off or damaged ({}); take another", error.what()));
  }
  if (!is_whole || checksum(state) != sum) {
    refuse("is damaged: its checksum does not fit; take another");
  }
  if (kind != machine_kind) {
    refuse(
        fmt::format("is of another machine ({}; this one: {}); give the machine the same options", kind, machine_kind));
  }
  return state;
}

}  // namespace fermata::machine
