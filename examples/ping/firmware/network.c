// SPDX-License-Identifier: MIT
//
// A driver without interrupt handlers (virtio 1.2, sections 2.7 split virtqueues, 4.2 the registers, 5.1 network
// cards): an interrupt only ends the sleep. Each buffer goes round: lent to the card, received into, changed by the
// caller, sent, lent again.
#include "network.h"

#define REG8(address) (*(volatile uint8_t*)(address))
#define REG32(address) (*(volatile uint32_t*)(address))
#define FINISHER REG32(0x00100000)
#define PLIC_PRIORITY(source) REG32(0x0c000000 + 4 * (uintptr_t)(source))
#define PLIC_ENABLE REG32(0x0c002000)
#define PLIC_THRESHOLD REG32(0x0c200000)
#define PLIC_CLAIM REG32(0x0c200004)
#define CARD(offset) REG32(0x10001000 + (offset))
#define CARD_ADDRESS(index) REG8(0x10001100 + (uintptr_t)(index))

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
enum { acknowledge = 1, driver = 2, driver_ok = 4, features_ok = 8 };
enum { is_network_card = 1, has_address = 1 << 5, version_1 = 1, card_source = 1 };
enum { receive_queue, transmit_queue, queue_count };
enum { entries = 8, header_size = 12, buffer_size = 2048 };
enum { device_writes = 2, no_interrupt = 1 };
enum { mie_external = 1 << 11, exit_no_card = 3 << 16 | 0x3333 };

struct queue {
  struct {
    uint64_t at;
    uint32_t size;
    uint16_t flags, next;
  } descriptors[entries];
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

static volatile struct queue queues[queue_count];
static uint16_t taken[queue_count];  // of what each queue's device has given back
static uint8_t buffers[entries][buffer_size] __attribute__((aligned(16)));
static uint16_t held = entries;  // the buffer that is the caller's; `entries` is none
static uint8_t address[address_size];

static void barrier(void) { __asm__ volatile("fence rw, rw" : : : "memory"); }
static int is_empty(unsigned index) { return queues[index].used.index == taken[index]; }

static void set_up(unsigned index) {
  CARD(queue_select) = index;
  CARD(queue_size) = entries;
  CARD(queue_descriptors) = (uint32_t)(uintptr_t)queues[index].descriptors;
  CARD(queue_driver) = (uint32_t)(uintptr_t)&queues[index].available;
  CARD(queue_device) = (uint32_t)(uintptr_t)&queues[index].used;
  CARD(queue_ready) = 1;
}

static void give(unsigned index, uint16_t buffer, uint32_t size, uint16_t flags) {
  volatile struct queue* queue = &queues[index];
  queue->descriptors[buffer].at = (uintptr_t)buffers[buffer];
  queue->descriptors[buffer].size = size;
  queue->descriptors[buffer].flags = flags;
  queue->available.ring[queue->available.index % entries] = buffer;
  barrier();
  queue->available.index = (uint16_t)(queue->available.index + 1);
  barrier();
  CARD(queue_notify) = index;
}

void network_start(void) {
  if (CARD(device_id) != is_network_card) {
    FINISHER = exit_no_card;
  }
  PLIC_PRIORITY(card_source) = 1;
  PLIC_THRESHOLD = 0;
  PLIC_ENABLE = 1U << card_source;
  __asm__ volatile("csrs mie, %0" : : "r"(mie_external));

  CARD(status) = 0;
  CARD(status) = acknowledge | driver;
  CARD(features_select) = 0;
  CARD(driver_features_select) = 0;
  CARD(driver_features) = CARD(features) & has_address;
  CARD(driver_features_select) = 1;
  CARD(driver_features) = version_1;
  CARD(status) = acknowledge | driver | features_ok;
  set_up(receive_queue);
  set_up(transmit_queue);
  queues[transmit_queue].available.flags = no_interrupt;
  CARD(status) = acknowledge | driver | features_ok | driver_ok;
  for (unsigned i = 0; i < address_size; ++i) {
    address[i] = CARD_ADDRESS(i);
  }
  for (uint16_t buffer = 0; buffer < entries; ++buffer) {
    give(receive_queue, buffer, buffer_size, device_writes);
  }
}

const uint8_t* network_address(void) { return address; }

// Leaves the wfi when the card's interrupt is pending, and settles it.
static void sleep_until_interrupt(void) {
  __asm__ volatile("wfi" : : : "memory");
  const uint32_t source = PLIC_CLAIM;
  CARD(interrupt_acknowledge) = CARD(interrupt_status);
  PLIC_CLAIM = source;
  barrier();
}

struct frame network_receive(void) {
  if (held != entries) {
    give(receive_queue, held, buffer_size, device_writes);
  }
  while (is_empty(receive_queue)) {
    sleep_until_interrupt();
  }
  barrier();
  const uint16_t slot = taken[receive_queue]++ % entries;
  held = (uint16_t)queues[receive_queue].used.ring[slot].head;
  return (struct frame){.bytes = buffers[held] + header_size,
                        .size = queues[receive_queue].used.ring[slot].size - header_size};
}

void network_send(struct frame frame) {
  for (unsigned i = 0; i < header_size; ++i) {
    buffers[held][i] = 0;  // no checksum or segmentation is left to the card
  }
  give(transmit_queue, held, header_size + frame.size, 0);
  while (is_empty(transmit_queue)) {
  }
  ++taken[transmit_queue];
}
