/* SPDX-License-Identifier: MIT
 *
 * A simulator as people have them: it knows of -qqq and nothing of Fermata. plain_client KERNEL [MACHINES [kvm]] runs
 * 1000 quanta of 1 ms and prints the count and sum of each machine's reports; with KVM the kernel is one for a PC. As
 * in the adevs client of 2017, option and descriptor come first, and a machine inherits the simulator's own ends of its
 * link and of all earlier ones. */
#include <arpa/inet.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { most_machines = 8 };

int main(int argc, char** argv) {
  const int machines = argc > 2 ? atoi(argv[2]) : 1;
  if (argc < 2 || machines < 1 || machines > most_machines)
    return 2;
  int link[most_machines][2], count[most_machines] = {0}, status = 0;
  uint64_t sum_us[most_machines] = {0};
  pid_t pid[most_machines];
  for (int i = 0; i < machines; ++i) {
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, link[i]) < 0)
      return 1;
    pid[i] = fork();
    if (pid[i] == 0) {
      char sock[32];
      snprintf(sock, sizeof sock, "sock=%d", link[i][1]);
      if (argc > 3)
        execlp("qemu-system-x86_64", "qemu-system-x86_64", "-qqq", sock, "-enable-kvm", "-M", "pc", "-kernel", argv[1],
               "-display", "none", "-monitor", "none", "-serial", "null", "-nic", "none", "-rtc", "clock=vm",
               (char*)NULL);
      execlp("qemu-system-riscv64", "qemu-system-riscv64", "-qqq", sock, "-M", "virt", "-bios", "none", "-kernel",
             argv[1], "-display", "none", "-monitor", "none", "-serial", "null", "-rtc", "clock=vm", "-icount",
             "1,sleep=off", (char*)NULL);
      _exit(127);
    }
    close(link[i][1]);
  }
  for (int quantum = 0; quantum < 1000; ++quantum) {
    uint32_t span_us = htonl(1000);
    for (int i = 0; i < machines; ++i)
      if (write(link[i][0], &span_us, sizeof span_us) != sizeof span_us)
        return 1;
    for (int i = 0; i < machines; ++i) {
      uint32_t elapsed_us;
      if (recv(link[i][0], &elapsed_us, sizeof elapsed_us, MSG_WAITALL) != sizeof elapsed_us)
        return 1;
      sum_us[i] += ntohl(elapsed_us);
      ++count[i];
    }
  }
  for (int i = 0; i < machines; ++i) {
    close(link[i][0]);
    kill(pid[i], SIGTERM);
    if (waitpid(pid[i], &status, 0) != pid[i])
      return 1;
    printf("%d reports, %llu us, wait status %d\n", count[i], (unsigned long long)sum_us[i], status);
  }
  return 0;
}
