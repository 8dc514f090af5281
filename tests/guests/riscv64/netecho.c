// SPDX-License-Identifier: MIT
//
// Sends back each Ethernet frame with its addresses exchanged, by a minimal driver of a virtio network device in slot 0
// (virtio 1.2, sections 2.7, 4.2 and 5.1). Into a frame of at least 40 bytes it writes, at 20 and 28, how many
// instructions it had executed when it woke up and when it was about to send, so that a test knows when the frame must
// have left: the second number is of the third last instruction, the last being the notification. Prints its address
// once it is ready. A frame with the EtherType 0x88b6 (for local experiments) has no answer: it ends the guest.
#include "board.h"
#include "guest.h"

#define VIRTIO(offset) REG32(0x10001000 + (offset))
#define VIRTIO_ADDRESS(index) REG8(0x10001100 + (uintptr_t)(index))
enum {
  device_id = 0x08,
  features = 0x10,
  features_select = 0x14,
  driver_features = 0x20,
  driver_features_select = 0x24,
  queue_select = 0x30,
  queue_size = 0x38,
  queue_ready = 0x44,
  queue_notify = 0x50,
  interrupt_status = 0x60,
  interrupt_acknowledge = 0x64,
  status = 0x70,
  queue_descriptors = 0x80,
  queue_driver = 0x90,
  queue_device = 0xa0
};
enum { network_device = 1, mac_feature = 1 << 5, virtio_source = 1 };
enum { receive_queue, transmit_queue };
enum { entries = 8, header_size = 12, buffer_size = 2048, stamps_at = 20, smallest_stamped = 40, last_type = 0x88b6 };

struct descriptor {
  uint64_t at;
  uint32_t size;
  uint16_t flags, next;
};
enum { writable = 2 };
struct queue {
  struct descriptor descriptors[entries];
  struct {
    uint16_t flags, index, ring[entries];
  } available;
  struct {
    uint16_t flags, index;
    struct {
      uint32_t head, size;
    } ring[entries];
  } used __attribute__((aligned(4)));
} __attribute__((aligned(16)));

static volatile struct queue queues[2];
static uint8_t buffers[entries][buffer_size] __attribute__((aligned(16)));
static uint16_t seen[2];  // of each used ring

static void barrier(void) { __asm__ volatile("fence rw, rw" : : : "memory"); }

static uint64_t instructions(void) {
  uint64_t count;
  __asm__ volatile("csrr %0, minstret" : "=r"(count) : : "memory");
  return count;
}

static void set_up_queue(unsigned index) {
  volatile struct queue* queue = &queues[index];
  VIRTIO(queue_select) = index;
  VIRTIO(queue_size) = entries;
  VIRTIO(queue_descriptors) = (uint32_t)(uintptr_t)queue->descriptors;
  VIRTIO(queue_driver) = (uint32_t)(uintptr_t)&queue->available;
  VIRTIO(queue_device) = (uint32_t)(uintptr_t)&queue->used;
  VIRTIO(queue_ready) = 1;
}

static void offer(unsigned index, uint16_t buffer, uint32_t size, uint16_t flags) {
  volatile struct queue* queue = &queues[index];
  queue->descriptors[buffer].at = (uintptr_t)buffers[buffer];
  queue->descriptors[buffer].size = size;
  queue->descriptors[buffer].flags = flags;
  queue->available.ring[queue->available.index % entries] = buffer;
  barrier();
  queue->available.index = (uint16_t)(queue->available.index + 1);
  barrier();
}

static void lend(uint16_t buffer) {
  offer(receive_queue, buffer, buffer_size, writable);
  VIRTIO(queue_notify) = receive_queue;
}

static void start_device(void) {
  if (VIRTIO(device_id) != network_device)
    exit_with(3);
  VIRTIO(status) = 0;
  VIRTIO(status) = 3;
  VIRTIO(features_select) = 0;
  VIRTIO(driver_features_select) = 0;
  VIRTIO(driver_features) = VIRTIO(features) & mac_feature;
  VIRTIO(driver_features_select) = 1;
  VIRTIO(driver_features) = 1;  // version 1
  VIRTIO(status) = 11;
  set_up_queue(receive_queue);
  set_up_queue(transmit_queue);
  queues[transmit_queue].available.flags = 1;  // no interrupts
  VIRTIO(status) = 15;
  for (uint16_t buffer = 0; buffer < entries; ++buffer)
    lend(buffer);
}

static void listen(void) {
  PLIC_PRIORITY(virtio_source) = 1;
  PLIC_THRESHOLD = 0;
  PLIC_ENABLE = 1U << virtio_source;
  allow_wake_up_by(mie_external);
}

// Waits for a frame and returns how many instructions had been executed when it was there.
static uint64_t await_frame(void) {
  uint64_t woken = instructions();
  while (queues[receive_queue].used.index == seen[receive_queue]) {
    wait_for_interrupt();
    woken = instructions();
    const uint32_t source = PLIC_CLAIM;
    VIRTIO(interrupt_acknowledge) = VIRTIO(interrupt_status);
    PLIC_CLAIM = source;
    barrier();
  }
  return woken;
}

static void exchange_addresses(uint8_t* frame) {
  for (unsigned i = 0; i < 6; ++i) {
    const uint8_t byte = frame[i];
    frame[i] = frame[i + 6];
    frame[i + 6] = byte;
  }
}

// Does not come back before the device has sent it, which it does at once.
static void send(uint16_t buffer, uint32_t size, uint64_t woken) {
  uint8_t* frame = buffers[buffer] + header_size;
  offer(transmit_queue, buffer, size, 0);
  if (size - header_size < smallest_stamped) {
    VIRTIO(queue_notify) = transmit_queue;
  } else {
    uint64_t* stamps = (uint64_t*)(void*)(frame + stamps_at);
    uint64_t count;
    stamps[0] = woken;
    __asm__ volatile("csrr %0, minstret\n\tsd %0, 8(%1)\n\tsw %2, 0(%3)"
                     : "=&r"(count)
                     : "r"(stamps), "r"(transmit_queue), "r"(&VIRTIO(queue_notify))
                     : "memory");
  }
  barrier();
  while (queues[transmit_queue].used.index == seen[transmit_queue]) {
  }
  ++seen[transmit_queue];
}

static void print_address(void) {
  print("address");
  for (unsigned i = 0; i < 6; ++i) {
    print(" ");
    print_number(VIRTIO_ADDRESS(i));
  }
  print("\n");
}

int main(void) {
  listen();
  start_device();
  print_address();
  for (;;) {
    const uint64_t woken = await_frame();
    const uint16_t slot = seen[receive_queue]++ % entries;
    const uint16_t buffer = (uint16_t)queues[receive_queue].used.ring[slot].head;
    const uint32_t size = queues[receive_queue].used.ring[slot].size;
    uint8_t* frame = buffers[buffer] + header_size;
    if ((frame[12] << 8 | frame[13]) == last_type)
      power_off();
    exchange_addresses(frame);
    send(buffer, size, woken);
    lend(buffer);
  }
}
