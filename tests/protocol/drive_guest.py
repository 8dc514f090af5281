#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Drives fermata-machine by link v1: drive_guest.py MACHINE ECHO_ELF [OPTION...]. Prints what failed; status 0 or 1.

ECHO_ELF is the guest `echo` of tests/guests; spin, exit3, mailbox and reset must lie beside it. OPTIONs are the machine's. A
stock QEMU is driven by drive_qemu.py.
"""
from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import traceback
from typing import Callable, Dict, List, Optional, Tuple

from drive_memory import memory_is_asked_where_the_guest_stands, memory_is_read_and_written
from guest_program import END_LIMIT, INSTRUCTION_NS, LIMIT, MS, NEEDS, SECOND, US, Echo, Machine, expect
from link_client import LinkClient, NotDone, QqqClient, State
from link_messages import MAGIC, Ability, Kind, ProtocolError, Reason, Refused, encode


def hand_shake() -> None:
    with Machine() as machine:
        machine.greet()
        client, serial = machine.client, machine.serial
        expect(client.guest_version[0] == 1 and client.now == 0, f"version {client.guest_version}, at {client.now} ns")
        expect(serial.takes_inputs and serial.makes_outputs and serial.is_exact, f"serial0 is {serial}")
        expect(serial.input_bound > 0 and serial.output_bound > 0, f"serial0 is without bounds: {serial}")
        machine.leave()


INPUTS: Echo = [(1_000_003, b"a"), (1_500_000, b"bcd"), (1_887_000, b"e"), (1_887_000, b"f"), (2_222_221, b"g")]
END = 3_700 * US  # a multiple of each quantum but the last


def echoes(quantum: int, are_sent_ahead: bool) -> Echo:
    """What echo answers to INPUTS, each sent before the grant that it falls into, or all of them before the first."""
    with Machine() as machine:
        machine.greet()
        heard, waiting = [], list(INPUTS)  # type: Echo, Echo
        for horizon in range(quantum, END + quantum, quantum):
            while waiting and (are_sent_ahead or waiting[0][0] <= horizon):
                machine.client.send_input(machine.serial, *waiting.pop(0))
            heard += machine.run_to(horizon)
        machine.leave()
        return heard


def inputs_and_outputs_are_exact() -> None:
    first = echoes(MS, False)
    expect(b"".join(payload for _, payload in first) == b"abcdefg", f"heard {first}")
    sent = [at for at, payload in INPUTS for _ in payload]
    heard = [at for at, payload in first for _ in payload]
    expect(all(0 < there - here < 10 * US for here, there in zip(sent, heard)), f"sent at {sent}, heard at {heard}")
    for quantum, ahead in ((MS, False), (MS, True), (10 * US, False), (37 * US, False), (37 * US, True), (END, True)):
        again = echoes(quantum, ahead)
        expect(again == first, f"with a quantum of {quantum} ns: {again}, but with 1 ms: {first}")


def stands_at_the_horizon() -> None:
    """Or at the first instruction boundary after it: instructions began at 0, and again when an input woke it."""
    with Machine() as machine:
        machine.greet()

        def check(horizon: int, began: int, is_busy: bool) -> None:
            machine.client.grant(horizon)
            report = machine.client.wait(LIMIT)
            boundary = horizon + (began - horizon) % INSTRUCTION_NS
            wanted = boundary if is_busy else horizon
            deadline = report.next_deadline
            expect((deadline == -1) == is_busy, f"at {horizon} ns: a next deadline of {deadline}")
            expect(report.now == wanted, f"granted {horizon} ns, it stands at {report.now} instead of {wanted}")

        for horizon in (1, 9, 17, 24):
            check(horizon, 0, True)
        check(12_345, 0, False)
        machine.client.send_input(machine.serial, 20_003, b"x")
        check(20_040, 20_003, True)
        check(20_043, 20_003, True)
        check(1_000_001, 0, False)
        machine.leave()


def grants_of_the_present_instant() -> None:
    with Machine() as machine:
        machine.greet()
        machine.run_to(0)
        expect(machine.client.now == 0, f"at {machine.client.now} ns by a grant of 0")
        machine.run_to(MS)
        for byte in (b"a", b"b"):
            machine.client.send_input(machine.serial, MS, byte)
            heard = machine.run_to(MS)
            expect(machine.client.now == MS and not heard, f"at {machine.client.now} ns; heard {heard}")
        in_steps = machine.run_to(2 * MS)
        machine.leave()
    with Machine() as machine:
        machine.greet()
        machine.client.send_input(machine.serial, MS, b"ab")
        at_once = machine.run_to(2 * MS)
        machine.leave()
    expect(in_steps == at_once and len(at_once) == 2, f"in grants of the present {in_steps}, at once {at_once}")


def reactive_outputs() -> None:
    def conversation(crosses: bool) -> List[int]:
        """Each echo is answered at its own instant. A grant may cross the report of the first."""
        with Machine() as machine:
            client, instants = machine.greet(reactive=True).client, []  # type: LinkClient, List[int]
            client.send_input(machine.serial, MS, b"0")
            client.grant(10 * MS)
            if crosses:
                client.grant(20 * MS)
            for answer in (b"1", b"2", b"3", b""):
                report = client.wait(LIMIT)
                expect(report.reason is Reason.OUTPUT and len(report.outputs) == 1, f"instead of one output: {report}")
                expect(report.now == report.outputs[0].at, f"at {report.now} ns after {report.outputs[0]}")
                instants.append(report.now)
                if answer:
                    client.send_input(machine.serial, report.now, answer)
                client.grant(20 * MS)
            report = client.wait(LIMIT)
            expect((report.reason, report.now) == (Reason.HORIZON, 20 * MS), f"at last {report}")
            machine.leave()
            return instants

    first = conversation(False)
    expect(first == sorted(set(first)) and first[0] > MS, f"outputs at {first}")
    expect(conversation(False) == first, "another run had other instants")
    expect(conversation(True) == first, "a grant that crossed the report made other instants")


def raised_horizons() -> None:
    with Machine() as machine:
        machine.greet()
        machine.client.grant(MS)
        machine.client.send_input(machine.serial, 2 * MS, b"x")
        machine.client.grant(3 * MS)
        reports = [machine.client.wait(LIMIT)]
        while reports[-1].grants < 2:
            reports.append(machine.client.wait(LIMIT))
        heard = [(output.at > 2 * MS, output.payload) for report in reports for output in report.outputs]
        expect(reports[-1].now == 3 * MS and heard == [(True, b"x")], f"raised while it ran: {reports}")
        machine.leave()
    counts = []
    for _ in range(3):  # the host may hold this program back until the guest has reported: then once more
        with Machine("spin") as machine:
            machine.greet()
            machine.client.grant(SECOND // 2)
            machine.client.grant(SECOND // 2 + 1)
            counts.append(machine.client.wait(LIMIT).grants)
            if counts[-1] == 2:
                now = machine.client.now
                expect(now == SECOND // 2 + INSTRUCTION_NS, f"raised by 1 ns: at {now} ns")
                return
    raise AssertionError(f"a horizon raised while the guest ran was not taken: grants counted {counts}")


def tells_progress_while_it_runs() -> None:
    """Four quanta of 37 us ahead: it stands at the end only, and does what it does without."""
    quantum, unasked = 37 * US, echoes(MS, False)
    with Machine() as machine:
        client = machine.greet().client
        for at, payload in INPUTS:
            client.send_input(machine.serial, at, payload)
        expect(Ability.PROGRESS in client.abilities, f"it tells no progress: {client.abilities}")
        client.ask_milestones(quantum, quantum)
        told, heard = [], []  # type: List[int], Echo

        def raise_horizon(now: int) -> None:
            told.append(now)
            horizon = min(now // quantum * quantum + 4 * quantum, END)
            if horizon > client.horizon:
                client.grant(horizon)

        client.grant(4 * quantum)
        while client.now < END:
            report = client.wait(LIMIT, on_progress=raise_horizon)
            heard += [(output.at, output.payload) for output in report.outputs]
            if client.state is State.STANDING and client.now < END:  # the host was busy elsewhere
                raise_horizon(report.now)
        milestones = [now // quantum for now in told]
        expect(milestones == sorted(set(milestones)), f"more than once for a milestone: {told}")
        expect(len(told) >= END // quantum // 2, f"progress at {told} only")
        expect(heard == unasked, f"kept ahead: {heard}")
        client.ask_milestones(0, 0)
        client.grant(END + MS)
        client.wait(LIMIT, on_progress=lambda now: expect(False, f"progress at {now} ns, which is not wanted any more"))
        machine.leave()


def checkpoints() -> None:
    with Machine() as machine:
        client = machine.greet().client
        machine.run_to(MS + 1)
        client.send_input(machine.serial, 2 * MS, b"before")
        client.checkpoint("one", LIMIT)

        def go_on() -> Echo:
            client.send_input(machine.serial, 2 * MS + 50 * US, b"after")
            heard = machine.run_to(2 * MS + 10 * US) + machine.run_to(4 * MS)
            expect(b"".join(payload for _, payload in heard) == b"beforeafter", f"heard {heard}")
            return heard

        first = go_on()
        for _ in range(2):
            client.restore("one", LIMIT)
            again = go_on()
            expect(again == first, f"after RESTORE {again}, after CHECKPOINT {first}")
        try:
            client.restore("never-made", LIMIT)
            raise AssertionError("RESTORE of a checkpoint that was never made was done")
        except NotDone:
            expect(machine.run_to(5 * MS) == [] and client.now == 5 * MS, "a RESTORE that failed has changed the guest")
        machine.leave()
    with Machine() as machine:  # with no checkpoint in between
        client = machine.greet().client
        client.send_input(machine.serial, 2 * MS, b"before")
        client.send_input(machine.serial, 2 * MS + 50 * US, b"after")
        plain = machine.run_to(4 * MS)
        expect(plain == first, f"without checkpoints {plain}, with them {first}")


def inputs_after_a_restore() -> None:
    """They may be earlier than those that were sent after the checkpoint, which are forgotten."""
    with Machine() as machine:
        client = machine.greet().client
        machine.run_to(MS)
        client.checkpoint("one", LIMIT)
        client.send_input(machine.serial, 3 * MS, b"late")
        client.restore("one", LIMIT)
        client.send_input(machine.serial, 2 * MS, b"early")
        heard = machine.run_to(4 * MS)
        expect(b"".join(payload for _, payload in heard) == b"early", f"heard {heard}")
        machine.leave()


def refusals() -> None:
    serial_input = Kind.INPUT, 1
    breaches: Dict[str, bytes] = {
        "an input in the past": encode(*serial_input, 999, 1, 0, 1, tail=b"x"),
        "a sequence with a gap": encode(*serial_input, MS, 2, 0, 1, tail=b"x"),
        "an empty payload": encode(*serial_input, MS, 1, 0, 0),
        "a field that must be 0": encode(*serial_input, MS, 1, 1, 1, tail=b"x"),
        "a filling that is not 0": encode(*serial_input, MS, 1, 0, 1, tail=b"xx"),
        "a wrong size": b"\x38" + encode(*serial_input, MS, 1, 0, 9, tail=b"123456789")[1:] + bytes(8),
        "more than the input bound": b"".join(
            encode(*serial_input, MS, number, 0, 65_536, tail=bytes(65_536)) for number in range(1, 18)),
        "an unknown channel": encode(Kind.INPUT, 99, MS, 1, 0, 1, tail=b"x"),
        "a lesser horizon": encode(Kind.GRANT, 0, 999, 1),
        "a grant on a channel": encode(Kind.GRANT, 1, MS, 1),
        "SELECT after the hand-shake": encode(Kind.SELECT, 1, 1, 0),
        "a second HELLO": encode(Kind.HELLO, 0, MAGIC, 1, 0, 0, 0, 0),
        "a guest's message": encode(Kind.REPORT, 0, 0, 0, 1, 0, 1),
        "FOLLOW without clocks": encode(Kind.FOLLOW, 0, 0, 0, 500),
        "an unknown type": b"\x08\0\0\0\x63\0\0\0",
        "a size of 65,576": b"\x28\0\1\0" + encode(*serial_input, 0, 1, 0, 0)[4:],
        "a size of 12": b"\x0c\0\0\0" + encode(Kind.BYE, 0)[4:] + bytes(4),
        "a size of 0": bytes(8),
    }

    def breach(message: bytes) -> Callable[[Machine], None]:
        def after_a_report(machine: Machine) -> None:
            machine.greet().run_to(1000)
            machine.client.stream.send(message)
            machine.client.stream.limit(END_LIMIT)
            machine.client.stream.receive()

        return after_a_report

    def say(message: bytes) -> Callable[[Machine], None]:
        def at_first(machine: Machine) -> None:
            machine.client.stream.send(message)
            machine.client.stream.limit(END_LIMIT)
            machine.client.stream.receive()

        return at_first

    cases: List[Tuple[str, Callable[[Machine], None], str]] = [
        ("major version 9", lambda machine: machine.client.hello("x", version=(9, 0)), r"(?s)(?=.*\b9\.0)(?=.*\b1\.3)"),
        ("an unknown need", lambda machine: machine.client.hello("x", needs=1 << 20), r"0x100000|\b20\b|1048576"),
        ("no magic", say(encode(Kind.HELLO, 0, b"FERMATA1", 1, 0, 0, 0, 0)), "."),
        ("no HELLO", say(encode(Kind.GRANT, 0, 5, 0)), "."),
        *((name, breach(message), ".") for name, message in breaches.items())]
    failures = [failure for case in cases for failure in [refusal_failure(*case)] if failure]
    expect(not failures, "; ".join(failures))


def refusal_failure(name: str, action: Callable[[Machine], None], pattern: str) -> Optional[str]:
    with Machine() as machine:
        try:
            action(machine)
            return f"{name}: not refused"
        except Refused as refused:
            if refused.version != (1, 3) or not re.search(pattern, refused.text):
                return f"{name}: refused by {refused.version} with {refused.text!r}"
        except ProtocolError as error:
            return f"{name}: no REFUSE: {error}"
        try:
            status = machine.status()
            return f"{name}: the program's status is 0" if status == 0 and not machine.has_any_status else None
        except AssertionError as error:
            return f"{name}: refused, but {error}"


def ends() -> None:
    with Machine("spin") as machine:
        machine.greet().client.grant(10**6 * SECOND)
        machine.leave()  # while it runs
    for horizon in (MS, 10**6 * SECOND):
        with Machine("spin") as machine:
            machine.greet().client.grant(horizon)
            machine.socket.close()
            machine.status()
    with Machine("exit3") as machine:
        machine.greet().client.grant(SECOND)
        report = machine.client.wait(LIMIT)
        expect((report.reason, report.exit_status) == (Reason.POWERED_OFF, 3), f"instead of powering off: {report}")
        at_the_end = SECOND if machine.is_qemu else 2 * MS - 1  # a QEMU tells it at the end of the grant
        expect(MS <= report.now <= at_the_end, f"it powered off at {report.now} ns")
        machine.client.bye(LIMIT)
        status = machine.status()
        expect(status == 3, f"status {status} after a guest that powered off with 3")


def resets_are_reported() -> None:
    with Machine("reset") as machine:
        machine.greet().client.grant(5 * MS // 2)
        reports = [machine.client.wait(LIMIT)]
        while reports[-1].reason is Reason.RESET:
            reports.append(machine.client.wait(LIMIT))
        count = len(reports) - 1  # a QEMU carries a reset out at some instant between the guest's wish and the grant's end
        expect(count == 2 or machine.is_qemu and count == 1, f"the guest was reset after 1 ms and 2 ms: {reports}")


def old_wire() -> None:
    with Machine(link="-qqq sock={}") as machine:
        client = QqqClient(machine.socket)
        for microseconds in (1000, 0, 37, 1):
            client.grant(microseconds)
        answers = [client.wait(LIMIT) for _ in range(4)]
        expect(answers == [1000, 0, 37, 1], f"qqq answers {answers}")
        machine.socket.close()
        machine.status()


CHECKS = [hand_shake, inputs_and_outputs_are_exact, stands_at_the_horizon, grants_of_the_present_instant,
          reactive_outputs, raised_horizons, tells_progress_while_it_runs, checkpoints, inputs_after_a_restore, memory_is_read_and_written,
          memory_is_asked_where_the_guest_stands, refusals, ends, resets_are_reported,
          old_wire]


def main() -> int:
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    Machine.program, Machine.options = [sys.argv[1]], sys.argv[3:]
    Machine.guests = os.path.dirname(os.path.abspath(sys.argv[2]))
    return run_checks()


def run_checks() -> int:
    failed = 0
    for check in CHECKS:
        try:
            check()
            print(f"passed: {check.__name__}", flush=True)
        except (AssertionError, ProtocolError, OSError) as error:
            failed += 1
            line = traceback.extract_tb(error.__traceback__)[-1].lineno
            print(f"FAILED: {check.__name__}: {type(error).__name__}: {error} (line {line})", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
