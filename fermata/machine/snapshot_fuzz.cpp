// SPDX-License-Identifier: MIT
// libFuzzer target: a machine's state with anything changed in it, sealed again so that its checksum fits. It is
// refused, or taken and run on a little.
//
// The input is a list of changes, five bytes each: three for the place, one for what is done there, one for the value.
#include <cstdint>

#include "fermata/machine/testing/furnished.hpp"

using namespace fermata;
using machine::testing::kind_of;
using machine::testing::load_and_run;
using machine::testing::make_furnished;
using machine::testing::state_of;

namespace {

void change(std::vector<std::byte>& state, const std::uint8_t* how) {
  const std::size_t at = (how[0] | std::size_t{how[1]} << 8 | std::size_t{how[2]} << 16) % (state.size() + 1);
  const auto value = static_cast<std::byte>(how[4]);
  const auto place = state.begin() + static_cast<std::ptrdiff_t>(at);
  switch (how[3] % 6) {
    case 0: state.insert(place, value); break;
    case 1:
      state.erase(place, place + static_cast<std::ptrdiff_t>(std::min<std::size_t>(how[4], state.size() - at)));
      break;
    case 2: std::fill_n(place, std::min<std::size_t>(8, state.size() - at), value); break;
    case 3: std::fill_n(place, std::min<std::size_t>(4, state.size() - at), value); break;
    default:
      if (at < state.size()) {
        *place = value;
      }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::vector<std::byte> good = make_furnished()->save();
  static const std::string kind = kind_of(good);
  auto state = state_of(good);
  for (; size >= 5; data += 5, size -= 5) {
    change(state, data);
  }
  const auto machine = make_furnished();
  static_cast<void>(load_and_run(*machine, kind, state));
  return 0;
}
