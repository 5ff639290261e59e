#!/usr/bin/env python3
"""Hostile and clumsy clients against the program: slow heads, slow bodies, slow readers (slowhttptest), HTTP/2 under load and
under resets (h2load and raw frames), header bombs, forged cookies, proxies that lie. Each time honest askers are
served all the while, and afterwards nothing is left open.

usage: run.py VERIGATE
"""

import atexit
import http.client
import json
import os
import re
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import time

FAULTS = []
HELD = 0


def hold(condition, text):
    global HELD
    if condition:
        HELD += 1
    else:
        FAULTS.append(text)
        print("FAULT", text, flush=True)


CONFIG = """
[data]
dir = "{dir}/data"
[log]
level = "{level}"
[http]
listen = "127.0.0.1:0"
{http}
connections = {{ connections = 600, connections_per_address = 300, handshake_timeout_s = 2 }}
requests = {{ running = 64, header_bytes = 16384, body_bytes = 65536, header_timeout_s = 2, request_timeout_s = 3, drain_s = 5 }}
"""


class Program:
    def __init__(self, binary, http="", level="info"):
        self.dir = tempfile.mkdtemp(prefix="verigate-http-")
        self.config = os.path.join(self.dir, "verigate.toml")
        with open(self.config, "w") as file:
            file.write(CONFIG.format(dir=self.dir, http=http, level=level))
        subprocess.run([binary, "init", "--config", self.config], check=True, stdout=subprocess.DEVNULL)
        self.log = open(os.path.join(self.dir, "log"), "w+")
        self.process = subprocess.Popen(
            [binary, "serve", "--config", self.config], stdout=subprocess.PIPE, stderr=self.log, text=True
        )
        # Whatever goes wrong here, nothing stays behind.
        atexit.register(self.process.kill)
        self.port = self.wait_for(r"http=127\.0\.0\.1:(\d+)")

    def wait_for(self, pattern, since=0, seconds=20):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            with open(self.log.name) as file:
                file.seek(since)
                found = re.search(pattern, re.sub("\x1b\\[[0-9;]*m", "", file.read()))
            if found:
                return int(found.group(1)) if found.groups() else True
            time.sleep(0.02)
        raise TimeoutError(f"the log never says {pattern}")

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(20)
        hold(code == 0, f"the program ended with {code}")
        with open(self.log.name) as file:
            text = file.read()
        hold("panicked" not in text, "a panic in the log")
        shutil.rmtree(self.dir)

    def get(self, path="/healthz", headers=None, timeout=5):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.request("GET", path, headers=headers or {})
            response = connection.getresponse()
            return response.status, dict(response.getheaders()), response.read()
        finally:
            connection.close()

    def open_connections(self):
        """By /metrics, this one included; None while there is no room for it."""
        try:
            text = self.get("/metrics")[2].decode()
        except OSError:
            return None
        found = re.search(r'^\S*connections_open\{[^}]*listener="http"[^}]*\} (\d+)', text, re.M)
        return int(found.group(1)) if found else None

    def settles(self, name):
        end = time.monotonic() + 15
        while time.monotonic() < end:
            if self.open_connections() == 1:
                hold(True, name)
                return
            time.sleep(0.2)
        hold(False, f"after {name} {self.open_connections()} connections stay open")


class Honest:
    """Asks all the while, on connections of its own, and remembers how long it took."""

    def __init__(self, program, name):
        self.program, self.name, self.over, self.took, self.failed = program, name, False, [], 0

    def __enter__(self):
        self.thread = threading.Thread(target=self.ask)
        self.thread.start()
        return self

    def ask(self):
        while not self.over:
            begun = time.monotonic()
            try:
                if self.program.get("/?lang=en")[0] != 200:
                    self.failed += 1
            except OSError:
                self.failed += 1
            self.took.append(time.monotonic() - begun)
            time.sleep(0.05)

    def __exit__(self, *_):
        self.over = True
        self.thread.join()
        worst = max(self.took)
        print(f"  {self.name}: {len(self.took)} honest requests, {self.failed} failed, the slowest {worst * 1000:.0f} ms", flush=True)
        hold(self.failed == 0, f"{self.name}: {self.failed} of {len(self.took)} honest requests failed")
        hold(worst < 2, f"{self.name}: an honest request took {worst:.1f} s")


def slow(program):
    url = f"http://127.0.0.1:{program.port}"
    for name, flags in [
        ("slow heads", ["-H", "-i", "1", "-r", "100"]),
        ("slow bodies", ["-B", "-i", "1", "-r", "100", "-s", "8192", "-t", "POST", "-u", f"{url}/v1/checks"]),
        ("slow readers", ["-X", "-r", "100", "-w", "256", "-y", "512", "-n", "1", "-z", "32", "-k", "1", "-u", f"{url}/scan/zxing-reader-3.1.4.wasm"]),
    ]:
        with Honest(program, name):
            done = subprocess.run(
                ["slowhttptest", "-c", "200", "-l", "8", "-p", "2", "-u", url, *flags], capture_output=True, text=True, timeout=60
            )
        text = re.sub("\x1b\\[[0-9;]*m", "", done.stdout)
        hold(re.findall(r"service available:\s+(\S+)", text)[-1:] == ["YES"], f"{name}: not available to slowhttptest's own probe")
        program.settles(name)


def crowd(program):
    """One address takes all it may, and is told apart from the others by being closed."""
    held = []
    for _ in range(300):
        # Not in one burst: a kernel with a short queue drops some, and their second try comes after the first are cut.
        held.append(socket.create_connection(("127.0.0.1", program.port)))
        time.sleep(0.001)
    time.sleep(0.1)
    extra = socket.create_connection(("127.0.0.1", program.port))
    extra.settimeout(2)
    try:
        closed = extra.recv(1) == b""
    except ConnectionResetError:
        closed = True
    except TimeoutError:
        closed = False
    hold(closed, "a 301st connection of one address is kept")
    for one in held:
        one.close()
    extra.close()
    program.settles("a crowd")


def multiplexed(program):
    with Honest(program, "h2load"):
        done = subprocess.run(
            ["h2load", "-n", "20000", "-c", "10", "-m", "32", f"http://127.0.0.1:{program.port}/healthz"],
            capture_output=True, text=True, timeout=60,
        )
    text = done.stdout
    found = re.search(r"requests: (\d+) total.*?(\d+) succeeded", text)
    hold(bool(found) and found.group(1) == found.group(2), f"h2load: {text[-400:]}")
    rate = re.search(r"finished in .*", text)
    print("  h2load:", rate.group(0) if rate else "?", flush=True)


def frame(kind, flags, stream, body=b""):
    return struct.pack("!I", len(body))[1:] + bytes([kind, flags]) + struct.pack("!I", stream) + body


PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0)
# GET / by http to "x", from the static table: the smallest head there is.
HEAD = bytes([0x82, 0x84, 0x86, 0x41, 0x01]) + b"x"


def resets(program):
    """Streams opened and reset as fast as the wire takes them (CVE-2023-44487)."""
    with Honest(program, "rapid reset"):
        cut = 0
        for _ in range(100):
            peer = socket.create_connection(("127.0.0.1", program.port))
            peer.settimeout(3)
            try:
                peer.sendall(PREFACE)
                for nth in range(0, 2000, 50):
                    burst = b"".join(
                        frame(1, 5, 2 * (nth + one) + 1, HEAD) + frame(3, 0, 2 * (nth + one) + 1, b"\0\0\0\x08") for one in range(50)
                    )
                    peer.sendall(burst)
                while peer.recv(65536):
                    pass
                cut += 1
            except (ConnectionResetError, BrokenPipeError):
                cut += 1
            except TimeoutError:
                pass
            peer.close()
    hold(cut == 100, f"rapid reset: only {cut} of 100 connections were cut")
    program.settles("rapid reset")


def endless_heads(program):
    """CONTINUATION frames without end (CVE-2024-27316 and its kin)."""
    with Honest(program, "continuation flood"):
        peer = socket.create_connection(("127.0.0.1", program.port))
        peer.settimeout(5)
        sent, refused = 0, False
        try:
            peer.sendall(PREFACE + frame(1, 0, 1, HEAD))
            for _ in range(2000):
                peer.sendall(frame(9, 0, 1, b"\x00\x01a\x7f\x00" + b"b" * 127))
                sent += 1
            refused = any(peer.recv(65536) == b"" for _ in range(100))
        except (ConnectionResetError, BrokenPipeError):
            refused = True
        except TimeoutError:
            pass
        peer.close()
    hold(refused, f"{sent} CONTINUATION frames were taken")
    program.settles("a continuation flood")


def raw(program, octets, seconds=6):
    with socket.create_connection(("127.0.0.1", program.port)) as peer:
        peer.settimeout(seconds)
        answer = b""
        try:
            peer.sendall(octets)
            while part := peer.recv(65536):
                answer += part
        except (ConnectionResetError, BrokenPipeError, TimeoutError):
            pass
        return answer


def bombs(program):
    for name, octets, status in [
        ("one long header", b"GET / HTTP/1.1\r\nhost: x\r\nx: " + b"a" * 100_000 + b"\r\n\r\n", b"431"),
        ("many headers", b"GET / HTTP/1.1\r\nhost: x\r\n" + b"a: b\r\n" * 5_000 + b"\r\n", b"431"),
        ("a long address", b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nhost: x\r\n\r\n", b"4"),
        ("two lengths", b"POST /v1/checks HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello", b"400"),
        ("length and chunks", b"POST /v1/checks HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nhost: x\r\n\r\n", None),
        ("a bad chunk", b"POST /v1/checks HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n", b"400"),
        ("no HTTP at all", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + os.urandom(64), b""),
    ]:
        answer = raw(program, octets)
        if status is None:
            hold(answer.count(b"HTTP/1.1 ") <= 1, f"{name}: two answers, {answer[:200]!r}")
        else:
            hold(answer[9:].startswith(status) or (status == b"" and b"200 OK" not in answer), f"{name}: {answer[:80]!r}")
    program.settles("bombs")


def forged(program):
    status, headers, _ = program.get("/")
    good = headers["set-cookie"].split(";")[0]
    for cookie in [good + "0", good[:-1], good.replace("=", "=0", 1)[: len(good)], "verigate_visitor=" + "a" * 4000, "verigate_visitor=%00; " * 50]:
        status, headers, _ = program.get("/", {"Cookie": cookie})
        hold(status == 200 and "set-cookie" in headers, f"a forged cookie counts: {cookie[:60]}")
    status, headers, _ = program.get("/", {"Cookie": good})
    hold("set-cookie" not in headers, "the true cookie does not count")


def renewed(binary):
    """A certificate replaced and SIGHUP: new connections see the new one, a broken file changes nothing."""
    folder = tempfile.mkdtemp(prefix="verigate-tls-")
    pem, key = os.path.join(folder, "tls.pem"), os.path.join(folder, "tls.key")

    def make(name):
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "9",
             "-keyout", key, "-out", pem, "-subj", f"/CN={name}"], check=True, capture_output=True,
        )

    make("first")
    program = Program(binary, f'tls = {{ certificates = "{pem}", key = "{key}" }}', "debug")
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE

    def shown():
        with socket.create_connection(("127.0.0.1", program.port)) as plain, context.wrap_socket(plain) as peer:
            der = peer.getpeercert(binary_form=True)
            peer.sendall(b"GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
            hold(peer.recv(12) == b"HTTP/1.1 200", "no answer by TLS")
            return b"first" in der, b"second" in der

    hold(shown() == (True, False), "the first certificate is not shown")
    with socket.create_connection(("127.0.0.1", program.port)) as plain, context.wrap_socket(plain) as peer:
        body = b'{"code":"12345"}'
        peer.sendall(
            b"POST /v1/checks HTTP/1.1\r\nhost: x\r\nconnection: close\r\nx-request-id: till-7.42\r\ncontent-type: application/json\r\n"
            + f"content-length: {len(body)}\r\n\r\n".encode() + body
        )
        answer = b""
        while part := peer.recv(65536):
            answer += part
    hold(b"x-request-id: till-7.42" in answer and b'"malformed"' in answer, f"a named request: {answer[:300]!r}")
    program.wait_for(r"request\{id=\W*till-7\.42\W*\}:inquiry")
    make("second")
    since = os.path.getsize(program.log.name)
    program.process.send_signal(signal.SIGHUP)
    program.wait_for("the configuration was read again", since)
    hold(shown() == (False, True), "the second certificate is not shown after SIGHUP")
    with open(pem, "w") as file:
        file.write("broken")
    since = os.path.getsize(program.log.name)
    program.process.send_signal(signal.SIGHUP)
    program.wait_for("the configuration stays as it was", since)
    hold(shown() == (False, True), "a broken file changed the certificate")
    silent = socket.create_connection(("127.0.0.1", program.port))
    silent.settimeout(5)
    hold(silent.recv(1) == b"", "a handshake that never comes is waited for")
    program.stop()
    shutil.rmtree(folder)


def main():
    binary = os.path.abspath(sys.argv[1])
    program = Program(binary)
    for part in [bombs, forged, crowd, multiplexed, resets, endless_heads, slow]:
        begun = time.monotonic()
        part(program)
        print(f"{part.__name__}: {time.monotonic() - begun:.1f} s", flush=True)
    program.stop()
    renewed(binary)
    print(f"{HELD} held, {len(FAULTS)} faults")
    sys.exit(1 if FAULTS else 0)


main()
