# SPDX-License-Identifier: MIT
"""A guest's program as a child, with the client at the other end of its link: for drive_guest.py and drive_qemu.py."""
from __future__ import annotations

import os
import socket
import subprocess
from typing import List, Tuple

from link_client import LinkClient
from link_messages import Ability, Reason

INSTRUCTION_NS = 8
US, MS, SECOND = 1_000, 1_000_000, 1_000_000_000
LIMIT = 60.0  # host seconds for whatever should take much less
END_LIMIT = 10.0
NEEDS = Ability.EXACT | Ability.REACTIVE | Ability.PRESENT | Ability.CHECKPOINTS | Ability.RAISE
Echo = List[Tuple[int, bytes]]


def expect(holds: bool, complaint: str) -> None:
    if not holds:
        raise AssertionError(complaint)


class Machine:
    """The program as a child, and the simulator's end of its socket. Leaving it kills the program if it still runs."""

    program, guests, options = [], "", []  # type: List[str], str, List[str]
    is_qemu = has_any_status = False

    def __init__(self, guest: str = "echo", link: str = "", more: str = "") -> None:
        self.socket, theirs = socket.socketpair()
        link = (link or ("-link fd={},serial=serial0" if self.is_qemu else "-link fd={}")) + more
        with theirs:
            self._process = subprocess.Popen(
                [*self.program, *"-M virt -bios none -icount shift=3,sleep=off -rtc clock=vm".split(), "-kernel",
                 os.path.join(self.guests, guest + ".elf"), *link.format(theirs.fileno()).split(), *self.options],
                pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        self.client = LinkClient(self.socket, INSTRUCTION_NS)

    def __enter__(self) -> "Machine":
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()
        self._process.kill()
        self._process.communicate()

    def greet(self, reactive: bool = False) -> "Machine":
        self.client.hello("drive_guest.py", needs=NEEDS, seconds=LIMIT)
        self.serial = self.client.channels["serial0"]
        if reactive:
            self.client.select(self.serial, True)
        return self

    def run_to(self, horizon: int) -> Echo:
        self.client.grant(horizon)
        report = self.client.wait(LIMIT)
        expect(report.reason is Reason.HORIZON, f"stopped for {report.reason.name} at {report.now} ns")
        return [(output.at, output.payload) for output in report.outputs]

    def status(self) -> int:
        try:
            return self._process.wait(END_LIMIT)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"the program still runs {END_LIMIT} s after the session's end") from None

    def leave(self) -> None:
        self.client.bye(LIMIT)
        status = self.status()
        expect(status == 0, f"status {status} after BYE")
