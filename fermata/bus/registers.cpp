// SPDX-License-Identifier: MIT
#include "fermata/bus/registers.hpp"

#include <fmt/format.h>

namespace fermata::bus {
namespace {

std::string_view to_string(RegisterAccess access) {
  switch (access) {
    case RegisterAccess::read_write: return "read and write";
    case RegisterAccess::read_only: return "read only";
    case RegisterAccess::write_only: return "write only";
    case RegisterAccess::write_one_to_clear: return "write one to clear";
  }
  return "?";
}

}  // namespace

std::string describe(const RegisterInfo& info) {
  std::string text = fmt::format("{:#05x} {} {} bytes, {}, reset {:#x}", info.offset, info.name, info.size,
                                 to_string(info.access), info.reset);
  if (info.count > 1) {
    text += fmt::format(", {} of them {:#x} apart", info.count, info.stride);
  }
  return text + "\n";
}

std::string describe_misuse(std::string_view verb, Address offset, unsigned size, std::string_view why) {
  return fmt::format("{} of {} bytes at offset {:#x}: {}", verb, size, offset, why);
}

}  // namespace fermata::bus
