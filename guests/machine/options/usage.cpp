// SPDX-License-Identifier: MIT
#include "guests/machine/options/usage.hpp"

namespace fermata::machine_program {

std::string usage() {
  return R"(usage: fermata-machine [option...]

A RISC-V computer like QEMU's virt board, exact to the instruction, with QEMU's option names.

What it runs
  -bios FILE|none|default     firmware (default: OpenSBI of Debian's package opensbi); none: the kernel runs in
                              machine mode
  -kernel FILE                an ELF file, or raw (a Linux Image)
  -initrd FILE -append TEXT   the kernel's initial file system and command line
  -device loader,addr=A,data=D,data-len=N | loader,file=FILE[,addr=A][,force-raw=on]

The machine
  -m SIZE[K|M|G]              memory, from 64K (default 128M; a number alone is in MiB)
  -smp N                      harts, 1 to 8 (default 1)
  -serial WHERE               stdio, null, none, file:PATH, unix:PATH[,server][,nowait]; the first is the UART, a second
                              one a virtio console; on a terminal Ctrl-A X ends the program
  -drive file=F[,format=raw][,readonly=on][,snapshot=on]         a virtio disk; or
  -drive if=none,id=ID,file=F -device virtio-blk-device,drive=ID
  -chardev stdio|null|file|socket,id=ID[,path=P][,server=on][,wait=off] -device virtio-serial-device
    -device virtconsole,chardev=ID                               a virtio console
  -device virtio-net-device[,mac=MAC][,id=ID]                    a network card, its cable unplugged at the other end
                              (default addresses: 52:54:00:12:34:56 and following)
  -rtc base=utc|localtime|DATE,clock=host|rt|vm                  (default base=utc,clock=host)
  -seed N                     gives the kernel a seed for its random numbers; none otherwise
  -no-reboot                  a reset ends the program

Virtual time
  -icount [shift=]N|auto[,sleep=on|off][,align=on|off]           (default 3,sleep=on)
                              one instruction is 2^N ns; idle time passes in real time, or with sleep=off not at all
  -qqq sock=N[,zero=exit]     follow the simulator at the inherited descriptor N; needs -icount N,sleep=off
                              and -rtc clock=vm; also -external_sim

  -link fd=N|path=P|memory=M,life=L[,lines=SOURCE:...][,windows=NAME@BASE+SIZE[K|M]:...][,dma=NAME:...]
        [,clocks=C,clock=I][,record=FILE]
                              the same by link v1 (docs/protocol.md): the serial line and networks are channels of the
                              simulator's, these PLIC sources, 13 to 95, are lines of its, and these ranges of addresses
                              windows whose devices are there, such as adc@0x30000000+4K; by channels of the names
                              of dma= it reads and writes the memory; FILE takes a recording, for fermata trace, diff
                              and replay; clocks= and clock= are what a simulator says that starts several
                              guests which keep to each other's clocks (docs/protocol.md)

Looking into it
  -d ITEM,...                 int: traps and interrupts; guest_errors; exec: each instruction; drift: a report at the end
  -D FILE                     where to (default: standard error)
  SIGUSR1                     prints the drift report: host minus virtual time
  -h, --help, --version

Accepted for the sake of QEMU command lines, since it is so anyway: -M virt, -cpu rv64, -accel tcg, -nographic,
-display none, -monitor none, -nodefaults, -vga none, -parallel none, -net none, -nic none, -name TEXT.
Exit status: the guest's when it powers itself off; 0 when the simulator or the user ends it; 1 for wrong options.
)";
}

}  // namespace fermata::machine_program
