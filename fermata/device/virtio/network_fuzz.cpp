// SPDX-License-Identifier: MIT
// libFuzzer target: any doings of a guest and of the host to the device's window. It may not crash, and what is saved
// is what is restored.
#include "fermata/device/testing/virtio_rigs.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fermata::device::testing::drive_new<fermata::device::testing::NetworkRig>({data, size});
  return 0;
}
