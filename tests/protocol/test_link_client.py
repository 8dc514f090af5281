# SPDX-License-Identifier: MIT
"""The client against a fake guest: the hand-shake, and honest guests. The other liars are in test_link_liars.py."""
from __future__ import annotations

import struct
import unittest
from typing import Callable, Dict, List

from fake_guest import FakeGuest, LinkTest, Script, channel, done, output, refuse, report, request, welcome
from link_client import LinkClient, NotDone, State
from link_messages import Ability, Kind, Reason, Refused, encode

LIMIT = 10.0


class HandShake(LinkTest):
    def test_hello_has_the_bytes_of_the_document(self) -> None:
        self.assertEqual(
            encode(Kind.HELLO, 0, b"FERMATA\0", 1, 3, 5, 0, 3, tail=b"sim").hex(),
            "28000000" "0100" "0000" "4645524d41544100" "0100" "0300" "05000000" "00000000" "03000000"
            "73696d0000000000")

    def test_learns_guest_and_channels(self) -> None:
        def script(guest: FakeGuest) -> None:
            self.assertEqual(guest.take(Kind.HELLO), (b"FERMATA\0", 1, 3, 4, 0, 3))
            # by hand, from the table: 48 bytes of WELCOME, 48 of CHANNEL
            guest.give(bytes.fromhex("30000000" "0200" "0000" "4645524d41544100" "0100" "0700" "17000000"
                                     "2a00000000000000" "01000000" "05000000" "6775657374000000"))
            guest.give(bytes.fromhex("30000000" "0300" "0100" "01" "03" "01" "00" "00020000" "00010000" "07000000"
                                     "4854010000000000" "0000000000000000" "73657269616c3000"))
            self.assertEqual(guest.take(Kind.SELECT), (1, 0))

        client = self.play(script)
        client.hello("sim", needs=Ability.PRESENT)
        serial = client.channels["serial0"]
        client.select(serial, True)
        self.guest.finish()
        self.assertEqual((client.guest_name, client.guest_version, client.now), ("guest", (1, 7), 42))
        self.assertEqual(client.abilities, Ability.EXACT | Ability.REACTIVE | Ability.PRESENT | Ability.RAISE)
        self.assertEqual((serial.number, serial.input_bound, serial.output_bound, serial.base), (1, 512, 256, 0x15448))
        self.assertTrue(serial.takes_inputs and serial.makes_outputs and serial.is_exact)

    def test_refusal_tells_version_and_text(self) -> None:
        client = self.play(lambda guest: (guest.take(Kind.HELLO), guest.give(refuse(b"2.1 here, 9.0 there", 2, 1))))
        with self.assertRaises(Refused) as caught:
            client.hello("sim", version=(9, 0))
        self.guest.finish()
        self.assertEqual((caught.exception.version, caught.exception.text), ((2, 1), "2.1 here, 9.0 there"))

    def test_liars(self) -> None:
        lies: Dict[str, List[bytes]] = {
            "without the magic": [welcome(magic=b"fermata\0")],
            r"version 2\.0; this is 1\.3": [welcome(major=2)],
            "without the needed abilities 0x1": [welcome(abilities=30)],
            "negative instant -1": [welcome(now=-1)],
            "REPORT where WELCOME was due": [report(0)],
            "REPORT where CHANNEL was due": [welcome(1), report(0)],
            "CHANNEL 2 where 1 was due": [welcome(1), channel(2)],
            "CHANNEL 1 where 2 was due": [welcome(2), channel(1), channel(1)],
            "CHANNEL on channel 0": [welcome(1), channel(0)],
            "unknown kind 6": [welcome(1), channel(1, kind=6)],
            "unknown directions 0": [welcome(1), channel(1, directions=0)],
            "unknown directions 4": [welcome(1), channel(1, directions=4)],
            "unknown timing 3": [welcome(1), channel(1, timing=3)],
            "kind 1 has an extent of 8": [welcome(1), channel(1, extent=8)],
            "kind 4 has an extent of 0": [welcome(1), channel(1, kind=4)],
            "kind 2 has a base": [welcome(1), channel(1, kind=2, base=1)],
            "two channels with the name tty": [welcome(2), channel(1, name=b"tty"), channel(2, name=b"tty")],
            "not UTF-8": [welcome(name=b"\xff")],
            "final zero": [welcome(name=b"guest\0")],
            "text of 1025 bytes": [welcome(name=b"g" * 1025)],
            "field that must be 0": [welcome(1), encode(Kind.CHANNEL, 1, 1, 3, 1, 1, 9, 9, 1, 0, 0, tail=b"x")],
        }
        for pattern, messages in lies.items():
            with self.subTest(pattern):
                self.is_noticed(lambda guest: (guest.take(Kind.HELLO), guest.give(*messages)),
                                lambda client: client.hello("sim", needs=1), pattern)

    def test_broken_layouts(self) -> None:
        head = struct.Struct("<IHH").pack
        lies = {
            "message of 7 bytes": head(7, 2, 0),
            "message of 0 bytes": head(0, 2, 0),
            "message of 44 bytes": head(44, 2, 0),
            "message of 65576 bytes": head(65_576, 2, 0),
            "type 99 from a guest": head(8, 99, 0),
            "type 1 from a guest": encode(Kind.HELLO, 0, b"FERMATA\0", 1, 0, 0, 0, 0),
            "WELCOME of 8 bytes": head(8, 2, 0),
            "WELCOME of 40 bytes with a text or payload of 1": welcome(name=b"")[:36] + b"\1\0\0\0",
            "WELCOME of 48 bytes with a text or payload of 0": head(48, 2, 0) + welcome(name=b"")[8:] + bytes(8),
            "REPORT of 48 bytes": head(48, 19, 0) + report(0)[8:] + bytes(8),
            "not filled up with zeros": welcome(name=b"guest")[:-1] + b"\1",
            "WELCOME on channel 1": head(48, 2, 1) + welcome()[8:],
        }
        for pattern, message in lies.items():
            with self.subTest(pattern):
                self.is_noticed(lambda guest: (guest.take(Kind.HELLO), guest.give(message)),
                                lambda client: client.hello("sim"), pattern)


class Running(LinkTest):
    def test_inputs_and_outputs(self) -> None:
        def script(guest: FakeGuest) -> None:
            self.assertEqual(guest.take(Kind.INPUT), (7, 1, 0, 3))
            self.assertEqual(guest.take(Kind.INPUT), (7, 2, 0, 1))
            self.assertEqual(guest.take(Kind.GRANT), (1000, 0))
            guest.give(output(20, 1, b"one"), output(20, 2, b"2"))
            guest.give(encode(Kind.DROPPED, 1, 1), report(1000, deadline=1500))
            self.assertEqual(guest.take(Kind.GRANT), (1000, 1))
            guest.give(report(1000, grants=2, deadline=-1))
            self.assertEqual(guest.take(Kind.GRANT), (2000, 2))
            guest.give(output(1500, 3), report(1504, 7, grants=3, status=3))
            guest.take(Kind.BYE)

        client, seen = self.greet(script), []  # type: LinkClient, List[bytes]
        serial = client.channels["channel1"]
        self.assertEqual([client.send_input(serial, 7, b"abc"), client.send_input(serial, 7, b"d")], [1, 2])
        client.grant(1000)
        first = client.wait(LIMIT, lambda made: seen.append(made.payload))
        self.assertEqual((first.now, first.reason, first.next_deadline), (1000, Reason.HORIZON, 1500))
        self.assertEqual(seen, [b"one", b"2"])
        self.assertEqual([(made.at, made.sequence) for made in first.outputs], [(20, 1), (20, 2)])
        client.grant(1000)
        self.assertEqual(client.wait(LIMIT).next_deadline, -1)
        client.grant(2000)
        last = client.wait(LIMIT)
        self.assertEqual((last.now, last.reason, last.exit_status), (1504, Reason.POWERED_OFF, 3))
        self.assertEqual(client.state, State.STOPPED)
        client.bye()
        self.guest.finish()

    def test_rounds_the_horizon_up_to_the_instruction(self) -> None:
        for now, pattern in ((1000, "HORIZON at 1000"), (1001, ""), (1008, ""), (1009, "beyond the horizon")):
            with self.subTest(now):
                client = self.greet(lambda guest: (guest.take(Kind.GRANT), guest.give(report(now)), guest.hear_out()))
                client.instruction_ns = 8
                client.grant(1001)
                if pattern:
                    self.fails(lambda: client.wait(LIMIT), pattern)
                else:
                    self.assertEqual(client.wait(LIMIT).now, now)
                    client.stream.close()
                    self.guest.finish()

    def test_a_raised_horizon_may_cross_the_report(self) -> None:
        def script(guest: FakeGuest) -> None:
            self.assertEqual([guest.take(Kind.GRANT), guest.take(Kind.GRANT)], [(100, 0), (200, 0)])
            guest.give(report(100, grants=1), output(150), report(200, grants=2))

        client = self.greet(script)
        client.grant(100)
        client.grant(200)
        self.assertEqual((client.wait(LIMIT).now, client.state), (100, State.RUNNING))
        self.assertEqual((client.wait(LIMIT).now, client.state), (200, State.STANDING))
        self.guest.finish()

    def test_a_reactive_output_stops_even_if_a_grant_crosses(self) -> None:
        def script(guest: FakeGuest) -> None:
            guest.take(Kind.SELECT)
            self.assertEqual([guest.take(Kind.GRANT), guest.take(Kind.GRANT)], [(100, 0), (200, 0)])
            guest.give(output(50), report(50, 2, grants=1))
            self.assertEqual((guest.take(Kind.INPUT)[0], guest.take(Kind.GRANT)), (50, (200, 1)))
            guest.give(report(200, grants=3))

        client = self.greet(script)
        client.select(client.channels["channel1"], True)
        client.grant(100)
        client.grant(200)
        self.assertEqual((client.wait(LIMIT).reason, client.state), (Reason.OUTPUT, State.STANDING))
        client.send_input(client.channels["channel1"], 50, b"answer")
        client.grant(200)
        self.assertEqual(client.wait(LIMIT).now, 200)
        self.guest.finish()

    def test_answers_a_read(self) -> None:
        def script(guest: FakeGuest) -> None:
            guest.take(Kind.GRANT)
            guest.give(output(50, 1, request(write=1, value=7)), output(60, 2, request()), report(60, 3))
            self.assertEqual([guest.take(Kind.INPUT), guest.take(Kind.GRANT)], [(70, 1, 0, 16), (100, 1)])
            guest.give(report(100, grants=2))

        client = self.greet(script, channel(1, kind=4, extent=16))
        window = client.channels["channel1"]
        client.grant(100)
        self.assertEqual(client.wait(LIMIT).reason, Reason.MMIO)
        self.assertRaisesRegex(ValueError, "waits for the answer", client.grant, 100)
        self.assertRaisesRegex(ValueError, "no such read", client.send_input, window, 70, struct.pack("<QQ", 9, 1))
        client.send_input(window, 70, struct.pack("<QQ", 9, 2))
        client.grant(100)
        self.assertEqual(client.wait(LIMIT).now, 100)
        self.guest.finish()

    def test_checkpoints(self) -> None:
        def script(guest: FakeGuest) -> None:
            guest.take(Kind.GRANT)
            guest.give(output(5), report(10))
            self.assertEqual(guest.take(Kind.CHECKPOINT), (0, 4))
            guest.give(done(10))
            guest.take(Kind.GRANT)
            guest.give(output(15, 2), report(20, grants=2))
            guest.take(Kind.RESTORE)
            guest.give(done(20, 2, b"disk full"))
            guest.take(Kind.RESTORE)
            guest.give(done(10))
            self.assertEqual(guest.take(Kind.GRANT), (12, 2))
            guest.give(output(11, 3), report(12, grants=3))

        client = self.greet(script)
        client.grant(10)
        client.wait(LIMIT)
        client.checkpoint("here")
        client.grant(20)
        client.wait(LIMIT)
        self.assertRaisesRegex(NotDone, "disk full", client.restore, "here")
        self.assertEqual(client.now, 20)
        client.restore("here")
        self.assertEqual(client.now, 10)
        client.grant(12)
        self.assertEqual(client.wait(LIMIT).now, 12)
        self.guest.finish()

    def test_mistakes_of_the_caller_are_not_sent(self) -> None:
        client = self.greet(lambda guest: (guest.take(Kind.GRANT), guest.give(report(50)), guest.take(Kind.BYE)),
                            channel(1), channel(2, directions=2), channel(3, kind=2))
        serial, silent, net = (client.channels[f"channel{number}"] for number in (1, 2, 3))
        client.grant(50)
        self.assertRaisesRegex(ValueError, "earlier than 50", client.send_input, serial, 49, b"x")
        self.assertRaisesRegex(ValueError, "after one of 50", client.grant, 49)
        self.assertRaisesRegex(ValueError, "while the guest stands", client.checkpoint, "name")
        client.wait(LIMIT)
        for pattern, action in (
                ("takes no inputs", lambda: client.send_input(silent, 60, b"x")),
                ("14 to 9018", lambda: client.send_input(net, 60, b"short")),
                ("bound is 100", lambda: client.send_input(serial, 60, bytes(101))),
                ("no name", lambda: client.checkpoint(".hidden")), ("no name", lambda: client.checkpoint("a" * 65)),
                ("before the first", lambda: client.select(serial, True)),
                ("without a grant", lambda: client.wait(LIMIT))):
            with self.subTest(pattern):
                self.assertRaisesRegex(ValueError, pattern, action)
        client.bye()
        self.guest.finish()

    def test_abilities_that_the_guest_lacks_are_not_used(self) -> None:
        client = self.play(lambda guest: (guest.take(Kind.HELLO), guest.give(welcome(1, abilities=1), channel(1)),
                                          guest.take(Kind.BYE)))
        self.assertRaisesRegex(ValueError, "at most 1024", client.hello, "x" * 1025)
        self.assertRaisesRegex(ValueError, "takes no grants", client.grant, 1)
        client.hello("sim")
        serial = client.channels["channel1"]
        for pattern, action in (
                ("once", lambda: client.hello("sim")), ("no reactive", lambda: client.select(serial, True)),
                ("present instant", lambda: client.grant(0)), ("no checkpoints", lambda: client.checkpoint("name")),
                ("no progress", lambda: client.ask_milestones(10, 10))):
            with self.subTest(pattern):
                self.assertRaisesRegex(ValueError, pattern, action)
        client.bye()
        self.guest.finish()
        self.assertRaisesRegex(ValueError, "takes no inputs", client.send_input, serial, 5, b"x")
        self.assertRaisesRegex(ValueError, "is over", client.bye)


if __name__ == "__main__":
    unittest.main()
