// SPDX-License-Identifier: MIT
//
// The heater's controller without an operating system: what guest/controller.sh is for Linux, with the same protocol,
// which is drawn there. Between interrupts the hart sleeps.
#include "board.h"
#include "serial.h"
#include "uptime.h"

enum { setpoint = 21000, hysteresis = 500 };  // thousandths of a degree

static int is_heating;

static _Noreturn void end(uint32_t how) {
  FINISHER = how;
  for (;;)
    wait_for_interrupt();
}

void handle_trap(uint64_t cause) {
  if (cause == (MCAUSE_INTERRUPT | machine_timer)) {
    uptime_interrupt();
  } else if (cause == (MCAUSE_INTERRUPT | machine_external)) {
    const uint32_t source = PLIC_CLAIM;
    if (source == uart_source)
      serial_interrupt();
    PLIC_CLAIM = source;
  } else {
    end(finisher_fail | 3U << 16);  // a fault of this program
  }
}

// Reads a whole number; 0 if it is none or has more than nine digits.
static int read_number(const char* text, int* number) {
  const int is_negative = *text == '-';
  int digits = 0;
  int magnitude = 0;
  for (text += is_negative; *text >= '0' && *text <= '9' && digits < 10; ++text, ++digits)
    magnitude = digits < 9 ? magnitude * 10 + (*text - '0') : magnitude;
  *number = is_negative ? -magnitude : magnitude;
  return *text == '\0' && digits > 0 && digits < 10;
}

// Appends the digits of `number`, at least `digits` of them, and returns the end.
static char* append_number(char* to, uint64_t number, int digits) {
  char reversed[20];
  int count = 0;
  for (; number > 0 || count < digits; number /= 10)
    reversed[count++] = (char)('0' + number % 10);
  while (count > 0)
    *to++ = reversed[--count];
  return to;
}

static void answer(void) {
  char text[40] = "H ";
  const uint64_t now = uptime_hundredths();
  char* end_of_text = append_number(text + 2, (uint64_t)is_heating, 1);
  for (const char* word = " U "; *word; ++word)
    *end_of_text++ = *word;
  end_of_text = append_number(end_of_text, now / 100, 1);
  *end_of_text++ = '.';
  end_of_text = append_number(end_of_text, now % 100, 2);
  *end_of_text++ = '\n';
  *end_of_text = '\0';
  serial_send(text);
}

static void control(const char* line) {
  int temperature = 0;
  if (line[0] == 'Q' && line[1] == '\0')
    end(finisher_pass);
  if (line[0] != 'T' || line[1] != ' ' || !read_number(line + 2, &temperature))
    return;  // there is no console to complain to; the plant misses its answer
  if (temperature < setpoint - hysteresis)
    is_heating = 1;
  else if (temperature > setpoint + hysteresis)
    is_heating = 0;
  answer();
}

int main(void) {
  char line[longest_line + 1];
  uptime_start();
  serial_start();
  serial_send("R\n");
  for (;;) {
    interrupts_off();
    const int has_line = serial_take_line(line);
    if (!has_line)
      wait_for_interrupt();
    interrupts_on();
    if (has_line)
      control(line);
  }
}
