// SPDX-License-Identifier: MIT
// libFuzzer target: a virtqueue over memory full of anything. A chain that it gives is bounded, and after a fault it
// gives none.
#include <algorithm>
#include <cstdlib>

#include "fermata/device/testing/workbench.hpp"
#include "fermata/device/virtio/queue.hpp"

using namespace fermata;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  device::testing::Workbench bench;
  const auto bytes = std::as_bytes(std::span(data, std::min<std::size_t>(size, 4'096)));
  static_cast<void>(bench.space.copy_to(0x2000, bytes));
  device::virtio::Queue queue(bench.dma);
  const auto wrong =
      queue.enable({.size = 16, .descriptors = 0x2000, .driver_area = 0x2100, .device_area = 0x3000}, true);
  if (wrong) {
    std::abort();
  }
  for (int i = 0; i < 64; ++i) {
    const auto chain = queue.pop();
    if (!chain) {
      break;
    }
    if (queue.fault() || chain->readable.size() + chain->writable.size() > 16 + device::virtio::Queue::max_size) {
      std::abort();
    }
    static_cast<void>(queue.push(chain->head, 0));
  }
  return 0;
}
