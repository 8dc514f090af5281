# SPDX-License-Identifier: MIT
"""A simulator's end of link v1 and of qqq, written from docs/protocol.md alone, with Python's standard library only.

A mistake of the caller is a ValueError; nothing was sent. A breach by the guest is answered by REFUSE and raised as a
ProtocolError, as are the guest's REFUSE (Refused), the end of the stream (Gone) and a guest that is silent (Hang).
"""
from __future__ import annotations

import collections
import dataclasses
import enum
import re
import socket
import struct
from typing import Any, Callable, Deque, Dict, List, Optional, Tuple

from link_channels import Answer, Carries, Channel, Flow, Instants, Output, decode_channel, decode_reply
from link_messages import (MAGIC, MAJOR, MAX_TEXT, MINOR, NEVER, Ability, Gone, Kind, Message, MessageStream, Reason,
                           encode)


class State(enum.Enum):
    NEW = 0
    GREETED = 1  # it stands, and channels can be selected
    STANDING = 2
    RUNNING = 3
    STOPPED = 4  # it never goes on
    OVER = 5


STANDS, LIVES = (State.GREETED, State.STANDING), (State.GREETED, State.STANDING, State.RUNNING)


@dataclasses.dataclass(frozen=True)
class Report:
    now: int  # ns
    next_deadline: int  # ns; -1 the guest is not idle, NEVER it has no timer
    reason: Reason
    exit_status: int
    grants: int
    outputs: List[Output]  # all since the report before


@dataclasses.dataclass(frozen=True)
class Saved:
    now: int
    on_the_way: Dict[int, Instants]
    asked: Dict[int, List[Tuple[int, int, int]]]  # of the guest's memory
    unanswered: Optional[Tuple[int, int]]


class NotDone(Exception):
    """The guest could not save or restore a checkpoint; it is as it was."""


class LinkClient:
    """hello(), select() if need be; then send_input(), grant(), wait() ...; bye(). Waits have a limit in host time."""

    def __init__(self, sock: socket.socket, instruction_ns: int = 1) -> None:
        """`instruction_ns`: what one instruction takes; a guest stops less than that beyond its horizon."""
        self.stream, self.instruction_ns, self.state = MessageStream(sock), instruction_ns, State.NEW
        self.channels: Dict[str, Channel] = {}
        self.abilities, self.now, self.guest_name, self.guest_version = Ability(0), 0, "", (0, 0)
        self.grants = self.reports = 0
        self._flows: Dict[int, Flow] = {}
        self._outputs: List[Output] = []
        self._horizon = self._reached = 0  # the last one granted; the instant of the last output or report
        self._milestones, self._passed = (0, 0), 0  # first and interval; of the last report or progress
        self._horizons: Deque[int] = collections.deque()  # of the grant that was counted last, and of those after it
        self._counted = 0
        self._stood = self._was_raised = False  # the last report waited for a grant; the last grant did not find it so
        self._stop: Optional[Tuple[Reason, int]] = None  # why, and at which instant, the guest has to report
        self._unanswered: Optional[Tuple[int, int]] = None  # channel and sequence of a read
        self._saved: Dict[str, Saved] = {}

    def hello(self, name: str, needs: int = 0, seconds: float = 10.0, version: Tuple[int, int] = (MAJOR, MINOR)) -> None:
        text, check = name.encode(), self.stream.check
        self._require(self.state is State.NEW, "hello() comes first, and once")
        self._require(len(text) <= MAX_TEXT, f"a name of {len(text)} bytes; it has at most {MAX_TEXT}")
        self.stream.limit(seconds)
        self.stream.send(encode(Kind.HELLO, 0, MAGIC, *version, needs, 0, len(text), tail=text))
        _, _, (magic, major, minor, abilities, now, count, _), guest_name = self.stream.expect(Kind.WELCOME)
        check(magic == MAGIC, "WELCOME without the magic")
        check(major == MAJOR, f"WELCOME of version {major}.{minor}; this is {MAJOR}.{MINOR}")
        check(abilities & needs == needs, f"WELCOME without the needed abilities {needs & ~abilities:#x}")
        check(now >= 0, f"WELCOME at the negative instant {now}")
        self.guest_name, self.guest_version = self.stream.text(guest_name), (major, minor)
        self.abilities = Ability(abilities)
        for number in range(1, count + 1):
            _, given, fields, tail = self.stream.expect(Kind.CHANNEL)
            check(given == number, f"CHANNEL {given} where {number} was due")
            channel = decode_channel(self.stream, number, fields, tail)
            check(channel.name not in self.channels, f"two channels with the name {channel.name}")
            self.channels[channel.name], self._flows[number] = channel, Flow(channel)
        self._stand_at(now)
        self.state = State.GREETED

    def select(self, channel: Channel, reactive: bool) -> None:
        self._require(self.state is State.GREETED, "select() comes before the first input, grant or checkpoint")
        self._require(not reactive or Ability.REACTIVE in self.abilities, "the guest has no reactive channels")
        self.stream.send(encode(Kind.SELECT, channel.number, int(reactive), 0))
        self._flows[channel.number].is_reactive = reactive

    def send_input(self, channel: Channel, at: int, payload: bytes) -> int:
        """Gives the input's sequence number. The answer to a read: 8 bytes of value, 8 of the read's sequence."""
        flow, least = self._flows[channel.number], self._horizon if self.state is State.RUNNING else self.now
        self._require(self.state in LIVES, "the guest takes no inputs")
        for complaint in flow.input_complaints(at, payload, least, self._passed):
            raise ValueError(complaint)
        if channel.carries is Carries.MMIO:
            self._require(self._unanswered == (channel.number, struct.unpack("<8xQ", payload)[0]), "no such read waits")
            self._unanswered = None
        flow.note_input(at, payload, self._passed)
        self.stream.send(encode(Kind.INPUT, channel.number, at, flow.sent, 0, len(payload), tail=payload))
        self.state = State.RUNNING if self.state is State.RUNNING else State.STANDING
        return flow.sent

    def grant(self, horizon: int) -> None:
        """`horizon` may be the present instant, or raise the one before while the guest runs."""
        self._require(self.state in LIVES, "the guest takes no grants")
        self._require(self._horizon <= horizon <= NEVER, f"a horizon of {horizon} ns after one of {self._horizon} ns")
        self._require(self._unanswered is None, "the guest waits for the answer to a read")
        self._was_raised = self.state is State.RUNNING
        if not self._was_raised:
            is_present = horizon == self.now and self._stop is None
            self._require(not is_present or Ability.PRESENT in self.abilities, "no grants of the present instant")
            self._stop = None
            for flow in self._flows.values():
                flow.bytes_since_grant = 0
        self.stream.send(encode(Kind.GRANT, 0, horizon, self.reports))
        self._horizon, self.grants, self.state = horizon, self.grants + 1, State.RUNNING
        self._horizons.append(horizon)

    def ask_now(self, channel: Channel, request: bytes, seconds: float) -> Tuple[Answer, bytes]:
        """Asks the guest's memory, by a reactive channel, at the instant at which the guest stands, and has it stand there."""
        self._require(self.state in STANDS and self._unanswered is None, "the guest is asked while it stands")
        at, sequence = self.now, self.send_input(channel, self.now, request)
        self.grant(self._horizon)
        report = self.wait(seconds)
        is_answered = report.outputs and report.outputs[-1].channel == channel and report.now == at
        self.stream.check(bool(is_answered), f"asked at {at} ns, the guest reports at {report.now} ns: {report}")
        answered, status, data = decode_reply(report.outputs[-1].payload)
        self.stream.check(answered == sequence, f"the last reply is to request {answered}, not to {sequence}")
        return status, data

    @property
    def horizon(self) -> int:
        """The last one granted."""
        return self._horizon

    def ask_milestones(self, first: int, interval: int) -> None:
        """The running guest is to tell its progress at `first` and from there on every `interval`; 0: no more."""
        self._require(self.state in STANDS, "milestones are asked for while the guest stands")
        self._require(Ability.PROGRESS in self.abilities, "the guest tells no progress")
        self._require(first >= 0 and interval >= 0, f"milestones at {first} ns, every {interval} ns")
        self.stream.send(encode(Kind.MILESTONES, 0, first, interval))
        self._milestones, self.state = (first, interval), State.STANDING

    def wait(self, seconds: float, on_output: Optional[Callable[[Output], None]] = None,
             on_progress: Optional[Callable[[int], None]] = None) -> Report:
        """The next report; the guest may still run after it, see `state`. `on_output` is called as outputs come, and
        `on_progress`, which may grant more, with the instant that the guest has come to."""
        self._require(self.state is State.RUNNING, "wait() without a grant")
        self.stream.limit(seconds)
        while True:
            message = self.stream.receive()
            if message[0] is Kind.REPORT:
                return self._take_report(*message[2])
            self._take(message)
            if message[0] is Kind.PROGRESS and on_progress:
                on_progress(self._passed)
            if message[0] is Kind.OUTPUT and on_output:
                on_output(self._outputs[-1])

    def checkpoint(self, name: str, seconds: float = 10.0) -> None:
        self._ask(Kind.CHECKPOINT, name, seconds)
        on_the_way = {number: list(flow.on_the_way) for number, flow in self._flows.items()}
        asked = {number: list(flow.asked) for number, flow in self._flows.items()}
        self._saved[name] = Saved(self.now, on_the_way, asked, self._unanswered)

    def restore(self, name: str, seconds: float = 10.0) -> None:
        """Takes the guest, and `now`, back to the checkpoint; inputs and grants go on from there."""
        now = self._ask(Kind.RESTORE, name, seconds)
        saved = self._saved.get(name, Saved(now, {}, {}, None))
        self.stream.check(now == saved.now, f"RESTORE led to {now} ns; the checkpoint was made at {saved.now} ns")
        self._stand_at(now)
        self._unanswered = saved.unanswered
        for number, flow in self._flows.items():
            flow.go_back(now, saved.on_the_way.get(number, []), saved.asked.get(number, []))

    def bye(self, seconds: float = 10.0) -> None:
        """Returns when the guest has closed the connection. What it does until then is checked and dropped."""
        self._require(self.state is not State.OVER, "the session is over")
        self.stream.limit(seconds)
        may_be_gone = self.state is State.STOPPED
        try:
            self.stream.send(encode(Kind.BYE, 0))
            may_be_gone = True
            while True:
                message = self.stream.receive()
                if message[0] is Kind.REPORT:
                    self._take_report(*message[2])
                else:
                    self._take(message)
        except Gone:
            if not may_be_gone:
                raise
            self.state = State.OVER

    def _stand_at(self, now: int) -> None:
        self.now = self._horizon = self._reached = self._passed = now
        self._horizons, self._counted = collections.deque([now]), self.grants
        self._stood, self._stop = True, None

    def _take(self, message: Message) -> None:
        """An OUTPUT, DROPPED or PROGRESS."""
        (kind, number, fields, tail), check = message, self.stream.check
        check(kind in (Kind.OUTPUT, Kind.DROPPED, Kind.PROGRESS), f"{kind.name} in the wrong state")
        check(self.state is State.RUNNING, f"{kind.name} of a guest that stands")
        if kind is Kind.PROGRESS:
            self._take_progress(fields[0])
            return
        check(number in self._flows, f"{kind.name} on channel {number}, which does not exist")
        flow = self._flows[number]
        if kind is Kind.DROPPED:
            total = fields[0]
            check(flow.dropped < total <= flow.sent, f"{total} dropped of {flow.sent} inputs, {flow.dropped} before")
            flow.dropped = total
            return
        output = Output(flow.channel, fields[0], fields[1], tail)
        for complaint in flow.output_complaints(output):
            self.stream.breach(complaint)
        at, latest = output.at, self._horizon + self.instruction_ns - 1
        check(at >= self._reached, f"an output at {at} ns after an output or report at {self._reached} ns")
        check(at <= latest, f"an output at {at} ns, beyond the horizon of {self._horizon} ns")
        check(self._stop is None or at == self._stop[1], f"an output at {at} ns; the guest had to stop: {self._stop}")
        self._reached = at
        flow.note_output(output)
        self._outputs.append(output)
        if output.is_read():
            self._stop, self._unanswered = (Reason.MMIO, at), (number, output.sequence)
        elif self._stop is None and flow.is_reactive:
            self._stop = (Reason.OUTPUT, at)
        elif self._stop is None and flow.is_full() and not self._was_raised:
            self._stop = (Reason.FULL, at)

    def _take_progress(self, now: int) -> None:
        check, (first, interval) = self.stream.check, self._milestones
        check(interval > 0, f"PROGRESS at {now} ns, which was not asked for")
        due = first if self._passed < first else self._passed + interval - (self._passed - first) % interval
        check(now >= due, f"PROGRESS at {now} ns; the next milestone is {due} ns")
        check(now >= self._reached, f"PROGRESS at {now} ns after an output at {self._reached} ns")
        check(now < self._horizon + self.instruction_ns, f"PROGRESS at {now} ns, beyond the horizon of {self._horizon} ns")
        check(self._stop is None, f"PROGRESS at {now} ns; the guest had to stop: {self._stop}")
        self._passed = self._reached = now
        for flow in self._flows.values():
            flow.forget_inputs(now)

    def _take_report(self, now: int, deadline: int, number: int, status: int, grants: int) -> Report:
        check = self.stream.check
        check(number in list(Reason), f"a report for the unknown reason {number}")
        reason = Reason(number)
        may_come = self.state is State.RUNNING or self.state in STANDS and reason >= Reason.USER
        check(may_come, "a report of a guest that stands")
        check(reason is Reason.POWERED_OFF or status == 0, f"an exit status of {status} for reason {reason.name}")
        counts = f"{grants} grants counted, {self._counted} before; {self.grants} were sent"
        check(self._counted <= grants <= self.grants, counts)
        is_same = self._stood and grants == self._counted
        check(not is_same or reason >= Reason.USER, "a report that answers no grant")
        check(now >= self._reached, f"a report of {now} ns after an output or report at {self._reached} ns")
        check(deadline == -1 or deadline >= now, f"a next deadline of {deadline} ns at {now} ns")
        least = self._horizons[0] if grants == self._counted else self._horizons[1]
        for _ in range(grants - self._counted):
            self._horizons.popleft()
        horizon, self._counted = self._horizons[0], grants
        check(now < horizon + self.instruction_ns, f"a report of {now} ns, beyond the horizon of {horizon} ns")
        least = horizon if Ability.RAISE in self.abilities else least
        check(reason is not Reason.HORIZON or now >= least, f"reason HORIZON at {now} ns; the horizon is {least} ns")
        self._check_stop(reason, now)
        self.now, self._reached, self._passed, self.reports = now, now, now, self.reports + 1
        self._stood = is_same or reason < Reason.USER
        outputs, self._outputs = self._outputs, []
        for flow in self._flows.values():
            flow.forget_inputs(now)
        if reason is Reason.ERROR:
            self.stream.expect(Kind.REFUSE)  # raises
            raise AssertionError("REFUSE was not raised")
        if reason >= Reason.POWERED_OFF:
            self.state = State.STOPPED
        elif grants == self.grants if reason is Reason.HORIZON else reason < Reason.USER:
            self.state = State.STANDING
        return Report(now, deadline, reason, status, grants, outputs)

    def _check_stop(self, reason: Reason, now: int) -> None:
        check = self.stream.check
        if self._stop:
            check(now == self._stop[1], f"a report of {now} ns; the guest had to stop: {self._stop}")
            check(reason is not Reason.HORIZON, f"reason HORIZON; the guest had to stop: {self._stop}")
        is_such = self._stop is not None and self._stop[0] is reason
        check(reason not in (Reason.OUTPUT, Reason.MMIO) or is_such, f"reason {reason.name} without such an output")
        is_full = any(flow.is_full() for flow in self._flows.values())
        check(reason is not Reason.FULL or is_full, "reason FULL, but no channel has reached its bound")

    def _ask(self, kind: Kind, name: str, seconds: float) -> int:
        self._require(self.state in STANDS, f"{kind.name} only while the guest stands")
        self._require(Ability.CHECKPOINTS in self.abilities, "the guest has no checkpoints")
        is_name = re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,63}", name) is not None
        self._require(is_name, f"no name of a checkpoint: {name}")
        self.stream.limit(seconds)
        self.stream.send(encode(kind, 0, 0, len(name), tail=name.encode()))
        self.state = State.STANDING
        _, _, (now, status, _), tail = self.stream.expect(Kind.DONE)
        text = self.stream.text(tail)
        self.stream.check(status == 0 or text != "", f"DONE of status {status} without a text")
        is_there = now >= 0 if kind is Kind.RESTORE and status == 0 else now == self.now
        self.stream.check(is_there, f"DONE at {now} ns; the guest stood at {self.now} ns")
        if status:
            raise NotDone(text)
        return now

    @staticmethod
    def _require(holds: bool, complaint: str) -> None:
        if not holds:
            raise ValueError(complaint)


class QqqClient:
    """The old wire: microseconds there and back, 32 bits in network byte order."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock

    def grant(self, microseconds: int) -> None:
        """How far the guest may go on. Grants may be queued."""
        self.sock.sendall(struct.pack(">I", microseconds))

    def wait(self, seconds: float) -> int:
        """How far the guest went for one grant."""
        self.sock.settimeout(seconds)
        answer = b""
        while len(answer) < 4:
            piece = self.sock.recv(4 - len(answer))
            if not piece:
                raise Gone("the guest closed the connection")
            answer += piece
        return int(struct.unpack(">I", answer)[0])
