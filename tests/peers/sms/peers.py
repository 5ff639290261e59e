"""What the tests with SMPP peers share: programs that end with their test, the gateway, the list of tests."""

import json
import logging
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback

import smpplib.client
import smpplib.exceptions
import smpplib.gsm

logging.disable(logging.ERROR)
WORD = sys.argv[3] if len(sys.argv) > 3 else ""
PROGRAM, MODULES = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
HERE = os.path.dirname(os.path.abspath(__file__))
BOUND_TO, SERVED = [], []


def test(function):
    """A test that binds to the demo."""
    BOUND_TO.append(function)
    return function


def served(function):
    """A test that serves the demo's folder, once the demo has ended."""
    SERVED.append(function)
    return function


def wait_for(condition, what, seconds=20):
    until = time.time() + seconds
    while time.time() < until:
        value = condition()
        if value:
            return value
        time.sleep(0.05)
    raise AssertionError(f"waited {seconds} s for {what}")


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


class Process:
    """A program that is ended, by its process id, at the end of its test."""

    def __init__(self, *command, log, env=None, cwd=None):
        self.lines = []
        self.log = open(log, "wb")
        self.child = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=self.log, stdin=subprocess.PIPE, env=env, cwd=cwd
        )
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.child.stdout:
            self.lines.append(line.decode(errors="replace").rstrip("\n"))

    def say(self, line):
        self.child.stdin.write((line + "\n").encode())
        self.child.stdin.flush()

    def events(self, name=None):
        found = [json.loads(line) for line in self.lines if line.startswith("{")]
        return [event for event in found if name is None or event["event"] == name]

    def end(self):
        if self.child.poll() is None:
            self.child.send_signal(signal.SIGTERM)
            try:
                self.child.wait(20)
            except subprocess.TimeoutExpired:
                self.child.kill()
                self.child.wait()
        self.log.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()


class Gateway:
    """A demo, whose server is bound to, and then the same folder served with a link of its own."""

    def __init__(self, folder):
        self.dir = os.path.join(folder, "demo")
        self.folder = folder
        self.process = None

    def start_demo(self):
        self.process = Process(
            PROGRAM, "demo", "--dir", self.dir, "--http", "127.0.0.1:0", "--smpp", "127.0.0.1:0", "--sip", "127.0.0.1:0", "--kiosk", "127.0.0.1:0", log=self.dir + ".log"
        )
        wait_for(lambda: "ready" in self.process.lines, "the demo", 60)
        with open(os.path.join(self.dir, "samples.json"), encoding="utf-8") as file:
            self.samples = json.load(file)
        host, port = self.samples["listen"]["smpp"].rsplit(":", 1)
        self.smpp = (host, int(port))
        self.taken = {}

    def code(self, verdict):
        """Another number for each asking, so that no test depends on another one's."""
        codes = next(sample["codes"] for sample in self.samples["samples"] if sample["verdict"] == verdict)
        nth = self.taken.get(verdict, 0)
        self.taken[verdict] = nth + 1
        return codes[nth % len(codes)]

    def links(self):
        out = subprocess.run(
            [PROGRAM, "--dir", self.dir, "sms", "links", "--json"], capture_output=True, check=True, timeout=30
        )
        return {link["name"]: link for link in json.loads(out.stdout)["links"]}

    def serve(self, port, settings=""):
        """Serves the folder with one link to this port."""
        name = os.path.join(self.folder, f"serve-{port}")
        with open(name + ".pw", "w", encoding="utf-8") as file:
            file.write("pw\n")
        with open(name + ".toml", "w", encoding="utf-8") as file:
            file.write(
                f'[data]\ndir = "{self.dir}"\n[http]\nlisten = "127.0.0.1:0"\n[[sms.link]]\nname = "peer"\n'
                f'addresses = ["127.0.0.1:{port}"]\nsystem_id = "verigate"\n'
                f'password = {{ password_file = "{name}.pw" }}\n{settings}\n'
            )
        process = Process(PROGRAM, "serve", "--config", name + ".toml", log=name + ".log")
        wait_for(lambda: "ready" in process.lines, "the gateway", 60)
        return process


SCRATCH = tempfile.mkdtemp(prefix="sms-peers-")
GATEWAY = Gateway(SCRATCH)


def scratch(name):
    return os.path.join(SCRATCH, name)


def node(script, *arguments):
    environment = dict(os.environ, NODE_PATH=MODULES)
    return Process("node", os.path.join(HERE, script), *map(str, arguments), log=scratch(script + ".log"), env=environment)


def connects(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    except OSError:
        return False


class Smpplib:
    """An ESME by smpplib; texts that are told apart by their handset."""

    def __init__(self, *kinds, password="demo"):
        self.received = []
        self.clients = []
        for kind in kinds:
            client = self.client()
            client.set_message_received_handler(lambda pdu, **_: self.received.append(pdu) or 0)
            client.set_message_sent_handler(lambda pdu, **_: None)
            client.connect()
            self.clients.append(client)
            getattr(client, "bind_" + kind)(system_id="demo", password=password)

    def client(self):
        return smpplib.client.Client(*GATEWAY.smpp, allow_unknown_opt_params=True, timeout=10)

    def text(self, words, handset):
        parts, coding, kind = smpplib.gsm.make_parts(words)
        for part in parts:
            self.clients[0].send_message(
                source_addr_ton=1,
                source_addr_npi=1,
                source_addr=handset,
                dest_addr_ton=0,
                dest_addr_npi=1,
                destination_addr="12365",
                short_message=part,
                data_coding=coding,
                esm_class=kind,
            )
        return len(parts)

    def reply(self, handset, seconds=20):
        def found():
            for client in self.clients:
                client._socket.settimeout(0.1)
                try:
                    client.read_once(auto_send_enquire_link=False)
                except (socket.timeout, smpplib.exceptions.ConnectionError, TimeoutError):
                    pass
            return [pdu for pdu in self.received if pdu.destination_addr == handset.encode()]

        pdu = wait_for(found, f"a reply to {handset}", seconds)[0]
        assert pdu.source_addr == b"12365", pdu.source_addr
        return words_of(pdu.short_message, pdu.data_coding)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for client in self.clients:
            client._socket.settimeout(5)
            client.unbind()
            client.disconnect()


def words_of(octets, coding):
    return octets.decode("utf-16-be") if coding == 8 else octets.decode("latin-1")


def genuine(words):
    assert "编号有效" in words or "genuine" in words.lower() or "on record" in words.lower(), words


def main():
    passed = failed = 0
    GATEWAY.start_demo()
    for function in BOUND_TO + SERVED:
        if SERVED and function is SERVED[0]:
            GATEWAY.process.end()
        if WORD not in function.__name__:
            continue
        begun = time.time()
        try:
            function()
            passed += 1
            print(f"pass {function.__name__.replace('_', ' ')} ({time.time() - begun:.1f} s)", flush=True)
        except Exception:  # whatever a peer does wrong is told
            failed += 1
            print(f"FAIL {function.__name__.replace('_', ' ')}\n{traceback.format_exc()}", flush=True)
    GATEWAY.process.end()
    if failed:
        print(f"the logs are in {SCRATCH}")
    else:
        shutil.rmtree(SCRATCH)
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)
