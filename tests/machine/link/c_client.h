/* SPDX-License-Identifier: MIT */
#pragma once

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A simulator in C that runs the guest `window` for 20 ms, by one of fermata_by_...: answers its reads by 7 after 5 us,
 * branches it at 10 ms, keeps it ahead, and puts into `text` what it sent. 0; or the line at which something was not as
 * it should be, and `text` says what. */
int run_c_client(const char* const* argv, size_t argc, int transport, char* text, size_t text_size);

#ifdef __cplusplus
}
#endif
