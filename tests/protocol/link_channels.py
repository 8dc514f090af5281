# SPDX-License-Identifier: MIT
"""Channels of link v1: what the guest tells of one, and what passed over it. Written from docs/protocol.md alone."""
from __future__ import annotations

import collections
import dataclasses
import enum
import struct
from typing import Any, Deque, Iterator, List, Tuple

from link_messages import NEVER, MessageStream

Instants = List[Tuple[int, int]]  # of inputs on their way: instant, bytes


class Carries(enum.IntEnum):
    """The kind of a channel."""
    SERIAL = 1
    ETHERNET = 2
    LINE = 3
    MMIO = 4
    MESSAGE = 5


OUTPUT_BYTES = {Carries.SERIAL: (1, 65_536), Carries.ETHERNET: (14, 9_018), Carries.LINE: (1, 1),
                Carries.MMIO: (24, 24), Carries.MESSAGE: (1, 65_536)}
INPUT_BYTES = {**OUTPUT_BYTES, Carries.MMIO: (16, 16)}


@dataclasses.dataclass(frozen=True)
class Channel:
    number: int
    name: str
    carries: Carries
    takes_inputs: bool
    makes_outputs: bool
    is_exact: bool  # else at synchronisation points
    input_bound: int  # bytes on their way
    output_bound: int  # bytes since a grant
    base: int  # mmio: the window's address; serial: ns per byte, or 0; message: 1 if it is the guest's memory
    extent: int  # mmio: bytes of the window

    def is_memory(self) -> bool:
        return self.carries is Carries.MESSAGE and self.base == 1


@dataclasses.dataclass(frozen=True)
class Output:
    channel: Channel
    at: int  # ns
    sequence: int
    payload: bytes

    def is_read(self) -> bool:
        return self.channel.carries is Carries.MMIO and self.payload[17] == 0


def decode_channel(stream: MessageStream, number: int, fields: Tuple[Any, ...], name: bytes) -> Channel:
    kind, directions, timing, _, input_bound, output_bound, _, base, extent = fields
    stream.check(kind in list(Carries), f"channel {number} is of the unknown kind {kind}")
    stream.check(directions in (1, 2, 3), f"channel {number} has the unknown directions {directions}")
    stream.check(timing in (1, 2), f"channel {number} has the unknown timing {timing}")
    stream.check((kind == Carries.MMIO) == (extent > 0), f"channel {number} of kind {kind} has an extent of {extent}")
    has_base = kind in (Carries.MMIO, Carries.SERIAL) or kind == Carries.MESSAGE and base == 1
    stream.check(has_base or base == 0, f"channel {number} of kind {kind} has a base")
    return Channel(number, stream.text(name), Carries(kind), bool(directions & 1), bool(directions & 2), timing == 1,
                   input_bound, output_bound, base, extent)


MOST_MOVED = 65_520  # bytes, by one request to the guest's memory


class Ask(enum.IntEnum):
    """The kind of a request to the guest's memory."""
    READ = 1
    WRITE = 2
    CHECK_READ = 3
    CHECK_WRITE = 4


class Answer(enum.IntEnum):
    """The status of its reply."""
    DONE = 0
    NOT_MEMORY = 1
    UNKNOWN_KIND = 2


def encode_request(kind: int, address: int, length: int, data: bytes = b"") -> bytes:
    return struct.pack("<IIQ", kind, length, address) + data


def decode_reply(payload: bytes) -> Tuple[int, Answer, bytes]:
    """The sequence that it answers, the status, the data."""
    sequence, status, _ = struct.unpack_from("<QII", payload)
    return sequence, Answer(status), payload[16:]


def request_complaints(payload: bytes) -> Iterator[str]:
    if len(payload) < 16:
        yield f"a request of {len(payload)} bytes"
        return
    kind, length, _ = struct.unpack_from("<IIQ", payload)
    most = MOST_MOVED if kind in (Ask.READ, Ask.WRITE) else 2**32 - 1
    if kind in list(Ask) and not 1 <= length <= most:
        yield f"a request for {length} bytes; 1 to {most} are possible"
    if kind in list(Ask) and len(payload) - 16 != (length if kind == Ask.WRITE else 0):
        yield f"a request with {len(payload) - 16} bytes of data for a length of {length}"


@dataclasses.dataclass
class Flow:
    """What passed over a channel. The complaints of an input or output that may not pass: the first one counts."""
    channel: Channel
    is_reactive: bool = False
    sent: int = 0
    received: int = 0
    dropped: int = 0
    last_input: int = 0
    bytes_since_grant: int = 0  # of outputs, since a grant was sent to the guest while it stood
    on_the_way: Deque[Tuple[int, int]] = dataclasses.field(default_factory=collections.deque)
    asked: Deque[Tuple[int, int, int]] = dataclasses.field(default_factory=collections.deque)  # no reply yet: sequence,
    # instant, and as many bytes as its reply has if it is done

    def is_full(self) -> bool:
        return self.bytes_since_grant >= self.channel.output_bound

    def input_complaints(self, at: int, payload: bytes, least: int, now: int) -> Iterator[str]:
        name, bound, (low, high) = self.channel.name, self.channel.input_bound, INPUT_BYTES[self.channel.carries]
        if not self.channel.takes_inputs:
            yield f"channel {name} takes no inputs"
        if not max(least, self.last_input) <= at <= NEVER:
            yield f"an input at {at} ns is earlier than {max(least, self.last_input)} ns"
        if not low <= len(payload) <= high:
            yield f"an input of {len(payload)} bytes; channel {name} takes {low} to {high}"
        if self.channel.is_memory():
            yield from request_complaints(payload)
        waiting = sum(size for _, size in self.on_the_way) + len(payload)
        if at > now and waiting > bound:
            yield f"{waiting} bytes would be on their way to channel {name}; its bound is {bound}"

    def note_input(self, at: int, payload: bytes, now: int) -> None:
        self.sent, self.last_input = self.sent + 1, at
        if self.channel.is_memory():
            kind, length = struct.unpack_from("<II", payload)
            self.asked.append((self.sent, at, length if kind == Ask.READ else 0))
        if at > now:
            self.on_the_way.append((at, len(payload)))

    def forget_inputs(self, now: int) -> None:
        """They are not on their way any more."""
        while self.on_the_way and self.on_the_way[0][0] <= now:
            self.on_the_way.popleft()

    def go_back(self, now: int, on_the_way: Instants, asked: List[Tuple[int, int, int]]) -> None:
        self.on_the_way, self.asked = collections.deque(on_the_way), collections.deque(asked)
        self.last_input = max([now, *(at for at, _ in on_the_way)])

    def output_complaints(self, output: Output) -> Iterator[str]:
        name, payload, (low, high) = self.channel.name, output.payload, OUTPUT_BYTES[self.channel.carries]
        if not self.channel.makes_outputs:
            yield f"channel {name} makes no outputs, but made one"
        if output.sequence != self.received + 1:
            yield f"output {output.sequence} on channel {name} where {self.received + 1} was due"
        if not low <= len(payload) <= high:
            yield f"an output of {len(payload)} bytes on channel {name}"
        elif self.channel.carries is Carries.LINE and payload[0] > 1:
            yield f"a level of {payload[0]} on channel {name}"
        elif self.channel.is_memory():
            yield from self._reply_complaints(output.at, payload)
        elif self.channel.carries is Carries.MMIO:
            yield from self._request_complaints(*struct.unpack("<QQBB6s", payload))

    def _reply_complaints(self, at: int, payload: bytes) -> Iterator[str]:
        name = self.channel.name
        if len(payload) < 16:
            yield f"a reply of {len(payload)} bytes on channel {name}"
            return
        sequence, status, length = struct.unpack_from("<QII", payload)
        if not self.asked or self.asked[0][0] != sequence:
            yield f"a reply to request {sequence} on channel {name}; due is that to {self.asked[0][:1] if self.asked else 'none'}"
            return
        _, asked_for, wanted = self.asked[0]
        if at < asked_for:
            yield f"a reply at {at} ns on channel {name} to a request for {asked_for} ns"
        if status not in list(Answer):
            yield f"a reply of the unknown status {status} on channel {name}"
        if length != len(payload) - 16 or length != (wanted if status == Answer.DONE else 0):
            yield f"a reply on channel {name} with {len(payload) - 16} bytes, length {length}, where {wanted} were asked for"

    def _request_complaints(self, offset: int, value: int, width: int, write: int, zeros: bytes) -> Iterator[str]:
        name = self.channel.name
        if width not in (1, 2, 4, 8):
            yield f"an access of {width} bytes on channel {name}"
        if write not in (0, 1) or any(zeros):
            yield f"a request that is no read and no write on channel {name}"
        if offset + width > self.channel.extent:
            yield f"an access at {offset:#x}, outside of the window of channel {name}"
        if value and not write or value >> 8 * width:
            yield f"a value of {value:#x} on channel {name} for which there is no room"

    def note_output(self, output: Output) -> None:
        self.received = output.sequence
        if self.channel.is_memory():
            self.asked.popleft()
        self.bytes_since_grant += len(output.payload)
