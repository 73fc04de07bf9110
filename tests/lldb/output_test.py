#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The output of a guest under `run -g`: the stream gets it as without a debugger, and the client
gets a copy."""

import fcntl
import os
import re
import signal
import socket
import subprocess
import tempfile
import termios
import threading
import time
import unittest

from debuggee import PATIENCE, Guest, compile_guest
from protocol_test import Client, packet

FLOOD = "flood.c"
# In KiB; more than any pipe holds.
MUCH = 64 * 1024
# Seconds, for something that should happen at once, on a busy machine.
SOON = 15


def text_of(kib):
    return b"".join((b"%d " % i).ljust(1023, b".") + b"\n" for i in range(kib))


def unread_bytes(stream):
    return int.from_bytes(fcntl.ioctl(stream, termios.FIONREAD, bytes(4)), "little")


class Reader(threading.Thread):
    """Receives what a client gets until the guest has ended: the output and the last packet."""

    def __init__(self, client):
        super().__init__(daemon=True)
        self.client = client
        self.output = bytearray()
        self.end = None
        self.start()

    def run(self):
        while payload := self.client.receive():
            if payload.startswith(b"O"):
                self.output += bytes.fromhex(payload[1:].decode())
            else:
                self.end = payload

    def result(self):
        self.join(PATIENCE)
        return bytes(self.output), self.end


def let_go(client):
    """Resumes the guest from its entry."""
    assert client.ask("?").startswith(b"T05")
    client.send(packet("c"))
    return Reader(client)


class Undrained(unittest.TestCase):
    """Standard output is a pipe that nobody reads. The guest waits for room in it, and is ended
    there."""

    def flood(self, client, guest):
        """Resumes the guest until it waits, while the client reads."""
        reader = let_go(client)
        capacity = fcntl.fcntl(guest.process.stdout, fcntl.F_GETPIPE_SZ)
        end = time.monotonic() + PATIENCE
        while unread_bytes(guest.process.stdout) < capacity and guest.process.poll() is None:
            self.assertLess(time.monotonic(), end)
            time.sleep(0.01)
        return reader

    def check_end(self, guest, reader, status, ends):
        """The guest ends soon. The client has also received what the pipe accepted, exactly
        once."""
        self.assertEqual(guest.process.wait(SOON), status)
        output, end = reader.result()
        written, errors = guest.process.communicate(timeout=PATIENCE)
        self.assertEqual(output, written.encode())
        self.assertEqual(output, text_of(MUCH)[:len(output)])
        self.assertIn(end, ends)
        return errors

    def test_the_time_ends_the_guest(self):
        with Guest(compile_guest(FLOOD, "-O1"), str(MUCH), options=["--timeout", "1"]) as guest, Client(guest) as client:
            reader = self.flood(client, guest)
            self.assertIn("--timeout 1", self.check_end(guest, reader, 124, [b"X09"]))

    def test_an_interrupt_ends_the_guest(self):
        with Guest(compile_guest(FLOOD, "-O1"), str(MUCH)) as guest, Client(guest) as client:
            reader = self.flood(client, guest)
            guest.process.send_signal(signal.SIGINT)
            self.assertIn("interrupted", self.check_end(guest, reader, 130, [b"X09"]))

    def test_the_client_ends_the_guest(self):
        with Guest(compile_guest(FLOOD, "-O1"), str(MUCH)) as guest, Client(guest) as client:
            reader = self.flood(client, guest)
            client.send(packet("k"))
            self.assertIn("the debugger ended the guest", self.check_end(guest, reader, 137, [b"X09"]))

    def test_the_client_stops_the_guest(self):
        """The guest stops in the call, and finishes it after it is resumed and somebody reads."""
        with Guest(compile_guest(FLOOD, "-O1"), "256") as guest, Client(guest) as client:
            reader = self.flood(client, guest)
            client.send(b"\3")
            end = time.monotonic() + SOON
            while reader.end is None and time.monotonic() < end:
                time.sleep(0.01)
            self.assertTrue(reader.end and reader.end.startswith(b"T02"), reader.end)
            client.send(packet("c"))
            self.assertEqual(guest.finish(), (0, text_of(256).decode(), ""))
            self.assertEqual(reader.result(), (text_of(256), b"W00"))


class Unread(unittest.TestCase):
    """The client does not read the output, and the guest waits for it until something else is
    requested."""

    NOTE = r"vitrine: (\d+) bytes of the guest's output were not sent: the debugger did not read them\n"

    def run_with(self, kib, act, *options):
        """The end of a guest that writes this much, for a client with a small socket buffer."""
        with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile() as file:
            door = f"-g={folder}/door"
            with Guest(compile_guest(FLOOD, "-O1"), str(kib), options=options, door=door, stdout=file) as guest, Client(guest) as client:
                assert client.ask("?").startswith(b"T05")
                client.send(packet("c"))
                end = time.monotonic() + PATIENCE
                seen = -1
                while guest.process.poll() is None and seen != os.fstat(file.fileno()).st_size:
                    self.assertLess(time.monotonic(), end)
                    seen = os.fstat(file.fileno()).st_size
                    time.sleep(0.3)
                act(guest, client)
                self.assertEqual(guest.process.wait(SOON), self.status)
                errors = guest.process.stderr.read()
                self.assertRegex(errors, self.NOTE)
                unread = int(re.search(self.NOTE, errors)[1])
                # The socket has room for twice as many hex digits as bytes, and not for more.
                self.assertGreater(unread, 0)
                self.assertLessEqual(unread, os.fstat(file.fileno()).st_size)
                return errors

    def test_the_time_ends_the_guest(self):
        self.status = 124
        self.assertIn("--timeout 1", self.run_with(MUCH, lambda *_: None, "--timeout", "1"))

    def test_an_interrupt_ends_the_guest(self):
        self.status = 130
        self.assertIn("interrupted", self.run_with(MUCH, lambda guest, _: guest.process.send_signal(signal.SIGINT)))

    def test_the_client_ends_the_guest(self):
        with Guest(compile_guest(FLOOD, "-O1"), str(MUCH), stdout=subprocess.DEVNULL) as guest, Client(guest) as client:
            assert client.ask("?").startswith(b"T05")
            client.send(packet("c"))
            time.sleep(1)
            client.send(packet("k"))
            self.assertEqual(guest.process.wait(SOON), 137)

    def test_the_client_lets_the_guest_go(self):
        """After a detach the guest no longer waits for a client that does not read."""
        with Guest(compile_guest(FLOOD, "-O1"), str(MUCH), stdout=subprocess.DEVNULL) as guest, Client(guest) as client:
            assert client.ask("?").startswith(b"T05")
            client.send(packet("c"))
            time.sleep(1)
            client.send(b"\3")
            time.sleep(1)
            client.send(packet("D"))
            self.assertEqual(guest.process.wait(SOON), 0)

    def test_the_guest_ends(self):
        self.status = 0
        self.run_with(300, lambda *_: None)

    def test_a_client_that_reads_late_gets_everything(self):
        with Guest(compile_guest(FLOOD, "-O1"), str(16 * 1024), stdout=subprocess.DEVNULL) as guest, Client(guest) as client:
            assert client.ask("?").startswith(b"T05")
            client.send(packet("c"))
            time.sleep(1)
            for _ in range(3):
                client.send(b"\3")
                time.sleep(0.2)
            reader = Reader(client)
            end = time.monotonic() + PATIENCE
            while reader.end is None and time.monotonic() < end:
                time.sleep(0.01)
            self.assertTrue(reader.end and reader.end.startswith(b"T02"), reader.end)
            client.send(packet("c"))
            self.assertEqual(guest.process.wait(PATIENCE), 0)
            self.assertEqual(reader.result(), (text_of(16 * 1024), b"W00"))


class Streams(unittest.TestCase):
    def run_with(self, kib, stdout):
        """The guest's status and errors, and what the client received."""
        with Guest(compile_guest(FLOOD, "-O1"), str(kib), stdout=stdout) as guest, Client(guest) as client:
            reader = let_go(client)
            guest.process.wait(PATIENCE)
            return guest.process.returncode, guest.process.stderr.read(), reader.result()

    def test_errors_of_the_stream_reach_the_guest(self):
        with open("/dev/full", "wb") as full:
            self.assertEqual(self.run_with(1, full), (3, "guest: No space left on device\n",
                (b"guest: No space left on device\n", b"W03")))
        for read, write in (os.pipe(), [end.detach() for end in socket.socketpair()]):
            os.close(read)
            with open(write, "wb") as broken:
                self.assertEqual(self.run_with(1, broken), (3, "guest: Broken pipe\n", (b"guest: Broken pipe\n", b"W03")))

    def test_each_byte_comes_once(self):
        """The stream and the client each get every byte once, whatever the stream is."""
        text = text_of(300)
        with tempfile.TemporaryFile() as file:
            self.assertEqual(self.run_with(300, file), (0, "", (text, b"W00")))
            file.seek(0)
            self.assertEqual(file.read(), text)
        for read, write in (os.pipe(), [end.detach() for end in socket.socketpair()], os.openpty()):
            got = b""

            def drain():
                nonlocal got
                try:
                    while len(got.replace(b"\r", b"")) < len(text):
                        got += os.read(read, 100_000)
                except OSError:
                    pass

            thread = threading.Thread(target=drain, daemon=True)
            thread.start()
            with open(write, "wb") as stream:
                self.assertEqual(self.run_with(300, stream), (0, "", (text, b"W00")))
            thread.join(PATIENCE)
            os.close(read)
            self.assertEqual(got.replace(b"\r\n", b"\n"), text)

    def test_a_stream_that_takes_everything(self):
        self.assertEqual(self.run_with(3, subprocess.DEVNULL), (0, "", (text_of(3), b"W00")))


if __name__ == "__main__":
    unittest.main()
