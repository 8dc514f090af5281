// SPDX-License-Identifier: MIT
#include "fermata/host/processor.hpp"

#include <sched.h>

#include <cstddef>

namespace fermata::host {

int current_processor() { return ::sched_getcpu(); }

bool move_off(int processor) {
  cpu_set_t allowed;
  if (processor < 0 || processor >= CPU_SETSIZE || processor != current_processor() ||
      ::sched_getaffinity(0, sizeof allowed, &allowed) != 0) {  // it fails on a host with more processors than that
    return false;
  }
  cpu_set_t others = allowed;
  CPU_CLR(static_cast<std::size_t>(processor), &others);
  if (CPU_COUNT(&others) == 0 || ::sched_setaffinity(0, sizeof others, &others) != 0) {
    return false;
  }
  // Else the thread would be barred from there for good.
  for (int i = 0; i < 3 && ::sched_setaffinity(0, sizeof allowed, &allowed) != 0; ++i) {
  }
  return true;
}

}  // namespace fermata::host
