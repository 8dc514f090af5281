// SPDX-License-Identifier: MIT
#include "protocol.hpp"

#include <cstdint>
#include <sstream>
#include <string>

namespace heated_room {

std::optional<ControllerAnswer> parse_answer(std::string_view line) {
  std::istringstream words{std::string(line)};
  std::string heater_word;
  std::string heater;
  std::string uptime_word;
  std::int64_t seconds = 0;
  std::string fraction;
  if (!(words >> heater_word >> heater >> uptime_word >> seconds >> fraction) || !words.eof()) {
    return std::nullopt;
  }
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  constexpr std::int64_t longest_s = 1'000'000'000;
  if (heater_word != "H" || uptime_word != "U" || (heater != "0" && heater != "1") || seconds < 0 ||
      seconds > longest_s || fraction.size() != 3 || fraction[0] != '.' || !is_digit(fraction[1]) ||
      !is_digit(fraction[2])) {
    return std::nullopt;
  }
  const std::int64_t hundredths = (fraction[1] - '0') * 10 + (fraction[2] - '0');
  return ControllerAnswer{.is_heating = heater == "1",
                          .uptime = Duration::seconds(seconds) + Duration::milliseconds(10 * hundredths)};
}

}  // namespace heated_room
