// SPDX-License-Identifier: MIT
//
// A network card: the first virtio-mmio device of the embedded machine and of QEMU's riscv64 virt board (there with
// -global virtio-mmio.force-legacy=false). One frame at a time is in the hands of the caller.
#pragma once
#include <stdint.h>

enum { address_size = 6, ethernet_header = 14 };

struct frame {
  uint8_t* bytes;  // without FCS
  uint32_t size;
};

// Finds the card and makes it ready. Ends the machine with status 3 if there is none.
void network_start(void);
// The card's address, `address_size` bytes.
const uint8_t* network_address(void);
// The next frame, sleeping until there is one. It is the caller's until the next call.
struct frame network_receive(void);
// Sends the frame that was received last, as the caller has changed it. It has left on return.
void network_send(struct frame frame);
