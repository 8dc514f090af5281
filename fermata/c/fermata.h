/* SPDX-License-Identifier: MIT
 *
 * A simulator's end of a guest over link v1 (docs/protocol.md), for C and for whatever calls C: sim::LinkGuest behind
 * opaque handles. Link with -lfermata.
 *
 * Every call that can fail returns a fermata_status, 0 if it succeeded; fermata_error then tells in words what happened
 * and what to do. No exception leaves a call, and none may be thrown into one from a handler. Instants are in ns of
 * virtual time since the guest's start, host time is in ms. Bytes and texts that are passed are the caller's and are
 * needed during the call only; texts that are returned are the guest's and good until its next call. Calls for one
 * guest are for one thread at a time; guests are independent.
 *
 * The ABI: what is declared here stays as it is for one FERMATA_ABI number; structures that may grow, at their end,
 * begin with their size, which the caller fills in. A library takes smaller ones, of programs that are older than it,
 * and larger ones as long as what it does not know is 0 in them.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What this header declares; compare it with what fermata_abi_version() returns of the library that was loaded. */
enum { fermata_abi_of_header = 1 };
uint32_t fermata_abi_version(void);

typedef int32_t fermata_status;
enum {
  fermata_ok = 0,
  fermata_bad_argument = 1,       /* an argument that the call cannot take; nothing has changed */
  fermata_peer_gone = 2,          /* the guest has ended or closed the connection */
  fermata_timed_out = 3,          /* the limit ended first; waiting again is fine */
  fermata_protocol_violation = 4, /* the guest broke the protocol */
  fermata_not_found = 5,          /* a file or program is not there */
  fermata_unsupported = 6,        /* it is there but cannot do that */
  fermata_host_failure = 7,       /* the operating system refused a call */
  fermata_handler_failed = 8,     /* a handler of the caller's said that it failed */
  fermata_internal = 9            /* anything else, such as no memory */
};

/* A guest, and its channels, which live as long as it does. */
typedef struct fermata_guest fermata_guest;
typedef struct fermata_serial fermata_serial;
typedef struct fermata_ethernet fermata_ethernet;
typedef struct fermata_line fermata_line;
typedef struct fermata_mmio fermata_mmio;
typedef struct fermata_message fermata_message;
typedef struct fermata_dma fermata_dma;

/* How bytes go between this process and a program that fermata_launch starts. */
enum {
  fermata_by_socket = 0,       /* costs system calls, works whatever else the cores do */
  fermata_by_shared_memory = 1 /* costs none while both ends have a core */
};

/* How a guest is opened; 0 and NULL are the defaults. */
typedef struct fermata_options {
  size_t size;                 /* sizeof(fermata_options) */
  const char* name;            /* what messages call it; "guest" */
  const char* const* channels; /* what its program is to make channels of: items of its -link, such as "lines=20" */
  size_t channel_count;
  const char* const* reactive; /* channels whose outputs stop the guest at their very instants */
  size_t reactive_count;
  const char* record;    /* a file that takes a recording of the link */
  int64_t open_limit_ms; /* host time for the hand-shake; 30 s */
  int64_t transport;     /* fermata_by_socket or another; not for fermata_attach */
} fermata_options;

/* Why a guest stands; the numbers are those of the protocol. */
enum {
  fermata_at_horizon = 1,
  fermata_at_output = 2,
  fermata_full = 4,
  fermata_by_user = 5,
  fermata_was_reset = 6,
  fermata_powered_off = 7,
  fermata_panicked = 8,
  fermata_guest_error = 9
};
typedef struct fermata_stop {
  int64_t now_ns;
  uint32_t reason;
  int32_t exit_status; /* after fermata_powered_off */
  int32_t is_idle;     /* not 0: nothing happens before next_ns, unless there is an input */
  int32_t has_next;    /* not 0: next_ns is the guest's next timer */
  int64_t next_ns;
} fermata_stop;

/* Starts the program argv[0] .. argv[argc - 1], a fermata-machine or a fermata-qemu; it ends with the handle. `options`
 * may be NULL. *guest is set also when this fails, for fermata_error, and is to be freed; it is NULL only if `guest` is
 * bad or there is no memory. */
fermata_status fermata_launch(const char* const* argv, size_t argc, const fermata_options* options,
                              fermata_guest** guest);
/* The same for a guest at the other end of a connected UNIX stream socket, which becomes the guest's to close. */
fermata_status fermata_attach(int descriptor, const fermata_options* options, fermata_guest** guest);
/* Ends the guest in order, giving its program `grace_ms` to exit, and tells how it exited: *exit_status is its status,
 * or minus the signal; 0 for an attached one. May be NULL. The handle stays, to be freed. */
fermata_status fermata_close(fermata_guest* guest, int64_t grace_ms, int32_t* exit_status);
/* Frees a guest, closed or not. NULL is fine. Not from a handler. */
void fermata_free(fermata_guest* guest);
/* The last failure in words; "" if the last call succeeded. */
const char* fermata_error(const fermata_guest* guest);

/* A channel by its name; NULL if there is none of that kind (fermata_error lists those that there are). */
fermata_serial* fermata_find_serial(fermata_guest* guest, const char* name);
fermata_ethernet* fermata_find_ethernet(fermata_guest* guest, const char* name);
fermata_line* fermata_find_line(fermata_guest* guest, const char* name);
fermata_mmio* fermata_find_mmio(fermata_guest* guest, const char* name);
fermata_message* fermata_find_message(fermata_guest* guest, const char* name);
fermata_dma* fermata_find_dma(fermata_guest* guest, const char* name);

/* Inputs at their instants, not earlier than fermata_earliest_input. */
fermata_status fermata_serial_send(fermata_serial* serial, int64_t at_ns, const void* bytes, size_t count);
fermata_status fermata_ethernet_send(fermata_ethernet* ethernet, int64_t at_ns, const void* frame, size_t count);
fermata_status fermata_line_set(fermata_line* line, int64_t at_ns, int level);
fermata_status fermata_message_send(fermata_message* message, int64_t at_ns, const void* bytes, size_t count);

/* Handlers are called from within the calls that wait, in the order of time; they may send, but neither wait nor free.
 * `context` is handed on. NULL takes a handler away. */
typedef void (*fermata_bytes_handler)(void* context, int64_t at_ns, const void* bytes, size_t count);
typedef void (*fermata_write_handler)(void* context, int64_t at_ns, uint64_t offset, uint32_t size, uint64_t value);
/* Sets *value, and *answer_ns to a later instant if the guest is to have it then only; it is at_ns before. Returns 0;
 * or anything else if it has failed: fermata_handler_failed from the call that waits. */
typedef int (*fermata_read_handler)(void* context, int64_t at_ns, uint64_t offset, uint32_t size, uint64_t* value,
                                    int64_t* answer_ns);
fermata_status fermata_serial_on_output(fermata_serial* serial, fermata_bytes_handler handler, void* context);
fermata_status fermata_ethernet_on_output(fermata_ethernet* ethernet, fermata_bytes_handler handler, void* context);
fermata_status fermata_mmio_on_write(fermata_mmio* mmio, fermata_write_handler handler, void* context);
fermata_status fermata_mmio_on_read(fermata_mmio* mmio, fermata_read_handler handler, void* context);
fermata_status fermata_message_on_output(fermata_message* message, fermata_bytes_handler handler, void* context);

/* The guest's memory, by guest-physical addresses, at an instant that is to come: 1 to 65,520 bytes. `handler`, which
 * may be NULL, is called as the others are, with the instant at which the guest was. `is_done` is 0 if not all of it is
 * memory; nothing was moved then. `bytes` has what was read, and is NULL otherwise. */
typedef void (*fermata_dma_handler)(void* context, int64_t at_ns, int is_done, const void* bytes, size_t count);
fermata_status fermata_dma_read(fermata_dma* dma, int64_t at_ns, uint64_t address, size_t count,
                                fermata_dma_handler handler, void* context);
fermata_status fermata_dma_write(fermata_dma* dma, int64_t at_ns, uint64_t address, const void* bytes, size_t count,
                                 fermata_dma_handler handler, void* context);
/* The same at the instant at which the guest stands, of any size; returns when it has been done. The channel is among
 * the options' reactive ones. Between runs, and in handlers of reactive channels and of reads. */
fermata_status fermata_dma_read_now(fermata_dma* dma, uint64_t address, void* into, size_t count, int64_t limit_ms,
                                    int* is_done);
fermata_status fermata_dma_write_now(fermata_dma* dma, uint64_t address, const void* bytes, size_t count,
                                     int64_t limit_ms, int* is_done);

/* Lets the guest run until `horizon_ns`, and returns at once. */
fermata_status fermata_grant(fermata_guest* guest, int64_t horizon_ns);
/* Waits until it stands; *stop, which may be NULL, says where and why. */
fermata_status fermata_wait(fermata_guest* guest, int64_t limit_ms, fermata_stop* stop);
/* What has come so far: *has_stopped is not 0 if it stands, and *stop is set then. */
fermata_status fermata_poll(fermata_guest* guest, int* has_stopped, fermata_stop* stop);
/* Grants and waits until it is there or has ended; the second comes back at outputs of reactive channels as well. */
fermata_status fermata_run_until(fermata_guest* guest, int64_t horizon_ns, int64_t limit_ms, fermata_stop* stop);
fermata_status fermata_run_until_output(fermata_guest* guest, int64_t horizon_ns, int64_t limit_ms, fermata_stop* stop);

/* Lets the guest run until `end_ns` without having it stand each quantum (sim::LinkGuest::run_ahead): `on_quantum` is
 * called for each `quantum_ns` with the instant that the guest has come to, in the order of time among the handlers of
 * outputs, and the horizon is kept `distance_ns`, at least a quantum, beyond. What it and they send is for
 * fermata_earliest_input or later. It returns 0, or anything else if it has failed: fermata_handler_failed from here,
 * and the guest runs on to where it was allowed to. NULL if nobody is to be called. The guest stands before and, unless
 * this fails, after. `limit_ms` is for each time that nothing is heard of it. Since 1.1 of the library. */
typedef int (*fermata_quantum_handler)(void* context, int64_t reached_ns);
fermata_status fermata_run_ahead(fermata_guest* guest, int64_t end_ns, int64_t quantum_ns, int64_t distance_ns,
                                 fermata_quantum_handler on_quantum, void* context, int64_t limit_ms,
                                 fermata_stop* stop);

/* Where it stood at its last report, and the earliest instant that an input may have; -1 for a guest that is not there.
 */
int64_t fermata_now(const fermata_guest* guest);
int64_t fermata_earliest_input(const fermata_guest* guest);

/* Saves the guest under a name, and takes it back, while it stands. */
fermata_status fermata_checkpoint(fermata_guest* guest, const char* name, int64_t limit_ms);
fermata_status fermata_restore(fermata_guest* guest, const char* name, int64_t limit_ms);

#ifdef __cplusplus
}
#endif
