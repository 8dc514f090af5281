// SPDX-License-Identifier: MIT
#include "fermata/base/contract.hpp"

#include <cstdio>
#include <cstdlib>

namespace fermata::base {

void contract_broken(const char* condition, const char* function, const char* file, unsigned line) {
  std::fprintf(stderr, "fermata: broken precondition in %s (%s:%u): %s\n", function, file, line, condition);
  std::abort();
}

}  // namespace fermata::base
