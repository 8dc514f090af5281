# SPDX-License-Identifier: MIT
"""Checks of the guest's memory, for drive_guest.py and drive_qemu.py."""
from __future__ import annotations

import re
import struct
from typing import List, Tuple

from guest_program import INSTRUCTION_NS, LIMIT, MS, NEEDS, US, Echo, Machine, expect
from link_channels import Answer, Ask, decode_reply, encode_request
from link_messages import Ability


def memory_is_read_and_written() -> None:
    """Of the guest `mailbox`, which counts in a word, and prints what is put into the next and when it saw that."""
    def run(quantum: int) -> Tuple[List[int], Echo]:
        with Machine("mailbox", more=",dma=memory") as machine:
            client, memory = machine.greet().client, machine.client.channels["memory"]
            expect(memory.is_memory() and memory.is_exact and Ability.DMA in client.abilities, f"the memory is {memory}")
            heard = b"".join(payload for _, payload in machine.run_to(MS))
            words = int(re.match(rb"words=(\d+)\n", heard).group(1))  # type: ignore[union-attr]
            seen, echo = [], []  # type: List[int], Echo
            for step in range(10):
                at = MS + 50 * US + step * 133_337
                client.send_input(memory, at, encode_request(Ask.READ, words, 4))
                client.send_input(memory, at + 10 * US, encode_request(Ask.WRITE, words + 4, 4, struct.pack("<I", step + 1)))
            client.send_input(memory, 3 * MS, encode_request(Ask.READ, 0, 4))
            client.send_input(memory, 3 * MS, encode_request(Ask.WRITE, 2**64 - 2, 4, b"abcd"))
            client.send_input(memory, 3 * MS, encode_request(Ask.CHECK_READ, words, 16))
            client.send_input(memory, 3 * MS, encode_request(77, words, 4, b"what"))
            statuses = []
            while client.now < 4 * MS:
                client.grant(min(client.horizon + quantum, 4 * MS))
                for output in client.wait(LIMIT).outputs:
                    if output.channel is not memory:
                        echo.append((output.at, output.payload))
                        continue
                    _, status, data = decode_reply(output.payload)
                    statuses.append(status)
                    if data:
                        seen.append(struct.unpack("<I", data)[0])
                    late = output.at - (MS + 50 * US + len(seen) * 133_337 - 133_337)
                    expect(not data or 0 <= late < INSTRUCTION_NS, f"a read late by {late} ns")
            expect(statuses == 20 * [Answer.DONE] + [Answer.NOT_MEMORY] * 2 + [Answer.DONE, Answer.UNKNOWN_KIND], f"{statuses}")
            machine.leave()
            return seen, echo

    seen, echo = run(MS)
    text = b"".join(payload for _, payload in echo)
    expect(len(seen) == 10 and seen == sorted(set(seen)), f"the count was {seen}")
    expect(all(b"mail=%d\n" % number in text for number in range(1, 11)), f"the guest saw {text!r}")
    for quantum in (4 * MS, 37 * US, 10 * US):
        expect(run(quantum) == (seen, echo), f"it is otherwise with a quantum of {quantum} ns")


def memory_is_asked_where_the_guest_stands() -> None:
    with Machine("mailbox", more=",dma=memory") as machine:
        client = machine.client
        client.hello("drive_guest.py", needs=NEEDS | Ability.DMA, seconds=LIMIT)
        memory, heard = client.channels["memory"], b""
        client.select(memory, True)
        client.grant(MS)
        heard = b"".join(output.payload for output in client.wait(LIMIT).outputs)
        words = int(re.match(rb"words=(\d+)\n", heard).group(1))  # type: ignore[union-attr]
        here = client.now
        for _ in range(3):
            status, count = client.ask_now(memory, encode_request(Ask.READ, words, 4), LIMIT)
            expect(status is Answer.DONE and client.now == here, f"{status} at {client.now} ns")
        asked = encode_request(Ask.WRITE, words + 4, 4, struct.pack("<I", 4711))
        expect(client.ask_now(memory, asked, LIMIT) == (Answer.DONE, b""), "it was not written")
        expect(client.ask_now(memory, encode_request(Ask.READ, words, 8), LIMIT)[1] == count + asked[-4:], "it counted on")
        expect(client.ask_now(memory, encode_request(Ask.READ, 2**64 - 4, 8), LIMIT)[0] is Answer.NOT_MEMORY, "it wrapped")
        client.grant(2 * MS)
        heard = b"".join(output.payload for output in client.wait(LIMIT).outputs)
        expect(b"mail=4711\n" in heard, f"heard {heard!r}")
        machine.leave()
