# SPDX-License-Identifier: MIT
"""The client against guests that lie while they run or stand, that hang, and that go away; and the old wire."""
from __future__ import annotations

import socket
import struct
import unittest
from typing import Dict, List, Tuple

from fake_guest import FakeGuest, LinkTest, channel, done, output, progress, refuse, report, request, welcome
from link_channels import Ask, encode_request
from link_client import LinkClient, QqqClient
from link_messages import Gone, Hang, Kind, ProtocolError, Reason, Refused, encode

LIMIT = 10.0
Lies = Dict[str, List[bytes]]


class Liars(LinkTest):
    def are_noticed(self, lies: Lies, channels: Tuple[bytes, ...] = (channel(1),), is_reactive: bool = False) -> None:
        """Each lie is what the guest sends after a grant of 100 ns."""
        def run(client: LinkClient) -> None:
            client.hello("sim")
            if is_reactive:
                client.select(client.channels["channel1"], True)
            client.send_input(client.channels["channel1"], 3, b"\1" * 20)
            client.grant(100)
            for _ in range(3):
                client.wait(LIMIT)
                client.grant(100)
            self.fail("nothing was noticed")

        for pattern, messages in lies.items():
            def script(guest: FakeGuest) -> None:
                guest.greet(*channels)
                guest.take(Kind.SELECT) if is_reactive else None
                guest.take(Kind.INPUT)
                guest.take(Kind.GRANT)
                guest.give(*messages)

            with self.subTest(pattern):
                self.is_noticed(script, run, pattern)

    def test_outputs(self) -> None:
        self.are_noticed({
            "channel 2, which does not exist": [output(5, number=2)],
            "OUTPUT on channel 0": [output(5, number=0)],
            "output 2 on channel channel1 where 1 was due": [output(5, 2)],
            "output 1 on channel channel1 where 2 was due": [output(5), output(6)],
            "output at -1 ns after": [output(-1)],
            "output at 5 ns after .* 6 ns": [output(6), output(5, 2)],
            "output at 101 ns, beyond the horizon of 100": [output(101)],
            "output of 0 bytes": [output(5, payload=b"")],
            "field that must be 0": [encode(Kind.OUTPUT, 1, 5, 1, 1, 1, tail=b"x")],
            "output at 6 ns; the guest had to stop.*FULL": [output(5, payload=bytes(100)), output(6, 2)],
            "OUTPUT of 65576 bytes|message of 65576 bytes": [output(5, payload=bytes(65_537))],
            "WELCOME in the wrong state": [welcome()],
            "DONE in the wrong state": [done(0)],
        })

    def test_payloads_that_are_none_of_their_kind(self) -> None:
        self.are_noticed({"13 bytes": [output(5, payload=bytes(13))], "9019 bytes": [output(5, payload=bytes(9019))]},
                         (channel(1, kind=2),))
        lines = (channel(1), channel(2, kind=3))
        self.are_noticed({"level of 2": [output(5, payload=b"\2", number=2)],
                          "output of 2 bytes": [output(5, payload=b"\0\1", number=2)]}, lines)
        self.are_noticed({"makes no outputs": [output(5)]}, (channel(1, directions=1),))
        self.are_noticed({pattern: [output(5, payload=payload, number=2)] for pattern, payload in {
            "access of 3 bytes": request(width=3), "no read and no write": request(write=2),
            "that is no read": request(zeros=b"\1" * 6), "outside of the window": request(offset=13),
            "value of 0x1 ": request(value=1), "value of 0x100 ": request(value=256, write=1, width=1),
            "output of 23 bytes": request()[:-1]}.items()}, (channel(1), channel(2, kind=4, extent=16)))

    def test_replies_of_the_memory(self) -> None:
        def reply(sequence: int = 1, status: int = 0, length: int = 4, data: bytes = b"data") -> bytes:
            return struct.pack("<QII", sequence, status, length) + data

        lies = {
            "a reply to request 2 ": [output(50, payload=reply(2))],
            "a reply at 49 ns .* for 50 ns": [output(49, payload=reply())],
            "unknown status 3": [output(50, payload=reply(status=3, length=0, data=b""))],
            "with 3 bytes, length 3, where 4": [output(50, payload=reply(length=3, data=b"dat"))],
            "with 4 bytes, length 5, where 4": [output(50, payload=reply(length=5))],
            "with 0 bytes, length 0, where 4": [output(50, payload=reply(length=0, data=b""))],
            "with 4 bytes, length 4, where 4": [output(50, payload=reply(status=1))],
            "reply of 15 bytes": [output(50, payload=bytes(15))],
            "due is that to none": [output(50, payload=reply()), output(50, 2, reply())],
        }
        for pattern, messages in lies.items():
            def script(guest: FakeGuest) -> None:
                guest.greet(channel(1, kind=5, base=1))
                guest.take(Kind.INPUT)
                guest.take(Kind.GRANT)
                guest.give(*messages)

            def run(client: LinkClient) -> None:
                client.hello("sim")
                client.send_input(client.channels["channel1"], 50, encode_request(Ask.READ, 0x80000000, 4))
                client.grant(100)
                client.wait(LIMIT)

            with self.subTest(pattern):
                self.is_noticed(script, run, pattern)

    def test_requests_to_the_memory(self) -> None:
        client = self.greet(lambda guest: None, channel(1, kind=5, base=1, bound=1 << 20))
        memory = client.channels["channel1"]
        for pattern, payload in {"request of 15 bytes": bytes(15), "for 0 bytes": encode_request(Ask.READ, 0, 0),
                                 "for 65521 bytes": encode_request(Ask.READ, 0, 65_521),
                                 "3 bytes of data": encode_request(Ask.WRITE, 0, 4, b"abc")}.items():
            self.assertRaisesRegex(ValueError, pattern, client.send_input, memory, 50, payload)

    def test_reports(self) -> None:
        self.are_noticed({
            "unknown reason 0": [report(100, 0)],
            "unknown reason 10": [report(100, 10)],
            "reason HORIZON at 99": [report(99)],
            "101 ns, beyond the horizon": [report(101)],
            "101 ns, beyond": [report(101, 5)],
            "-5 ns after": [report(-5, 5)],
            "report of 50 ns after .* 60 ns": [output(60), report(50, 5)],
            "exit status of 1 for reason HORIZON": [report(100, status=1)],
            "exit status of -1 for reason PANICKED": [report(50, 8, status=-1)],
            "2 grants counted, 0 before; 1 were sent": [report(100, grants=2)],
            "beyond the horizon of 0 ns": [report(100, 5, grants=0)],
            "next deadline of 99 ns at 100": [report(100, deadline=99)],
            "next deadline of -2": [report(100, deadline=-2)],
            "reason OUTPUT without": [output(50), report(50, 2)],
            "reason MMIO without": [output(50), report(50, 3)],
            "reason FULL, but no channel": [output(50, payload=bytes(99)), report(50, 4)],
            "0 grants counted, 1 before": [report(100), report(100, grants=0)],
            "a report that answers no grant": [report(100), report(100)],
        })

    def test_progress(self) -> None:
        def run(client: LinkClient) -> None:
            client.hello("sim")
            client.ask_milestones(20, 10)
            client.grant(100)
            for _ in range(2):
                client.wait(LIMIT)
            self.fail("nothing was noticed")

        for pattern, messages in {
                "PROGRESS at 19 ns; the next milestone is 20": [progress(19)],
                "PROGRESS at 29 ns; the next milestone is 30": [progress(20), progress(29)],
                "PROGRESS at 50 ns; the next milestone is 60": [report(50, 5), progress(50)],
                "PROGRESS at 20 ns after an output at 21": [output(21), progress(20)],
                "an output at 39 ns after": [progress(40), output(39)],
                "report of 39 ns after": [progress(40), report(39, 5)],
                "PROGRESS at 110 ns, beyond the horizon": [progress(110)],
                "PROGRESS of a guest that stands": [report(100), progress(110)]}.items():
            def script(guest: FakeGuest) -> None:
                guest.greet(channel(1))
                guest.take(Kind.MILESTONES)
                guest.take(Kind.GRANT)
                guest.give(*messages)

            with self.subTest(pattern):
                self.is_noticed(script, run if "stands" not in pattern else
                                lambda client: (client.hello("sim"), client.ask_milestones(20, 10), client.grant(100),
                                                client.wait(LIMIT), client.bye()), pattern)
        self.are_noticed({"PROGRESS at 20 ns, which was not asked for": [progress(20)]})

    def test_stops_that_were_due(self) -> None:
        self.are_noticed({
            "60 ns; the guest had to stop.*OUTPUT": [output(50), output(60, 2)],
            "report of 100 ns; the guest had to stop": [output(50), report(100)],
            "report of 51 ns; the guest had to stop": [output(50), report(51, 2)],
            "reason HORIZON; the guest had to stop": [output(100), report(100)],
        }, is_reactive=True)
        self.are_noticed({
            "60 ns; the guest had to stop.*MMIO": [output(50, 1, request(), 2), output(60)],
            "reason OUTPUT without": [output(50, 1, request(), 2), report(50, 2)],
        }, (channel(1), channel(2, kind=4, extent=16)))
        self.are_noticed({"100 ns; the guest had to stop.*FULL": [output(50, payload=bytes(100)), report(100)]})

    def test_dropped(self) -> None:
        def dropped(total: int, number: int = 1) -> bytes:
            return encode(Kind.DROPPED, number, total)

        self.are_noticed({
            "DROPPED on channel 2": [dropped(1, 2)], "0 dropped": [dropped(0)], "2 dropped of 1 inputs": [dropped(2)],
            "1 dropped of 1 inputs, 1 before": [dropped(1), dropped(1)]})

    def test_while_it_stands(self) -> None:
        for pattern, message in {"OUTPUT where DONE was due": output(0), "DONE at 7 ns; the guest stood at 0": done(7),
                                 "status 3 without a text": done(0, 3), "final zero": done(0, 3, b"x\0")}.items():
            def script(guest: FakeGuest) -> None:
                guest.greet(channel(1))
                guest.take(Kind.CHECKPOINT)
                guest.give(message)

            with self.subTest(pattern):
                self.is_noticed(script, lambda client: (client.hello("sim"), client.checkpoint("c")), pattern)

    def test_after_the_bye(self) -> None:
        for pattern, message in {"OUTPUT of a guest that stands": output(0), "report of a guest that stands": report(0),
                                 "DONE in the wrong state": done(0)}.items():
            with self.subTest(pattern):
                self.is_noticed(lambda guest: (guest.greet(channel(1)), guest.take(Kind.BYE), guest.give(message)),
                                lambda client: (client.hello("sim"), client.bye()), pattern)

    def test_restores_elsewhere(self) -> None:
        def script(guest: FakeGuest) -> None:
            guest.greet()
            guest.take(Kind.CHECKPOINT)
            guest.give(done(0))
            guest.take(Kind.RESTORE)
            guest.give(done(1))

        self.is_noticed(script, lambda client: (client.hello("sim"), client.checkpoint("c"), client.restore("c")),
                        "RESTORE led to 1 ns; the checkpoint was made at 0 ns")


class Ends(LinkTest):
    def test_a_guest_that_hangs_meets_the_limit(self) -> None:
        def say_hello(client: LinkClient) -> None:
            client.hello("sim", seconds=0.05)

        def run(client: LinkClient) -> None:
            client.hello("sim")
            client.grant(100)
            client.wait(0.05)

        self.is_noticed(lambda guest: guest.take(Kind.HELLO), say_hello, "hangs")
        a_piece = report(100)[:9]
        self.is_noticed(lambda guest: (guest.greet(), guest.take(Kind.GRANT), guest.give(a_piece)), run, "hangs")

    def test_hanging_is_an_error_of_its_own(self) -> None:
        client = self.play(lambda guest: (guest.take(Kind.HELLO), guest.hear_out()))
        self.fails(lambda: client.hello("sim", seconds=0.05), "hangs", Hang)

    def test_a_guest_that_goes_away(self) -> None:
        client = self.greet(lambda guest: guest.take(Kind.GRANT))
        client.grant(100)
        self.fails(lambda: client.wait(LIMIT), "closed the connection", Gone)

    def test_a_guest_that_powered_off_may_go_before_the_bye(self) -> None:
        client = self.greet(lambda guest: (guest.take(Kind.GRANT), guest.give(report(7, 7))))
        client.grant(100)
        client.wait(LIMIT)
        self.guest.finish()
        client.bye()

    def test_no_other_guest_may(self) -> None:
        client = self.greet(lambda guest: None)
        self.guest.finish()
        self.fails(client.bye, "closed the connection", Gone)

    def test_a_guest_that_goes_away_within_a_message(self) -> None:
        client = self.greet(lambda guest: (guest.take(Kind.BYE), guest.give(report(100)[:-1])))
        self.fails(client.bye, "ended within a message")

    def test_an_error_comes_with_the_refusal(self) -> None:
        client = self.greet(lambda guest: (guest.take(Kind.GRANT), guest.give(report(7, 9), refuse(b"no disk"))))
        client.grant(100)
        self.fails(lambda: client.wait(LIMIT), "no disk", Refused)

    def test_an_error_without_refusal(self) -> None:
        reports = report(7, 9) * 2
        self.is_noticed(lambda guest: (guest.greet(), guest.take(Kind.GRANT), guest.give(reports)),
                        lambda client: (client.hello("sim"), client.grant(100), client.wait(LIMIT)),
                        "REPORT where REFUSE was due")

    def test_a_refusal_is_found_by_who_sends(self) -> None:
        client = self.greet(lambda guest: guest.give(refuse(b"early")))
        self.guest.finish()
        self.fails(lambda: client.grant(100), "early", Refused)

    def test_reset_and_user_do_not_end_the_run(self) -> None:
        reports = report(5, 5) + report(6, 6) + report(100)
        client = self.greet(lambda guest: (guest.take(Kind.GRANT), guest.give(reports)))
        client.grant(100)
        self.assertEqual([client.wait(LIMIT).reason for _ in range(3)], [Reason.USER, Reason.RESET, Reason.HORIZON])
        self.guest.finish()


class Qqq(unittest.TestCase):
    def test_microseconds_there_and_back(self) -> None:
        here, there = socket.socketpair()
        with here, there:
            client = QqqClient(here)
            client.grant(1000)
            client.grant(0x01020304)
            self.assertEqual(there.recv(8), b"\0\0\x03\xe8\1\2\3\4")
            there.sendall(struct.pack(">II", 1001, 7))
            self.assertEqual([client.wait(LIMIT), client.wait(LIMIT)], [1001, 7])
            self.assertRaises(socket.timeout, client.wait, 0.01)
            there.close()
            self.assertRaises(ProtocolError, client.wait, LIMIT)


if __name__ == "__main__":
    unittest.main()
