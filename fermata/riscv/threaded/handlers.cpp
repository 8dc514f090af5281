// SPDX-License-Identifier: MIT
#include "fermata/riscv/threaded/handlers.hpp"

namespace fermata::riscv::threaded {

const Handlers& all_handlers() {
  static const Handlers handlers = [] {
    Handlers result;
    add_arithmetic(result);
    add_multiplication(result);
    add_control(result);
    add_loads_and_stores(result);
    add_atomics(result);
    add_floating(result);
    add_system(result);
    return result;
  }();
  return handlers;
}

}  // namespace fermata::riscv::threaded
