#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A web page that shares the door's origin, after DNS rebinding, can do nothing to it."""

import http.server
import json
import shutil
import socket
import subprocess
import tempfile
import threading
import time
import unittest

from debuggee import PATIENCE, Guest, compile_guest
from protocol_test import Client, packet

ADDRESS = "m100,8"
START = packet("QStartNoAckMode").decode()
KILL = packet("k").decode()
WRITE = packet("M100,8:0102030405060708").decode()
LONG = packet("qSupported:" + "a" * (16384 - len(packet("qSupported:")))).decode()
# The parts of a request that a page can choose: the method and the body.
REQUESTS = [
    (packet("qC").decode(), WRITE + KILL),
    (KILL, ""),
    (START, WRITE + KILL),
    ("+" + START, WRITE + KILL),
    (START + KILL, ""),
    (START + "+" + KILL, ""),
    (LONG + KILL, ""),
    (packet("qSupported").decode(), KILL),
    ("$", START),
    ("$qSupported", packet(":").decode() + KILL),
    ("POST", START + WRITE + KILL),
    ("PUT", "+" + KILL),
]
PAGE = """<!doctype html><script>
const pause = ms => new Promise(done => setTimeout(done, ms));
(async () => {
    // The server of this page ends before the door opens on the same port.
    while ((await fetch('REPORT/is-open').then(answer => answer.text())) !== 'open')
        await pause(50);
    const said = [];
    for (const [method, body] of REQUESTS) {
        try {
            const answer = await fetch('/', { method, ...(body ? { body } : {}) });
            said.push(await answer.text());
        } catch {
            said.push(null);
        }
    }
    await fetch('REPORT/said', { method: 'POST', body: JSON.stringify(said) });
})();
</script>"""


class Reports:
    """A server of another origin. It tells the page when the door is open, and receives the
    page's report."""

    def __enter__(self):
        self.is_open = False
        self.said = None
        self.heard = threading.Event()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def answer(self, text):
                self.send_response(200)
                self.send_header("Access-Control-Allow-Origin", "*")
                self.end_headers()
                self.wfile.write(text)

            def do_GET(self):
                self.answer(b"open" if outer.is_open else b"closed")

            def do_POST(self):
                outer.said = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                self.answer(b"")
                outer.heard.set()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    @property
    def address(self):
        return f"http://127.0.0.1:{self.server.server_port}"


def serve_once(page):
    """Sends the page to one visitor. Returns the port, and a thread that ends when it is free again."""
    listener = socket.create_server(("127.0.0.1", 0))

    def read_request(connection):
        connection.settimeout(2)
        request = b""
        try:
            while b"\r\n\r\n" not in request and (more := connection.recv(65536)):
                request += more
        except TimeoutError:
            pass
        return b"\r\n\r\n" in request

    def serve():
        # A browser may connect without sending a request.
        connection, _ = listener.accept()
        while not read_request(connection):
            connection.close()
            connection, _ = listener.accept()
        listener.close()
        with connection:
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n"
                b"Content-Length: %d\r\n\r\n%s" % (len(page), page))

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    return listener.getsockname()[1], thread


class Pages(unittest.TestCase):
    def check_unharmed(self, guest):
        with Client(guest) as client:
            self.assertTrue(client.ask("?").startswith(b"T05"))
            self.assertEqual(client.ask(ADDRESS), b"0" * 16)
            self.assertEqual(client.ask("k"), b"X09")
        self.assertEqual(guest.finish()[0], 137)

    def guest(self, door="-g0"):
        return Guest(compile_guest("endless.c", "-O0"), door=door)

    def test_the_bytes_of_requests(self):
        with self.guest() as guest:
            for method, body in REQUESTS:
                head = f"{method} / HTTP/1.1\r\nHost: {guest.address}\r\n"
                request = (head + f"Content-Length: {len(body)}\r\n\r\n{body}").encode()
                # In one piece, in two pieces cut after the method, and with the body sent later.
                for cut in (len(request), len(method) + 1, len(request) - len(body)):
                    with self.subTest(method=method[:40], cut=cut), Client(guest, acks=True) as client:
                        try:
                            client.send(request[:cut])
                            client.send(request[cut:])
                        except (BrokenPipeError, ConnectionResetError):
                            pass
                        self.assertIsNone(client.receive())
            # Cut exactly after the first packet: that one is answered, but the space after it ends
            # the connection.
            with Client(guest, acks=True) as client:
                client.send(START.encode())
                self.assertEqual(client.receive(), b"OK")
                client.send(b" / HTTP/1.1\r\n\r\n" + (WRITE + KILL).encode())
                self.assertIsNone(client.receive())
            self.check_unharmed(guest)

    def test_fetch_of_node(self):
        node = shutil.which("node")
        if not node:
            raise unittest.SkipTest("node is not installed")
        script = """
            const [port, requests] = [process.argv[1], JSON.parse(process.argv[2])];
            for (const [method, body] of requests) {
                try {
                    const answer = await fetch(`http://127.0.0.1:${port}/`, { method, ...(body ? { body } : {}) });
                    console.log('answered', await answer.text());
                } catch (error) {
                    console.log('failed');
                }
            }"""
        with self.guest() as guest:
            port = guest.address.rpartition(":")[2]
            done = subprocess.run([node, "--input-type=module", "-e", script, "--", port, json.dumps(REQUESTS)],
                capture_output=True, text=True, timeout=PATIENCE)
            self.assertEqual(done.stdout.split("\n"), ["failed"] * len(REQUESTS) + [""], done.stderr)
            self.check_unharmed(guest)

    def test_fetch_of_a_page(self):
        chromium = shutil.which("chromium") or shutil.which("chromium-browser")
        if not chromium:
            raise unittest.SkipTest("chromium is not installed")
        with Reports() as reports, tempfile.TemporaryDirectory() as profile:
            page = PAGE.replace("REPORT", reports.address).replace("REQUESTS", json.dumps(REQUESTS)).encode()
            port, served = serve_once(page)
            browser = subprocess.Popen([chromium, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                "--no-first-run", f"--user-data-dir={profile}", "--remote-debugging-port=0", f"http://127.0.0.1:{port}/"],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:
                served.join(PATIENCE)
                self.assertFalse(served.is_alive(), "the browser never asked for the page")
                with self.guest(f"-g{port}") as guest:
                    reports.is_open = True
                    self.assertTrue(reports.heard.wait(PATIENCE), "the page never came to its end")
                    self.assertEqual(reports.said, [None] * len(REQUESTS))
                    self.check_unharmed(guest)
            finally:
                browser.kill()
                browser.wait()
                time.sleep(0.2)


if __name__ == "__main__":
    unittest.main()
