# SPDX-License-Identifier: MIT
# The QEMUs that the shim folder has links for: every system emulator that a Debian since 12 packages.
set(FERMATA_QEMU_NAMES "")
foreach(target IN ITEMS aarch64 alpha arm avr cris hppa i386 loongarch64 m68k microblaze microblazeel mips mips64 mips64el
    mipsel nios2 or1k ppc ppc64 riscv32 riscv64 rx s390x sh4 sh4eb sparc sparc64 tricore x86_64 xtensa xtensaeb)
  list(APPEND FERMATA_QEMU_NAMES "qemu-system-${target}")
endforeach()
