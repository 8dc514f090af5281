// SPDX-License-Identifier: MIT
// libFuzzer target: any file as an ELF file, planned and loaded into a small machine's RAM. It is taken or refused.
#include <cstdint>
#include <cstdlib>
#include <span>

#include "fermata/base/error.hpp"
#include "fermata/machine/board_map.hpp"
#include "fermata/machine/boot/boot_plan.hpp"

using namespace fermata;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  constexpr std::uint64_t ram_size = 256 * 1024;
  const auto file = std::make_shared<const std::vector<std::byte>>(bytes.begin(), bytes.end());
  try {
    const auto plan = machine::boot::plan_boot({.kernel = {{.name = "fuzzed", .bytes = file}}}, ram_size, 1);
    bus::Ram ram("ram", ram_size);
    bus::AddressSpace memory;
    memory.map(machine::board_map::ram_begin, ram);
    for (const machine::boot::Image& image : plan->images) {
      machine::boot::load(image, memory);  // what was planned fits
    }
  } catch (const base::Error& error) {
    if (error.code() != base::ErrorCode::unsupported) {
      std::abort();
    }
  }
  return 0;
}
