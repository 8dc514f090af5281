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
    base: int  # mmio: the window's address; serial: ns per byte, or 0
    extent: int  # mmio: bytes of the window


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
    stream.check(kind in (Carries.MMIO, Carries.SERIAL) or base == 0, f"channel {number} of kind {kind} has a base")
    return Channel(number, stream.text(name), Carries(kind), bool(directions & 1), bool(directions & 2), timing == 1,
                   input_bound, output_bound, base, extent)


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
        waiting = sum(size for _, size in self.on_the_way) + len(payload)
        if at > now and waiting > bound:
            yield f"{waiting} bytes would be on their way to channel {name}; its bound is {bound}"

    def note_input(self, at: int, payload: bytes, now: int) -> None:
        self.sent, self.last_input = self.sent + 1, at
        if at > now:
            self.on_the_way.append((at, len(payload)))

    def forget_inputs(self, now: int) -> None:
        """They are not on their way any more."""
        while self.on_the_way and self.on_the_way[0][0] <= now:
            self.on_the_way.popleft()

    def go_back(self, now: int, on_the_way: Instants) -> None:
        self.on_the_way = collections.deque(on_the_way)
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
        elif self.channel.carries is Carries.MMIO:
            yield from self._request_complaints(*struct.unpack("<QQBB6s", payload))

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
        self.bytes_since_grant += len(output.payload)
