#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Reads a recording as docs/trace-format.md says, and that alone, and prints its inputs, outputs, grants and reports as
`fermata trace print` does: read_recording.py FILE... Fails at anything that the document does not allow."""
import struct
import sys
import zlib

NAMES = {1: "horizon", 2: "output", 3: "mmio", 4: "full", 5: "user", 6: "reset", 7: "powered_off", 8: "panicked",
         9: "error"}
NONE = 2**63 - 1


def seconds(ns):
    return f"{ns // 10**9}.{ns % 10**9:09}"


def signed(value):
    return (value + 2**63) % 2**64 - 2**63


class Records:
    def __init__(self, payload):
        self.bytes, self.at = payload, 0

    def take(self, count):
        assert self.at + count <= len(self.bytes), "a record goes beyond its block"
        self.at += count
        return self.bytes[self.at - count:self.at]

    def number(self):
        value = shift = 0
        while True:
            byte = self.take(1)[0]
            value |= (byte & 0x7f) << shift
            shift += 7
            if byte < 0x80:
                return value

    def difference(self, before, number=None):
        value = self.number() if number is None else number
        return signed(before + (value // 2 if value % 2 == 0 else -(value + 1) // 2))


class Link:
    """What goes from record to record, and the messages as lines."""

    def __init__(self):
        self.instant = self.horizon = self.deadline = self.reports = self.grants = self.now = 0
        self.names, self.counts = {}, [0, 0]

    def take(self, records):
        first = records.take(1)[0]
        kind, high = first & 15, first >> 4
        self.counts[0 if kind in (1, 3, 5) else 1] += 1
        return {1: self.raw, 2: self.raw, 3: self.data, 4: self.data, 5: self.grant, 6: self.report}[kind](
            records, kind, high)

    def raw(self, records, _kind, _high):
        message = records.take(records.number())
        size, kind, channel = struct.unpack_from("<IHH", message)
        assert size == len(message)
        if kind == 3:
            length = struct.unpack_from("<I", message, 20)[0]
            self.names[channel] = message[40:40 + length].decode()
        if kind == 2:
            self.now = struct.unpack_from("<q", message, 24)[0]
        if kind == 19:
            now, deadline, reason, status, grants = struct.unpack_from("<qqIiQ", message, 8)
            return self.report_line(now, deadline, reason, grants, f" exit_status={status}")
        return None

    def data(self, records, kind, high):
        channel = records.number() if high == 15 else high
        self.instant = records.difference(self.instant)
        payload = records.take(records.number())
        text = "".join(chr(b) if 32 <= b <= 126 and b != 92 else "\\\\" if b == 92 else f"\\x{b:02x}" for b in payload)
        return f"{seconds(self.instant)} {'input' if kind == 3 else 'output'} {self.names[channel]} {text}"

    def grant(self, records, _kind, high):
        self.reports += records.number() if high == 15 else high
        self.horizon = records.difference(self.horizon)
        return f"{seconds(self.now)} grant horizon={seconds(self.horizon)} reports={self.reports}"

    def report(self, records, _kind, reason):
        now = records.difference(self.horizon)
        self.grants = records.difference(self.grants)
        number = records.number()
        deadline = -1 if number == 0 else NONE
        if number > 1:
            deadline = self.deadline = records.difference(self.deadline, number - 2)
        return self.report_line(now, deadline, reason, self.grants, "")

    def report_line(self, now, deadline, reason, grants, status):
        self.now = now
        following = "busy" if deadline == -1 else "none" if deadline == NONE else seconds(deadline)
        return f"{seconds(now)} report reason={NAMES[reason]} next={following} grants={grants}{status}"


def read(data):
    magic, major, _minor, end, protocol, zero, zero_too, checksum = struct.unpack_from("<8sHHBBHII", data)
    assert magic == b"FERMAREC" and major == 1 and end in (1, 2) and protocol in (1, 2) and zero == zero_too == 0
    assert checksum == zlib.crc32(data[:20])
    link, at = Link(), 24
    while True:
        size, expected = struct.unpack_from("<II", data, at)
        payload = data[at + 8:at + 8 + size % 2**31]
        checksum = zlib.crc32(payload, zlib.crc32(data[at:at + 4], checksum))
        assert checksum == expected and len(payload) == size % 2**31, f"damaged at {at}"
        at += 8 + len(payload)
        if size >= 2**31:
            assert list(struct.unpack("<QQ", payload)) == link.counts and at == len(data)
            return
        records = Records(payload)
        while records.at < len(payload):
            line = link.take(records)
            if line:
                print(line)


if __name__ == "__main__":
    for path in sys.argv[1:]:
        with open(path, "rb") as file:
            read(file.read())
