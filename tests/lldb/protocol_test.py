#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The bytes on the wire: what a client may rely on, and what no client may cause."""

import pathlib
import random
import re
import socket
import subprocess
import tempfile
import time
import unittest

from debuggee import PATIENCE, VITRINE, Guest, compile_guest, run_script

ENDLESS = "endless.c"
FAULTS = "faults.c"


def packet(payload):
    if isinstance(payload, str):
        payload = payload.encode()
    return b"$%s#%02x" % (payload, sum(payload) % 256)


class Client:
    """Knows frames and checksums only. Acknowledgements are off unless requested."""

    def __init__(self, guest, acks=False):
        if guest.address.startswith("/"):
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.settimeout(PATIENCE)
            self.socket.connect(guest.address)
        else:
            host, port = guest.address.rsplit(":", 1)
            self.socket = socket.create_connection((host, int(port)), timeout=PATIENCE)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.bytes = b""
        self.acks = b""
        if not acks:
            self.send(b"+" + packet("QStartNoAckMode"))
            assert self.receive() == b"OK"
            self.send(b"+")
            self.acks = b""

    def send(self, data):
        self.socket.sendall(data)

    def receive(self):
        """The payload of the next packet; None at the end."""
        while not (match := re.match(rb"([+-]*)\$([^#]*)#([0-9a-f]{2})", self.bytes)):
            try:
                more = self.socket.recv(65536)
            except ConnectionResetError:
                more = b""
            if not more:
                return None
            self.bytes += more
        self.bytes = self.bytes[match.end():]
        self.acks += match[1]
        assert int(match[3], 16) == sum(match[2]) % 256, "a wrong checksum"
        return match[2]

    def ask(self, payload):
        self.send(packet(payload))
        return self.receive()

    def is_silent(self, seconds=0.05):
        self.socket.settimeout(seconds)
        try:
            self.bytes += self.socket.recv(65536)
        except TimeoutError:
            pass
        self.socket.settimeout(PATIENCE)
        return self.bytes == b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()


class Wire(unittest.TestCase):
    def setUp(self):
        self.guest = Guest(compile_guest(ENDLESS, "-O0"))
        self.addCleanup(self.guest.__exit__)

    def end(self, client):
        self.assertEqual(client.ask("k"), b"X09")
        self.assertIsNone(client.receive())
        self.assertEqual(self.guest.finish()[0], 137)

    def test_acknowledgements(self):
        with Client(self.guest, acks=True) as client:
            client.send(b"+")
            self.assertIn(b"PacketSize=", client.ask("qSupported"))
            client.send(b"$qC#00")
            self.assertEqual(client.ask("qC"), b"QC1")
            self.assertEqual(client.acks, b"+-+")
            client.send(b"-")
            self.assertEqual(client.receive(), b"QC1")
            self.end(client)

    def test_one_answer_for_each_packet(self):
        asked = ["qC", "nonsense", "", "qWasmLocal:0;999", "m", "m0,4", "x0,0", "Z0,0,1", "Z2,0,4", "z0,0,1", "vCont?", "P0=00",
            "qXfer:libraries:read::ffffffffffffffff,ffffffffffffffff", "qMemoryRegionInfo:ffffffffffffffff",
            "qMemoryRegionInfo:10000000000000000", "M0,0:", "M4000000100000000,1:00", "qRegisterInfo1", "T9", "Hg-1", "_M1000,rwx"]
        with Client(self.guest) as client:
            self.assertTrue(client.ask("?").startswith(b"T05thread:1;"))
            alone = [client.ask(payload) for payload in asked]
            self.assertTrue(client.is_silent())
            client.send(b"".join(map(packet, asked)))
            self.assertEqual([client.receive() for _ in asked], alone)
            # Byte by byte, and split at each position.
            data = b"".join(map(packet, asked))
            for byte in data:
                client.send(bytes([byte]))
            self.assertEqual([client.receive() for _ in asked], alone)
            for cut in range(len(data)):
                client.send(data[:cut])
                client.send(data[cut:])
                self.assertEqual([client.receive() for _ in asked], alone)
            self.assertTrue(client.is_silent())
            self.end(client)

    def test_an_answer_is_one_write(self):
        """With several writes, each would wait until the one before is acknowledged."""
        with Client(self.guest) as client:
            client.ask("?")
            times = []
            for _ in range(201):
                start = time.monotonic()
                client.ask("m0,1000")
                times.append(time.monotonic() - start)
            self.assertLess(sorted(times)[100], 0.03)
            self.end(client)

    def test_interrupts(self):
        with Client(self.guest) as client:
            self.assertTrue(client.ask("?").startswith(b"T05"))
            client.send(b"\3")
            self.assertTrue(client.is_silent())
            client.send(packet("c"))
            self.assertEqual(client.receive(), b"O" + b"turning\n".hex().encode())
            client.send(b"\3\3\3")
            self.assertTrue(client.receive().startswith(b"T02thread:1;"))
            self.assertTrue(client.is_silent())
            self.end(client)

    def test_other_languages(self):
        for words in (b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03", b"help\n"):
            with Client(self.guest, acks=True) as client:
                client.send(words)
                self.assertIsNone(client.receive())
        with Client(self.guest) as client:
            self.end(client)

    def test_a_second_client(self):
        with Client(self.guest) as first:
            with Client(self.guest, acks=True) as second:
                self.assertIsNone(second.receive())
            self.assertEqual(first.ask("qC"), b"QC1")
            self.end(first)

    def test_vanishing_at_any_byte(self):
        data = b"+" + packet("QStartNoAckMode") + b"+" + packet("?") + packet("m0,20000") + packet("Z0,4000000100000200,1") + packet("c")
        for size in range(len(data) + 1):
            with Client(self.guest, acks=True) as client:
                client.send(data[:size])
        with Client(self.guest) as client:
            self.assertTrue(client.ask("?").startswith(b"T0"))
            self.end(client)

    def test_garbage(self):
        chance = random.Random(1)
        known = [b"$", b"#", b"}", b"\3", b"+", b"-", b"*", packet("?"), packet("c"), packet("s"), packet("D1"), packet("m0,ffff"),
            packet("qXfer:libraries:read::0,fff"), packet("vCont;s:1"), packet("Z0,4000000100000200,1"), b"$M0,4:", b"$m" + b"f" * 300 + b"#00",
            b"$" + b"a" * 200000 + b"#00"]
        for _ in range(60):
            with Client(self.guest, acks=True) as client:
                data = packet("QStartNoAckMode") + b"".join(chance.choice(known) if chance.random() < 0.7 else chance.randbytes(5)
                    for _ in range(30))
                try:
                    client.send(data.replace(packet("k"), b""))
                except (ConnectionResetError, BrokenPipeError):
                    pass
        # The server may not have noticed yet that the last of them has left. Until then it refuses
        # another.
        for patience in range(100):
            try:
                client = Client(self.guest)
                break
            except (AssertionError, ConnectionError):
                time.sleep(0.05)
        with client:
            self.assertTrue(client.ask("?").startswith(b"T0"))
            self.end(client)


class Ports(unittest.TestCase):
    def run_with(self, *options):
        wasm = compile_guest(FAULTS, "-O0")
        return subprocess.run([VITRINE, "run", *options, str(wasm), "3"], stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=PATIENCE)

    def test_ports_that_cannot_be_had(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            done = self.run_with(f"-g{port}")
            self.assertEqual(done.returncode, 1)
            self.assertRegex(done.stderr, rf"^vitrine: error: .*-g.*{port}.*in use")
        for option in ("-g99999", "-gnowhere", "-g127.0.0.1", "-g::1:0"):
            done = self.run_with(option)
            self.assertNotEqual(done.returncode, 3)
            self.assertRegex(done.stderr, r"^vitrine: error: .*-g")
            self.assertEqual(done.stdout, "")

    def test_each_way_to_write_the_option(self):
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        for options in ((f"-g{port}",), (f"-g={port}",), ("-g", str(port)), ("-g", f"127.0.0.1:{port}"), (f"-g=:{port}",)):
            done = self.run_with(*options, "--timeout", "0.05")
            if options[0] == f"-g=:{port}":
                self.assertRegex(done.stderr, r"^vitrine: error: -g :\d+: expected ")
            else:
                self.assertRegex(done.stderr, rf"^vitrine: waiting for a debugger on 127\.0\.0\.1:{port}: lldb-22 ")

    def test_a_unix_socket(self):
        """The socket's file exists as long as the door, and LLDB connects to it whatever its
        name is."""
        with tempfile.TemporaryDirectory() as folder:
            for name in ("door", "the guest's \"door\""):
                path = pathlib.Path(folder) / name
                with Guest(compile_guest(FAULTS, "-O0"), "3", door=f"-g={path}") as guest:
                    self.assertTrue(path.is_socket())
                    answers = run_script(guest, ["b main", "continue", "continue"])
                    self.assertRegex(answers[2], r"stop reason = breakpoint 1\.1")
                    self.assertRegex(answers[3], r"exited with status = 3 ")
                    self.assertEqual(guest.finish()[0], 3)
                    self.assertFalse(path.exists())

    def test_the_file_of_a_unix_socket(self):
        """A killed guest leaves it behind, and the next one takes its place; one that listens keeps it."""
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "door.sock"
            wasm = compile_guest(FAULTS, "-O0")
            with Guest(wasm, "3", door=f"-g={path}") as killed:
                killed.process.kill()
                killed.process.wait(PATIENCE)
                self.assertTrue(path.is_socket())
            with Guest(wasm, "3", door=f"-g={path}") as guest:
                self.assertEqual(path.stat().st_mode & 0o777, 0o600)
                done = subprocess.run([VITRINE, "run", f"-g={path}", str(wasm), "3"], capture_output=True, text=True,
                    timeout=PATIENCE)
                self.assertRegex(done.stderr, rf"^vitrine: error: -g {path}: .*another program listens there")
                self.assertNotEqual(done.returncode, 0)
                answers = run_script(guest, ["continue"])
                self.assertRegex(answers[1], r"exited with status = 3 ")
            self.assertFalse(path.exists())


if __name__ == "__main__":
    unittest.main()
