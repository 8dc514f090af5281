// SPDX-License-Identifier: GPL-2.0-or-later
#include "guests/qemu/stock/plugin_api.hpp"

#include <charconv>
#include <cstring>
#include <tuple>

namespace fermata::qemu {

int plugin_api_for(const QemuVersionTriple& version, const char* override_text) {
  if (override_text != nullptr) {
    int number = 0;
    const char* end = override_text + std::strlen(override_text);
    if (std::from_chars(override_text, end, number).ptr == end && end != override_text) {
      return number;
    }
  }
  // What each takes: up to 8.2: 0..1; 9.0 to 10.x: 2..at least 2; 11.1: 7. 11.0 was not seen: its interface is 6 or
  // less.
  const auto it = std::tuple(version.major, version.minor);
  if (it >= std::tuple(11, 1)) {
    return 7;
  }
  return version.major >= 9 ? 2 : 1;
}

}  // namespace fermata::qemu
