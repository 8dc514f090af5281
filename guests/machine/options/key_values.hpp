// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace fermata::machine_program {

/// The value of a QEMU-style option: "sock=5,zero=exit". A first part without `=` is the value of `implied_key`; later
/// parts without `=` are "key=on"; a comma within a value is doubled. The last of equal keys counts.
class KeyValues {
 public:
  /// `option` is what messages call it: "-icount".
  KeyValues(std::string option, const std::string& text, const std::string& implied_key);

  [[nodiscard]] std::optional<std::string> text(const std::string& key) const;
  /// on, yes, true, y or off, no, false, n. Throws base::BadArgument for anything else.
  [[nodiscard]] std::optional<bool> flag(const std::string& key) const;
  /// Decimal, or hexadecimal behind 0x. Throws base::BadArgument for anything else.
  [[nodiscard]] std::optional<std::uint64_t> number(const std::string& key) const;
  /// Throws base::BadArgument that lists `known` if there is any other key.
  void allow_only(const std::vector<std::string>& known) const;

 private:
  std::string option_;
  std::map<std::string, std::string> values_;
};

/// As KeyValues::number reads it; `what` is for the message.
[[nodiscard]] std::uint64_t parse_number(const std::string& what, const std::string& text);

/// A size with an optional suffix K, M, G or T (powers of 1024), in units of `unit` bytes without one.
[[nodiscard]] std::uint64_t parse_size(const std::string& what, const std::string& text, std::uint64_t unit);

}  // namespace fermata::machine_program
