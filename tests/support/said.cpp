// SPDX-License-Identifier: MIT
#include "tests/support/said.hpp"

namespace fermata::test_support {

std::vector<std::string> whole_lines(std::string_view said) {
  std::vector<std::string> lines;
  for (std::size_t end = said.find('\n'); end != std::string_view::npos; end = said.find('\n')) {
    lines.emplace_back(said.substr(0, end));
    said.remove_prefix(end + 1);
  }
  return lines;
}

std::vector<std::int64_t> numbers_said(std::string_view said, std::string_view name) {
  std::vector<std::int64_t> numbers;
  for (const std::string& line : whole_lines(said)) {
    if (line.starts_with(name)) {
      numbers.push_back(std::stoll(line.substr(name.size())));
    }
  }
  return numbers;
}

std::optional<std::int64_t> number_said(std::string_view said, std::string_view name) {
  const auto numbers = numbers_said(said, name);
  return numbers.empty() ? std::nullopt : std::optional(numbers.front());
}

}  // namespace fermata::test_support
