# SPDX-License-Identifier: MIT
"""Messages of link v1 and the stream that carries them, written from docs/protocol.md alone."""
from __future__ import annotations

import enum
import socket
import struct
import time
from typing import Any, NoReturn, Tuple, Type

MAGIC, MAJOR, MINOR = b"FERMATA\0", 1, 3
MAX_SIZE, MAX_TEXT, NEVER = 65_568, 1_024, 2**63 - 1
SEND_SECONDS = 10.0


class Kind(enum.IntEnum):
    """Of messages."""
    HELLO = 1
    WELCOME = 2
    CHANNEL = 3
    SELECT = 4
    REFUSE = 5
    BYE = 6
    INPUT = 16
    OUTPUT = 17
    GRANT = 18
    REPORT = 19
    DROPPED = 20
    MILESTONES = 21
    PROGRESS = 22
    FOLLOW = 23
    CHECKPOINT = 24
    RESTORE = 25
    DONE = 26


class Ability(enum.IntFlag):
    EXACT = 1
    REACTIVE = 2
    PRESENT = 4
    CHECKPOINTS = 8
    RAISE = 16
    PROGRESS = 32
    DMA = 64
    CLOCKS = 128


class Reason(enum.IntEnum):
    HORIZON = 1
    OUTPUT = 2
    MMIO = 3
    FULL = 4
    USER = 5
    RESET = 6
    POWERED_OFF = 7
    PANICKED = 8
    ERROR = 9


# Per kind: what follows the header; which of these fields is the length of the tail; which must be 0.
LAYOUTS = {kind: (struct.Struct("<" + layout), length, zero) for kind, layout, length, zero in (
    (Kind.HELLO, "8sHHIII", 5, 4), (Kind.WELCOME, "8sHHIqII", 6, None), (Kind.CHANNEL, "BBBBIIIQQ", 6, 3),
    (Kind.SELECT, "II", None, 1), (Kind.REFUSE, "HHI", 2, None), (Kind.BYE, "", None, None),
    (Kind.INPUT, "qQII", 3, 2), (Kind.OUTPUT, "qQII", 3, 2), (Kind.GRANT, "qQ", None, None),
    (Kind.REPORT, "qqIiQ", None, None), (Kind.DROPPED, "Q", None, None),
    (Kind.MILESTONES, "qq", None, None), (Kind.PROGRESS, "q", None, None), (Kind.FOLLOW, "IIq", None, 1),
    (Kind.CHECKPOINT, "II", 1, 0), (Kind.RESTORE, "II", 1, 0), (Kind.DONE, "qII", 2, None))}
FROM_GUEST = (Kind.WELCOME, Kind.CHANNEL, Kind.REFUSE, Kind.OUTPUT, Kind.REPORT, Kind.DROPPED, Kind.PROGRESS,
              Kind.DONE)
ABOUT_CHANNEL = (Kind.CHANNEL, Kind.SELECT, Kind.INPUT, Kind.OUTPUT, Kind.DROPPED)

Message = Tuple[Kind, int, Tuple[Any, ...], bytes]  # kind, channel, fields, text or payload


class ProtocolError(Exception):
    """The session is over; the text says why."""


class Refused(ProtocolError):
    """The guest's own REFUSE."""

    def __init__(self, version: Tuple[int, int], text: str) -> None:
        super().__init__(f"the guest refused: {text}")
        self.version, self.text = version, text


class Gone(ProtocolError):
    """The end of the stream, between two messages."""


class Hang(ProtocolError):
    """The guest sent nothing, or did not read, within the limit."""


def encode(kind: Kind, channel: int, *fields: Any, tail: bytes = b"") -> bytes:
    """`fields` are all those of the layout, the length of `tail` included."""
    body = LAYOUTS[kind][0].pack(*fields) + tail
    body += bytes(-len(body) % 8)
    return struct.pack("<IHH", 8 + len(body), kind, channel) + body


class MessageStream:
    """Messages over a connected socket, which it owns. What breaks the layout is answered by REFUSE and raised."""

    def __init__(self, sock: socket.socket) -> None:
        self.is_closed = False
        self._sock, self._buffer, self._deadline = sock, b"", 0.0

    def limit(self, seconds: float) -> None:
        """receive() raises Hang when so much of host time has passed from now."""
        self._deadline = time.monotonic() + seconds

    def send(self, message: bytes) -> None:
        if self.is_closed:
            raise Gone("the session is over")
        try:
            self._sock.settimeout(SEND_SECONDS)
            self._sock.sendall(message)
        except socket.timeout:
            self._end(Hang("the guest does not read"))
        except OSError:
            self.limit(SEND_SECONDS)
            while True:  # it may have said why it closed the connection
                self.receive()

    def receive(self) -> Message:
        """The next message, its layout checked. A REFUSE is raised."""
        self._fill(8)
        size, number, channel = struct.unpack_from("<IHH", self._buffer)
        self.check(size % 8 == 0 and 8 <= size <= MAX_SIZE, f"a message of {size} bytes")
        self.check(number in FROM_GUEST, f"a message of type {number} from a guest")
        kind = Kind(number)
        layout, length_index, zero_index = LAYOUTS[kind]
        self.check(size >= 8 + layout.size, f"{kind.name} of {size} bytes")
        self._fill(size)
        message, self._buffer = self._buffer[:size], self._buffer[size:]
        fields, tail = layout.unpack_from(message, 8), message[8 + layout.size:]
        length = 0 if length_index is None else fields[length_index]
        filled = length + -(layout.size + length) % 8
        self.check(len(tail) == filled, f"{kind.name} of {size} bytes with a text or payload of {length}")
        self.check(not any(tail[length:]), f"{kind.name} is not filled up with zeros")
        self.check(zero_index is None or fields[zero_index] == 0, f"{kind.name} with a field that must be 0")
        self.check((channel > 0) == (kind in ABOUT_CHANNEL), f"{kind.name} on channel {channel}")
        if kind is Kind.REFUSE:
            self._end(Refused((fields[0], fields[1]), self.text(tail[:length])))
        return kind, channel, fields, tail[:length]

    def expect(self, wanted: Kind) -> Message:
        message = self.receive()
        self.check(message[0] is wanted, f"{message[0].name} where {wanted.name} was due")
        return message

    def text(self, given: bytes) -> str:
        self.check(len(given) <= MAX_TEXT, f"a text of {len(given)} bytes")
        self.check(not given.endswith(b"\0"), "a text with a final zero")
        try:
            return given.decode()
        except UnicodeDecodeError:
            self.breach("a text that is not UTF-8")

    def check(self, holds: bool, complaint: str) -> None:
        if not holds:
            self.breach(complaint)

    def breach(self, complaint: str, error: Type[ProtocolError] = ProtocolError) -> NoReturn:
        words = complaint.encode()[:MAX_TEXT]
        try:
            self._sock.settimeout(1.0)
            self._sock.sendall(encode(Kind.REFUSE, 0, MAJOR, MINOR, len(words), tail=words))
        except OSError:
            pass  # it does not want to know
        self._end(error(complaint))

    def close(self) -> None:
        self.is_closed = True
        self._sock.close()

    def _fill(self, count: int) -> None:
        if self.is_closed:
            raise Gone("the session is over")
        while len(self._buffer) < count:
            try:
                self._sock.settimeout(max(self._deadline - time.monotonic(), 0.001))
                piece = self._sock.recv(1 << 16)
            except socket.timeout:
                self.breach("no message within the limit: the guest hangs", Hang)
            except OSError:
                piece = b""  # closed with bytes of ours unread
            if not piece:
                self._end(ProtocolError("the stream ended within a message") if self._buffer
                          else Gone("the guest closed the connection"))
            self._buffer += piece

    def _end(self, error: ProtocolError) -> NoReturn:
        self.close()
        raise error
