# SPDX-License-Identifier: MIT
"""A small guest's end of link v1, from docs/protocol.md alone: it plays a script, and may lie as the script says."""
from __future__ import annotations

import socket
import struct
import threading
import unittest
from typing import Callable, List, Optional, Tuple, Type

from link_client import LinkClient
from link_messages import LAYOUTS, MAGIC, NEVER, Gone, Kind, ProtocolError, encode

ALL_ABILITIES = 63
SCRIPT_SECONDS = 10.0


def welcome(channels: int = 0, abilities: int = ALL_ABILITIES, now: int = 0, major: int = 1, name: bytes = b"fake",
            magic: bytes = MAGIC) -> bytes:
    return encode(Kind.WELCOME, 0, magic, major, 0, abilities, now, channels, len(name), tail=name)


def channel(number: int, kind: int = 1, name: bytes = b"", directions: int = 3, timing: int = 1, bound: int = 100,
            base: int = 0, extent: int = 0) -> bytes:
    name = name or b"channel%d" % number
    return encode(Kind.CHANNEL, number, kind, directions, timing, 0, bound, bound, len(name), base, extent, tail=name)


def output(at: int, sequence: int = 1, payload: bytes = b"x", number: int = 1) -> bytes:
    return encode(Kind.OUTPUT, number, at, sequence, 0, len(payload), tail=payload)


def report(now: int, reason: int = 1, grants: int = 1, deadline: int = NEVER, status: int = 0) -> bytes:
    return encode(Kind.REPORT, 0, now, deadline, reason, status, grants)


def progress(now: int) -> bytes:
    return encode(Kind.PROGRESS, 0, now)


def refuse(text: bytes, major: int = 1, minor: int = 0) -> bytes:
    return encode(Kind.REFUSE, 0, major, minor, len(text), tail=text)


def done(now: int, status: int = 0, text: bytes = b"") -> bytes:
    return encode(Kind.DONE, 0, now, status, len(text), tail=text)


def request(offset: int = 8, value: int = 0, width: int = 4, write: int = 0, zeros: bytes = bytes(6)) -> bytes:
    return struct.pack("<QQBB6s", offset, value, width, write, zeros)


class FakeGuest:
    """Runs `script` in a thread, then closes its end. `socket` is the simulator's end."""

    def __init__(self, script: Callable[["FakeGuest"], object]) -> None:
        self.socket, self._end = socket.socketpair()
        self._end.settimeout(SCRIPT_SECONDS)
        self.refusal = ""  # what the simulator found wrong
        self.failure: Optional[BaseException] = None
        self._thread = threading.Thread(target=self._play, args=(script,))
        self._thread.start()

    def finish(self) -> None:
        """Waits for the script; raises what it failed with."""
        self._thread.join()
        if self.failure:
            raise self.failure

    def take(self, kind: Kind) -> Tuple[int, ...]:
        """Reads one message, which must be of that kind; gives its fields."""
        number, fields, _ = self._read()
        if number != kind:
            raise AssertionError(f"a message of type {number} where {kind.name} was due")
        return fields

    def give(self, *messages: bytes) -> None:
        try:
            self._end.sendall(b"".join(messages))
        except BrokenPipeError:
            pass  # the simulator has read enough of them to know

    def greet(self, *channels: bytes) -> None:
        self.take(Kind.HELLO)
        self.give(welcome(len(channels)), *channels)

    def hear_out(self) -> None:
        """Reads until the simulator closes, and keeps the text of its REFUSE."""
        while True:
            try:
                number, _, text = self._read()
            except (EOFError, ConnectionResetError):
                return
            if number == Kind.REFUSE:
                self.refusal = text.decode()

    def _play(self, script: Callable[["FakeGuest"], object]) -> None:
        try:
            script(self)
        except BaseException as error:  # told by finish()
            self.failure = error
        self._end.close()

    def _read(self) -> Tuple[int, Tuple[int, ...], bytes]:
        size, number, _ = struct.unpack("<IHH", self._exactly(8))
        body = self._exactly(size - 8)
        layout, length_index, _ = LAYOUTS[Kind(number)]
        fields = layout.unpack_from(body)
        length = fields[length_index] if length_index is not None else 0
        return number, fields, body[layout.size:layout.size + length]

    def _exactly(self, count: int) -> bytes:
        pieces: List[bytes] = []
        while count:
            pieces.append(self._end.recv(count))
            if not pieces[-1]:
                raise EOFError("the simulator closed the connection")
            count -= len(pieces[-1])
        return b"".join(pieces)


Script = Callable[[FakeGuest], object]


class LinkTest(unittest.TestCase):
    """Has clients talk to fake guests."""

    def play(self, script: Script) -> LinkClient:
        self.guest = FakeGuest(script)
        self.addCleanup(self.guest.socket.close)
        return LinkClient(self.guest.socket)

    def fails(self, action: Callable[[], object], pattern: str, error: Type[Exception] = ProtocolError) -> None:
        with self.assertRaisesRegex(error, pattern):
            action()
        self.guest.finish()

    def is_noticed(self, script: Script, action: Callable[[LinkClient], object], pattern: str) -> None:
        """`action` ends by the complaint, which the guest is told as well."""
        def play(guest: FakeGuest) -> None:
            script(guest)
            guest.hear_out()

        client = self.play(play)
        self.fails(lambda: action(client), pattern)
        self.assertRegex(self.guest.refusal, pattern)
        self.assertRaises(Gone, client.stream.receive)

    def greet(self, script: Script, *channels: bytes) -> LinkClient:
        client = self.play(lambda guest: (guest.greet(*(channels or (channel(1),))), script(guest)))
        client.hello("sim")
        return client
