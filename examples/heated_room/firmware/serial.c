// SPDX-License-Identifier: MIT
#include "serial.h"

#include "board.h"

enum { ier_received = 0x01, ier_sent = 0x02 };
enum { iir_none = 0x01, iir_sent = 0x02, iir_received = 0x04, iir_line = 0x06, iir_kinds = 0x0f, iir_timeout = 0x0c };
enum { lsr_received = 0x01 };
enum { fifo_length = 16 };

// Bytes that an interrupt puts in and somebody takes out, or the other way round. Counts run on and wrap.
enum { ring_length = 64 };
struct ring {
  char bytes[ring_length];
  unsigned put;
  unsigned taken;
};
static volatile struct ring received;
static volatile struct ring to_send;

static unsigned filled(const volatile struct ring* ring) { return ring->put - ring->taken; }

static void put(volatile struct ring* ring, char byte) {
  ring->bytes[ring->put % ring_length] = byte;
  ++ring->put;
}

static char take(volatile struct ring* ring) {
  const char byte = ring->bytes[ring->taken % ring_length];
  ++ring->taken;
  return byte;
}

void serial_start(void) {
  enum { divisor = uart_clock_hz / 16 / 115200 };
  UART_LCR = 0x83;  // the divisor's registers, and 8N1
  UART_DLL = divisor & 0xff;
  UART_DLM = divisor >> 8;
  UART_LCR = 0x03;
  UART_FCR = 0x87;  // FIFOs on and empty, interrupt at 8 bytes or after the time of 4 characters
  UART_MCR = 0x08;  // OUT2, which on a PC's board lets the interrupt through
  UART_IER = ier_received;
  PLIC_PRIORITY(uart_source) = 1;
  PLIC_THRESHOLD = 0;
  PLIC_ENABLE = 1U << uart_source;
  allow_interrupts_of(mie_external);
}

static void receive_all(void) {
  while (UART_LSR & lsr_received) {
    const char byte = (char)UART_RBR;
    if (filled(&received) < ring_length)
      put(&received, byte);
  }
}

static void send_some(void) {
  for (int room = fifo_length; room > 0 && filled(&to_send) > 0; --room)
    UART_THR = (uint8_t)take(&to_send);
  UART_IER = filled(&to_send) > 0 ? ier_received | ier_sent : ier_received;
}

void serial_interrupt(void) {
  for (;;) {
    switch (UART_IIR & iir_kinds) {
      case iir_received:
      case iir_timeout: receive_all(); break;
      case iir_sent: send_some(); break;
      case iir_line: (void)UART_LSR; break;
      default: return;
    }
  }
}

int serial_take_line(char line[longest_line + 1]) {
  static char partial[longest_line + 1];
  static unsigned length;
  while (filled(&received) > 0) {
    const char byte = take(&received);
    if (byte != '\n') {
      if (length < longest_line)
        partial[length] = byte;
      ++length;
      continue;
    }
    const int is_whole = length <= longest_line;
    for (unsigned i = 0; is_whole && i < length; ++i)
      line[i] = partial[i];
    line[is_whole ? length : 0] = '\0';
    length = 0;
    if (is_whole)
      return 1;
  }
  return 0;
}

void serial_send(const char* text) {
  interrupts_off();
  for (; *text; ++text) {
    while (filled(&to_send) == ring_length) {
      wait_for_interrupt();
      interrupts_on();  // here it is taken
      interrupts_off();
    }
    put(&to_send, *text);
    UART_IER = ier_received | ier_sent;
  }
  interrupts_on();
}
