// SPDX-License-Identifier: MIT
// libFuzzer target: the device tree of a board with any options, read back with libfdt: whole, and with what was put
// in.
#include <libfdt.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "fermata/base/error.hpp"
#include "fermata/machine/board_map.hpp"
#include "fermata/machine/boot/device_tree.hpp"

using namespace fermata;

namespace {

// Takes values from the front of the input; zeros when it is used up.
class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size) : rest_(reinterpret_cast<const char*>(data), size) {}
  std::uint64_t number() {
    std::uint64_t value = 0;
    const auto count = std::min(rest_.size(), sizeof value);
    std::memcpy(&value, rest_.data(), count);
    rest_.remove_prefix(count);
    return value;
  }
  [[nodiscard]] std::string_view rest() const { return rest_; }

 private:
  std::string_view rest_;
};

void expect(bool condition) {
  if (!condition) {
    std::abort();
  }
}

std::uint64_t wide(const void* tree, const char* path, const char* name) {
  int size = 0;
  const void* value = fdt_getprop(tree, fdt_path_offset(tree, path), name, &size);
  expect(value != nullptr && size == 8);
  fdt64_t cells = 0;
  std::memcpy(&cells, value, sizeof cells);
  return fdt64_to_cpu(cells);
}

void check(const std::vector<std::byte>& bytes, const machine::boot::DeviceTreeOptions& options) {
  const void* const tree = bytes.data();
  expect(fdt_check_full(tree, bytes.size()) == 0 && fdt_totalsize(tree) == bytes.size());
  expect(fdt_path_offset(tree, ("/cpus/cpu@" + std::to_string(options.harts - 1)).c_str()) >= 0);
  expect(fdt_path_offset(tree, ("/cpus/cpu@" + std::to_string(options.harts)).c_str()) < 0);
  const int chosen = fdt_path_offset(tree, "/chosen");
  int size = 0;
  const char* const bootargs = static_cast<const char*>(fdt_getprop(tree, chosen, "bootargs", &size));
  expect((bootargs == nullptr && options.bootargs.empty()) ||
         std::string_view(bootargs, static_cast<std::size_t>(size)) ==
             std::string_view(options.bootargs.c_str(), options.bootargs.size() + 1));
  if (options.initrd) {
    expect(wide(tree, "/chosen", "linux,initrd-start") == options.initrd->begin);
    expect(wide(tree, "/chosen", "linux,initrd-end") == options.initrd->begin + options.initrd->size);
  }
  expect((fdt_getprop(tree, chosen, "rng-seed", &size) != nullptr) == options.rng_seed.has_value());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input input(data, size);
  const std::uint64_t choice = input.number();
  machine::boot::DeviceTreeOptions options{.harts = static_cast<unsigned>(1 + choice % machine::board_map::max_harts),
                                           .ram_size = input.number()};
  if ((choice & 0x100) != 0) {
    const bus::Address begin = input.number();
    options.initrd = bus::AddressRange{.begin = begin, .size = input.number()};
  }
  if ((choice & 0x200) != 0) {
    options.rng_seed = input.number();
  }
  for (std::uint64_t i = 0; i <= (choice >> 16 & 0xff); ++i) {  // long ones too
    options.bootargs += input.rest();
  }
  try {
    check(machine::boot::make_device_tree(options), options);
  } catch (const base::BadArgument&) {
    expect(options.bootargs.size() > 64 * 1024);
  }
  return 0;
}
