/* SPDX-License-Identifier: MIT */
#include "tests/machine/link/c_client.h"

#include <stdio.h>
#include <string.h>

#include "fermata/c/fermata.h"

enum { limit_ms = 30000 };
static const int64_t ms = 1000000;

struct run {
  char* text;
  size_t text_size;
  size_t used;
  unsigned reads;
  unsigned writes;
  int64_t last_ns;
  int fails;
};

static void take_output(void* context, int64_t at_ns, const void* bytes, size_t count) {
  struct run* run = context;
  run->last_ns = at_ns;
  if (run->used + count < run->text_size) {
    memcpy(run->text + run->used, bytes, count);
    run->used += count;
    run->text[run->used] = '\0';
  }
}

static int answer(void* context, int64_t at_ns, uint64_t offset, uint32_t size, uint64_t* value, int64_t* answer_ns) {
  struct run* run = context;
  ++run->reads;
  if (run->fails || offset != 0 || size != 4) {
    return -1;
  }
  *value = 7;
  *answer_ns = at_ns + 5000;
  return 0;
}

static void take_write(void* context, int64_t at_ns, uint64_t offset, uint32_t size, uint64_t value) {
  struct run* run = context;
  (void)at_ns;
  run->writes += offset == 4 && size == 4 && value == 8;
}

struct ahead {
  unsigned quanta;
  unsigned most;
  int64_t last_ns;
  int is_in_order;
};

static int take_quantum(void* context, int64_t reached_ns) {
  struct ahead* ahead = context;
  ahead->is_in_order = ahead->is_in_order && reached_ns > ahead->last_ns;
  ahead->last_ns = reached_ns;
  return ++ahead->quanta > ahead->most;
}

#define CHECK(condition)                                                     \
  do {                                                                       \
    if (!(condition)) {                                                      \
      snprintf(text, text_size, "%s: %s", #condition, fermata_error(guest)); \
      fermata_free(guest);                                                   \
      return __LINE__;                                                       \
    }                                                                        \
  } while (0)

int run_c_client(const char* const* argv, size_t argc, int transport, char* text, size_t text_size) {
  const char* const channels[] = {"windows=board@0x10010000+4K", "lines=20"};
  const fermata_options options = {
      .size = sizeof options, .name = "rig", .channels = channels, .channel_count = 2, .transport = transport};
  struct run run = {.text = text, .text_size = text_size};
  fermata_guest* guest = NULL;
  fermata_stop stop;
  CHECK(fermata_abi_version() == fermata_abi_of_header);
  CHECK(fermata_launch(argv, argc, &options, &guest) == fermata_ok);
  fermata_serial* serial = fermata_find_serial(guest, "serial0");
  fermata_mmio* window = fermata_find_mmio(guest, "board");
  fermata_line* line = fermata_find_line(guest, "line20");
  CHECK(serial != NULL && window != NULL && line != NULL);
  CHECK(fermata_find_serial(guest, "serial0") == serial);
  CHECK(fermata_find_serial(guest, "board") == NULL);
  CHECK(strstr(fermata_error(guest), "board (mmio)") != NULL);

  CHECK(fermata_serial_on_output(serial, take_output, &run) == fermata_ok);
  CHECK(fermata_mmio_on_read(window, answer, &run) == fermata_ok);
  CHECK(fermata_mmio_on_write(window, take_write, &run) == fermata_ok);
  CHECK(fermata_line_set(line, 5 * ms, 1) == fermata_ok);
  CHECK(fermata_line_set(line, 4 * ms, 0) == fermata_bad_argument);
  CHECK(strstr(fermata_error(guest), "line20 cannot be earlier") != NULL);

  CHECK(fermata_run_until(guest, 10 * ms, limit_ms, &stop) == fermata_ok);
  CHECK(*fermata_error(guest) == '\0');
  CHECK(stop.now_ns == 10 * ms && stop.reason == fermata_at_horizon);
  CHECK(fermata_now(guest) == 10 * ms && fermata_earliest_input(guest) == 10 * ms);
  CHECK(fermata_checkpoint(guest, "branch", limit_ms) == fermata_ok);
  const size_t used = run.used;
  CHECK(fermata_grant(guest, 20 * ms) == fermata_ok);
  CHECK(fermata_wait(guest, limit_ms, &stop) == fermata_ok && stop.now_ns == 20 * ms);
  CHECK(run.reads == run.writes && run.reads > 15);
  const int64_t last_ns = run.last_ns;

  CHECK(fermata_restore(guest, "branch", limit_ms) == fermata_ok && fermata_now(guest) == 10 * ms);
  run.used = used;
  CHECK(fermata_run_until(guest, 20 * ms, limit_ms, NULL) == fermata_ok && run.last_ns == last_ns);

  CHECK(fermata_restore(guest, "branch", limit_ms) == fermata_ok);
  run.used = used;
  struct ahead ahead = {.most = 40, .is_in_order = 1};
  CHECK(fermata_run_ahead(guest, 20 * ms, ms / 4, ms / 8, take_quantum, &ahead, limit_ms, &stop) ==
        fermata_bad_argument);
  CHECK(fermata_run_ahead(guest, 20 * ms, ms / 4, ms, take_quantum, &ahead, limit_ms, &stop) == fermata_ok);
  CHECK(stop.now_ns == 20 * ms && stop.reason == fermata_at_horizon && run.last_ns == last_ns);
  CHECK(ahead.quanta == 40 && ahead.last_ns == 20 * ms && ahead.is_in_order);
  CHECK(fermata_run_ahead(guest, 21 * ms, ms, ms, take_quantum, &ahead, limit_ms, NULL) == fermata_handler_failed);
  CHECK(strstr(fermata_error(guest), "a quantum's handler has failed") != NULL);
  CHECK(fermata_run_ahead(guest, 22 * ms, ms, ms, NULL, NULL, limit_ms, NULL) == fermata_ok);
  CHECK(fermata_grant(guest, 23 * ms) == fermata_ok);
  CHECK(fermata_run_ahead(guest, 23 * ms, ms, ms, NULL, NULL, limit_ms, NULL) == fermata_bad_argument);
  CHECK(fermata_checkpoint(guest, "late", limit_ms) == fermata_bad_argument);
  CHECK(strstr(fermata_error(guest), "wait until it stands") != NULL);
  CHECK(fermata_wait(guest, limit_ms, NULL) == fermata_ok);

  run.fails = 1;
  char before_failure[4096];
  snprintf(before_failure, sizeof before_failure, "%s", text);
  CHECK(fermata_run_until(guest, 30 * ms, limit_ms, NULL) == fermata_handler_failed);
  CHECK(strstr(fermata_error(guest), "handler has failed") != NULL);
  int32_t exit_status = -1;
  CHECK(fermata_close(guest, limit_ms, &exit_status) == fermata_ok && exit_status == 0);
  fermata_free(guest);
  snprintf(text, text_size, "%s", before_failure);
  return 0;
}
