# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A client of the gdb door: packets, replies, and the guest behind them."""

import re
import socket
import subprocess

SECONDS = 60
OFFSET = (1 << 32) - 1


class Refused(Exception):
    """A request cannot be done; contains the text of the error."""


class Broken(Exception):
    """The door did something that no client expects."""


class Connection:
    """A connection to a door, for packets in both directions."""

    def __init__(self, address):
        host, port = address.rsplit(":", 1)
        self.socket = socket.create_connection((host, int(port)), timeout=SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.bytes = b""
        self.socket.sendall(b"+")
        self.ask("QStartNoAckMode")
        self.socket.sendall(b"+")
        for payload in ("qSupported:xmlRegisters=i386", "QThreadSuffixSupported", "QListThreadsInStopReply", "QEnableErrorStrings"):
            self.ask(payload)

    def send(self, payload):
        data = payload.encode()
        self.socket.sendall(b"$%s#%02x" % (data, sum(data) % 256))

    def receive(self):
        """The next packet, unescaped."""
        while not (match := re.match(rb"[+-]*\$([^#]*)#([0-9a-f]{2})", self.bytes)):
            more = self.socket.recv(65536)
            if not more:
                raise Broken("the door has closed the connection")
            self.bytes += more
        self.bytes = self.bytes[match.end():]
        if int(match[2], 16) != sum(match[1]) % 256:
            raise Broken("a packet has a wrong checksum")
        return re.sub(rb"\}(.)", lambda escape: bytes([escape[1][0] ^ 0x20]), match[1], flags=re.DOTALL).decode("utf-8", "surrogateescape")

    def ask(self, payload):
        """The reply to a packet. Raises `Refused` for an error with a text."""
        self.send(payload)
        answer = self.receive()
        if error := re.fullmatch(r"E[0-9a-f]{2};([0-9a-f]*)", answer):
            raise Refused(text_of(error[1]))
        return answer

    def monitor(self, command):
        """The lines that a command prints."""
        self.send("qRcmd," + command.encode().hex())
        text = ""
        while (answer := self.receive()) != "OK":
            if not answer.startswith("O"):
                raise Broken(f"monitor {command}: {answer}")
            text += text_of(answer[1:])
        if text.startswith("error: "):
            raise Refused(text.removeprefix("error: ").rstrip("\n"))
        return text.splitlines()


def text_of(digits):
    return bytes.fromhex(digits).decode("utf-8", "backslashreplace")


def integer_of(digits):
    return int.from_bytes(bytes.fromhex(digits), "little")


def offset_of(address):
    return address & OFFSET


class Guest:
    """A guest under `vitrine run -g`, with this program as the client of its door."""

    def __init__(self, program, words, folder, environment):
        self.process = subprocess.Popen([program, "run", "-g0", *words], cwd=folder, env=environment, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        line = self.process.stderr.readline().decode()
        listening = re.match(r"vitrine: waiting for a debugger on (\S+): ", line)
        if not listening:
            raise Broken(line + self.process.communicate()[1].decode())
        self.connection = Connection(listening[1])
        self.printed = ""

    def close(self):
        """Waits for the end. Returns the exit status and both streams."""
        output, errors = self.process.communicate(timeout=SECONDS)
        self.connection.socket.close()
        return self.process.returncode, output.decode("utf-8", "backslashreplace"), errors.decode("utf-8", "backslashreplace")

    def discard(self):
        self.process.kill()
        self.close()
