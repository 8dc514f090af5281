// SPDX-License-Identifier: MIT
//
// Never ends, never sleeps, prints nothing.
guest_main
    b .
