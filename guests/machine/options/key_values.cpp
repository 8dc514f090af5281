// SPDX-License-Identifier: MIT
#include "guests/machine/options/key_values.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <string_view>

#include "fermata/base/error.hpp"

namespace fermata::machine_program {
namespace {

std::vector<std::string> split_at_commas(const std::string& text) {
  std::vector<std::string> parts(1);
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != ',') {
      parts.back() += text[i];
    } else if (i + 1 < text.size() && text[i + 1] == ',') {
      parts.back() += ',';
      ++i;
    } else {
      parts.emplace_back();
    }
  }
  return parts;
}

std::optional<std::uint64_t> read_number(std::string_view text) {
  int base = 10;
  if (text.starts_with("0x") || text.starts_with("0X")) {
    base = 16;
    text.remove_prefix(2);
  }
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

}  // namespace

KeyValues::KeyValues(std::string option, const std::string& text, const std::string& implied_key)
    : option_(std::move(option)) {
  bool is_first = true;
  for (const std::string& part : split_at_commas(text)) {
    const std::size_t equals = part.find('=');
    if (equals != std::string::npos) {
      values_[part.substr(0, equals)] = part.substr(equals + 1);
    } else if (is_first && !implied_key.empty()) {
      values_[implied_key] = part;
    } else {
      values_[part] = "on";
    }
    is_first = false;
  }
}

std::optional<std::string> KeyValues::text(const std::string& key) const {
  const auto found = values_.find(key);
  return found == values_.end() ? std::nullopt : std::optional(found->second);
}

std::optional<bool> KeyValues::flag(const std::string& key) const {
  const auto value = text(key);
  if (!value) {
    return std::nullopt;
  }
  if (*value == "on" || *value == "yes" || *value == "true" || *value == "y") {
    return true;
  }
  if (*value == "off" || *value == "no" || *value == "false" || *value == "n") {
    return false;
  }
  throw base::BadArgument(fmt::format("{} {}={}: it is on or off", option_, key, *value));
}

std::optional<std::uint64_t> KeyValues::number(const std::string& key) const {
  const auto value = text(key);
  return value ? std::optional(parse_number(option_ + " " + key, *value)) : std::nullopt;
}

void KeyValues::allow_only(const std::vector<std::string>& known) const {
  for (const auto& [key, value] : values_) {
    if (std::ranges::find(known, key) == known.end()) {
      throw base::BadArgument(
          fmt::format("{}: no \"{}\" is known here; possible: {}", option_, key, fmt::join(known, ", ")));
    }
  }
}

std::uint64_t parse_number(const std::string& what, const std::string& text) {
  if (const auto value = read_number(text)) {
    return *value;
  }
  throw base::BadArgument(
      fmt::format("{}: \"{}\" is no number; it is decimal, or hexadecimal behind 0x, and below 2^64", what, text));
}

std::uint64_t parse_size(const std::string& what, const std::string& text, std::uint64_t unit) {
  std::string_view digits = text;
  constexpr std::string_view suffixes = "KMGT";
  const std::size_t power =
      digits.empty() ? std::string_view::npos
                     : suffixes.find(static_cast<char>(std::toupper(static_cast<unsigned char>(digits.back()))));
  if (power != std::string_view::npos) {
    digits.remove_suffix(1);
    unit = std::uint64_t{1} << (10 * (power + 1));
  }
  const auto count = read_number(digits);
  std::uint64_t size = 0;
  if (!count || __builtin_mul_overflow(*count, unit, &size)) {
    throw base::BadArgument(
        fmt::format("{}: \"{}\" is no size; it is a number with K, M, G or T behind it, e.g. 128M", what, text));
  }
  return size;
}

}  // namespace fermata::machine_program
