// SPDX-License-Identifier: MIT
#include <fermata/sim/guest.hpp>
#include <fermata/sim/qemu.hpp>
#include <iostream>

using namespace fermata;
using namespace fermata::time::literals;

int main(int argc, char** argv) try {
  const std::string firmware = argc > 1 ? argv[1] : "firmware.elf";
  sim::Guest guest =
      sim::Guest::launch({.command = sim::qemu_command({"qemu-system-riscv64", "-M", "virt", "-nographic", "-bios",
                                                        "none", "-kernel", firmware})});
  double height = 100;  // the world: a falling ball
  double speed = 0;
  while (height > 0) {
    guest.grant(1_ms);  // the guest runs for a millisecond of its time...
    speed += 9.81 * 0.001;
    height -= speed * 0.001;              // ...while the world does
    guest.wait(std::chrono::seconds(5));  // of host time, at most
  }
  std::cout << "the ball is down after " << guest.now().since_origin().ns() << " ns, and so is the guest\n";
} catch (const std::exception& error) {  // a guest that ended, hangs or could not be started says so
  std::cerr << error.what() << "\n";
  return 1;
}
