// SPDX-License-Identifier: MIT
#include "fermata/state/reader.hpp"

#include "fermata/base/error.hpp"

namespace fermata::state {

void Reader::fail(std::string_view what) const {
  throw base::Error(base::ErrorCode::unsupported, "the saved state is damaged or of another version, in its section `" +
                                                      section_ + "`: " + std::string(what) +
                                                      "; use one that this program saved for the same machine");
}

std::span<const std::byte> Reader::take(std::size_t count) {
  if (count > rest_.size()) {
    fail("it ends too early");
  }
  const auto taken = rest_.first(count);
  rest_ = rest_.subspan(count);
  return taken;
}

void Reader::section(std::string_view name) {
  const auto found = take(u8());
  std::string found_name;
  for (const std::byte c : found) {
    found_name.push_back(static_cast<char>(c));
  }
  if (found_name != name) {
    fail("the section `" + std::string(name) + "` does not follow");
  }
  section_ = found_name;
}

std::uint8_t Reader::u8() { return std::to_integer<std::uint8_t>(take(1)[0]); }

std::uint16_t Reader::u16() {
  const std::uint16_t low = u8();
  return static_cast<std::uint16_t>(low | u8() << 8);
}

std::uint32_t Reader::u32() {
  const std::uint32_t low = u16();
  return low | static_cast<std::uint32_t>(u16()) << 16;
}

std::uint64_t Reader::u64() {
  const std::uint64_t low = u32();
  return low | static_cast<std::uint64_t>(u32()) << 32;
}

bool Reader::flag() {
  const std::uint8_t value = u8();
  if (value > 1) {
    fail("a flag is neither 0 nor 1");
  }
  return value == 1;
}

std::optional<time::Instant> Reader::optional_instant() {
  const bool is_there = flag();
  const time::Instant at = instant();
  return is_there ? std::optional(at) : std::nullopt;
}

std::span<const std::byte> Reader::bytes() {
  const std::uint64_t count = u64();
  if (count > rest_.size()) {
    fail("it ends too early");
  }
  return take(static_cast<std::size_t>(count));
}

std::string Reader::text() {
  const auto taken = bytes();
  std::string text;
  for (const std::byte c : taken) {
    text.push_back(static_cast<char>(c));
  }
  return text;
}

}  // namespace fermata::state
