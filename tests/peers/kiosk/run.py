"""The kiosk channel against programs that others wrote: ser2net (raw and RFC 2217), socat's pseudo terminals, pyserial as
the device, python-escpos as the reference for what a printer is sent.

    run.py PROGRAM [PICTURES]

Starts everything on loopback and on pseudo terminals, and ends it. Prints a line for each test; exit 1 on any fault. With a
folder for pictures, receipts and displays of every verdict are left there to be looked at.
"""

import json
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time

import serial
from escpos.printer import Dummy

import picture

PROGRAM = os.path.abspath(sys.argv[1])
PICTURES = sys.argv[2] if len(sys.argv) > 2 else None
# A page of a CD5220 with both of its rows.
BOTH_ROWS = re.compile(rb"\x1bQB[^\r]*\r")
ACK, NAK, ENQ = b"\x06", b"\x15", b"\x05"


def wait_for(condition, what, seconds=20):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        found = condition()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError(f"waited in vain for {what}")


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


class Processes:
    """What was started here, ended by its process id at the end."""

    def __init__(self):
        self.children = []

    def start(self, *command, log):
        with open(log, "wb") as out:
            child = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        self.children.append(child)
        return child

    def end(self, child):
        if child.poll() is None:
            child.send_signal(signal.SIGTERM)
            try:
                child.wait(20)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
        self.children.remove(child)

    def end_all(self):
        for child in list(self.children):
            self.end(child)


class Bench:
    """A demo's folder, served with a terminal at the end of every kind of line."""

    def __init__(self, folder, processes):
        self.folder = folder
        self.processes = processes
        self.taken = {}
        self.socats = {}
        data = self.path("demo")
        demo = self.processes.start(
            PROGRAM, "demo", "--dir", data, "--http", "127.0.0.1:0", "--smpp", "127.0.0.1:0", "--sip", "127.0.0.1:0", "--kiosk", "127.0.0.1:0",
            log=self.path("demo.log"),
        )
        wait_for(lambda: self.said("demo.log", "ready"), "the demo", 90)
        with open(os.path.join(data, "samples.json"), encoding="utf-8") as file:
            self.samples = json.load(file)["samples"]
        self.processes.end(demo)
        for line in ("raw", "remote", "scanner", "display", "printer"):
            self.plug(line)
        self.ports = {"raw": free_port(), "remote": free_port(), "dial-in": free_port(), "tls": free_port()}
        self.certify()
        self.write("ser2net.yaml", self.ser2net())
        self.start_ser2net()
        self.write("secret", "D4AD20A1B2C3\n")
        self.write("verigate.toml", self.configuration(data))
        self.start_gateway()

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)

    def said(self, log, line):
        with open(self.path(log), encoding="utf-8", errors="replace") as file:
            return line in file.read().splitlines()

    def plug(self, line):
        """Two ends of a cable: LINE-device for the device, LINE for whoever serves it."""
        ends = [f"pty,raw,echo=0,link={self.path(name)}" for name in (line + "-device", line)]
        socat = self.processes.start("socat", *ends, log=self.path(line + ".socat"))
        paths = [self.path(line), self.path(line + "-device")]
        wait_for(lambda: all(os.path.exists(path) for path in paths), line)
        # Held open, or the cable would be gone whenever somebody closes an end of it.
        held = [os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK) for path in paths]
        self.socats[line] = (socat, held)

    def unplug(self, line):
        socat, held = self.socats.pop(line)
        self.processes.end(socat)
        for end in held:
            os.close(end)

    def certify(self):
        """A certificate of the gateway, one of a mall whose serial servers are let in, and one of a stranger."""
        for name in ("gateway", "mall", "stranger"):
            made = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
            extensions = ["-addext", "subjectAltName=DNS:gateway.test", "-addext", "basicConstraints=critical,CA:FALSE"]
            files = ["-keyout", self.path(name + ".key"), "-out", self.path(name + ".pem"), "-subj", f"/CN={name}.test"]
            subprocess.run(made + extensions + files, check=True, capture_output=True)

    def ser2net(self):
        connection = "connection: &{name}\n  accepter: {accepter}127.0.0.1,{port}\n  connector: serialdev,{tty},9600n81,local\n"
        return connection.format(name="raw", accepter="tcp,", port=self.ports["raw"], tty=self.path("raw")) + connection.format(
            name="remote", accepter="telnet(rfc2217),tcp,", port=self.ports["remote"], tty=self.path("remote")
        )

    def start_ser2net(self):
        command = ["ser2net", "-n", "-d", "-c", self.path("ser2net.yaml"), "-P", self.path("ser2net.pid")]
        self.server = self.processes.start(*command, log=self.path("ser2net.log"))

    def configuration(self, data):
        device = 'device = {{ output = [{output}], language = "en", on_connect = "process"{more} }}\n'
        ways = {
            "raw": f'dial = {{ address = "127.0.0.1:{self.ports["raw"]}" }}\n',
            "remote": f'dial = {{ address = "127.0.0.1:{self.ports["remote"]}", rfc2217 = true }}\nserial = {{ baud = 19200 }}\n',
            "scanner": f'tty = "{self.path("scanner")}"\n',
            "display": f'tty = "{self.path("display")}"\n',
            "printer": f'tty = "{self.path("printer")}"\n',
            "dial-in": f'registration = {{ file = "{self.path("secret")}" }}\n',
        }
        outputs = {
            "raw": ('"ack", "plain"', ""),
            "remote": ('"ack", "plain"', ""),
            "scanner": ('"ack"', ""),
            "display": ('"cd5220"', ', encoding = "gbk"'),
            "printer": ('"escpos"', ', encoding = "gbk", receipt_link = "https://verify.example/receipt?number="'),
            "dial-in": ('"ack", "plain"', ', heartbeat = "HB"'),
        }
        text = f'[data]\ndir = "{data}"\n[http]\nlisten = "127.0.0.1:0"\n[kiosk]\nsame_s = 5\n'
        # A bench scans faster than shoppers do.
        text += "[quotas]\nterminal = { minute = 100000 }\n"

        text += f'[[kiosk.server]]\nlisten = "127.0.0.1:{self.ports["dial-in"]}"\n'
        text += f'[[kiosk.server]]\nlisten = "127.0.0.1:{self.ports["tls"]}"\n'
        text += f'tls = {{ certificates = "{self.path("gateway.pem")}", key = "{self.path("gateway.key")}", clients = "{self.path("mall.pem")}" }}\n'
        for name, way in ways.items():
            output, more = outputs[name]
            text += f'[[kiosk.terminal]]\nname = "{name}"\nplace = {{ city = "深圳" }}\n{way}{device.format(output=output, more=more)}'
        return text

    def start_gateway(self):
        log = f"serve-{time.monotonic_ns()}.log"
        self.gateway = self.processes.start(PROGRAM, "serve", "--config", self.path("verigate.toml"), log=self.path(log))
        wait_for(lambda: self.said(log, "ready"), "the gateway", 60)

    def probe(self, terminal):
        command = [PROGRAM, "--config", self.path("verigate.toml"), "kiosk", "probe", terminal]
        return json.loads(subprocess.run(command, capture_output=True, check=True, timeout=30).stdout)

    def known(self):
        command = [PROGRAM, "--config", self.path("verigate.toml"), "kiosk", "list", "--json"]
        return json.loads(subprocess.run(command, capture_output=True, check=True, timeout=30).stdout)["terminals"]

    def knows(self, terminal):
        return any(known["name"] == terminal for known in self.known())

    def state(self, terminal):
        return next(known["state"] for known in self.known() if known["name"] == terminal)

    def until_up(self, terminal):
        wait_for(lambda: self.state(terminal) == "up", f"the line of {terminal}")

    def code(self, verdict="genuine_first"):
        codes = next(sample["codes"] for sample in self.samples if sample["verdict"] == verdict)
        nth = self.taken.get(verdict, 0)
        self.taken[verdict] = nth + 1
        return codes[nth % len(codes)].encode()

    def samples_once(self):
        """A number of every sample that needs nothing besides it, with its verdict."""
        return [(sample["verdict"], self.code(sample["verdict"])) for sample in self.samples if not sample["request"]]

    def device(self, line, baud=9600):
        return serial.Serial(self.path(line + "-device"), baud, timeout=10)


def heard_until(device, wanted):
    """Reads until this has come, octets or a pattern of them."""
    pattern = wanted if isinstance(wanted, re.Pattern) else re.compile(re.escape(wanted))
    heard = b""
    until = time.monotonic() + 15
    while not pattern.search(heard):
        assert time.monotonic() < until, f"waited for {wanted!r}, heard {heard!r}"
        heard += device.read(max(1, device.in_waiting))
    return heard


def scan(device, code):
    """As a Honeywell scanner does: waits for ACK, sends again on NAK, five times at most, and beeps when nothing comes."""
    for _ in range(5):
        device.write(code + b"\r")
        answer = device.read(1)
        if answer == ACK:
            return True
        assert answer == NAK, f"neither ACK nor NAK but {answer!r}"
    return False


def test_ser2net_raw(bench):
    bench.until_up("raw")
    with bench.device("raw") as device:
        device.write(bench.code() + b"\r\n")
        heard = heard_until(device, b"\r\n\r\n")
        assert heard[:1] == ACK and b"this is its first check" in heard, heard


def test_ser2net_rfc2217_sets_the_port(bench):
    bench.until_up("remote")
    with bench.device("remote") as device:
        device.write(bench.code() + b"\r")
        heard_until(device, b"\r\n\r\n")
    speed = subprocess.run(["stty", "-F", bench.path("remote"), "speed"], capture_output=True, text=True, check=True).stdout
    assert speed.strip() == "19200", speed


def test_a_terminal_server_that_restarts_is_dialled_again(bench):
    bench.processes.end(bench.server)
    wait_for(lambda: bench.state("raw") == "down", "the line to go down")
    bench.start_ser2net()
    bench.until_up("raw")
    with bench.device("raw") as device:
        device.write(bench.code() + b"\r")
        heard_until(device, b"first check")


def test_a_scanner_with_handshake_is_acknowledged_for_every_scan(bench):
    bench.until_up("scanner")
    before = bench.probe("scanner")["counts"]
    with bench.device("scanner") as device:
        device.write(ENQ)
        assert device.read(1) == ACK
        for nth in range(50):
            assert scan(device, b"2006042500000001%03d" % nth), nth
    after = bench.probe("scanner")["counts"]
    assert after["scans"] - before["scans"] == 50 and after["answered"] - before["answered"] == 50, after


def test_a_double_trigger_and_a_resend_count_once(bench):
    code = bench.code()
    before = bench.probe("scanner")["counts"]
    with bench.device("scanner") as device:
        assert scan(device, code) and scan(device, code)
    after = bench.probe("scanner")["counts"]
    assert after["answered"] - before["answered"] == 1 and after["replayed"] - before["replayed"] == 1, after
    with bench.device("display") as display:
        display.write(code + b"\r")
        heard = heard_until(display, BOTH_ROWS)
        assert b"Valid, seen before" in heard and b"Checked once before" in heard, heard


def test_a_scanner_that_is_unplugged_and_plugged_in_again(bench):
    for nth in range(3):
        bench.unplug("scanner")
        wait_for(lambda: bench.state("scanner") == "down", "the line to go down")
        bench.plug("scanner")
        bench.until_up("scanner")
        with bench.device("scanner") as device:
            assert scan(device, b"2006042500000002%03d" % nth)


def test_a_gateway_that_was_killed_answers_the_resend_from_its_record(bench):
    code = bench.code()
    with bench.device("scanner") as device:
        assert scan(device, code)
        bench.gateway.kill()
        bench.gateway.wait()
        bench.processes.children.remove(bench.gateway)
        bench.start_gateway()
        bench.until_up("scanner")
        assert scan(device, code)
    counts = bench.probe("scanner")["counts"]
    # Within the five seconds it is the same scan; a slow start makes it another one by the same terminal.
    assert counts["replayed"] + counts["answered"] == 1, counts


def test_a_display_shows_gbk_that_fits(bench):
    bench.until_up("display")
    with bench.device("display") as display:
        display.write(b"LANG=zh-Hans\r")
        display.reset_input_buffer()
        display.write(bench.code("unknown") + b"\r")
        heard = heard_until(display, "谨防假冒".encode("gbk"))
        assert b"\x0c\x1bQA" + "本网没有这个编号".encode("gbk") + b"\r\x1bQB" in heard, heard
        for line in re.findall(rb"\x1bQ[AB]([^\r]*)\r", heard):
            assert len(line) <= 20, line


def test_a_receipt_is_what_python_escpos_would_print(bench):
    bench.until_up("printer")
    with bench.device("printer") as printer:
        printer.write(bench.code() + b"\r")
        paper = heard_until(printer, b"\x1dVB\x00")
    printed = paper.decode("gbk")
    number = "".join(re.search(r"Receipt number\n(\d{4} \d{4} \d{4})\n", printed).group(1).split())
    reference = Dummy()
    reference.qr(f"https://verify.example/receipt?number={number}", native=True, size=6, model=2, ec=1)
    assert reference.output in paper, "the code is not as python-escpos writes it"
    assert paper.startswith(b"\x1b@\x1c&") and "Valid number" in printed, printed


def test_receipts_and_displays_of_every_verdict_fit_in_every_language(bench):
    bench.until_up("printer")
    bench.until_up("display")
    with bench.device("printer") as printer, bench.device("display") as display:
        for language in ("zh-Hans", "zh-HK", "en"):
            printed = shown = 0
            for verdict, code in bench.samples_once():
                printer.reset_input_buffer()
                display.reset_input_buffer()
                # Each in its turn: a language that was chosen holds for a minute after the last scan.
                printer.write(b"LANG=" + language.encode() + b"\r" + code + b"\r")
                display.write(b"LANG=" + language.encode() + b"\r" + code + b"\r")
                paper = heard_until(printer, b"\x1dVB\x00")
                image, lines = picture.receipt(paper, "gbk")
                assert not any("?" in line.replace("number?", "") for line in lines), lines
                # The page of the language, then that of the verdict; the next one comes three seconds later.
                pages = heard_until(display, BOTH_ROWS)
                page = re.findall(rb"\x1bQ[AB]([^\r]*)\r", pages.split(b"\x0c")[-1])
                board = picture.display([page], "gbk")
                printed, shown = printed + 1, shown + len(page)
                if PICTURES:
                    os.makedirs(PICTURES, exist_ok=True)
                    image.save(os.path.join(PICTURES, f"{language}-{verdict}.png"))
                    board.save(os.path.join(PICTURES, f"{language}-{verdict}-display.png"))
            assert printed >= 15 and shown == 2 * printed, (printed, shown)


def test_an_operator_has_terminals_asked_whether_they_are_there(bench):
    for line, told in (("raw", "sends nothing but scans"), ("remote", "its terminal server was asked")):
        bench.until_up(line)
        probe = bench.probe(line)["probe"]
        assert told in probe["says"] and probe["answered"] == (line == "remote"), probe
    # Nobody is at the printer's other end but a cable.
    assert bench.probe("printer")["probe"]["answered"] is False


def test_terminals_are_read_again_on_sighup_and_the_others_stay_up(bench):
    opened = bench.probe("scanner")["counts"]["opened"]
    with open(bench.path("verigate.toml"), encoding="utf-8") as file:
        before = file.read()
    bench.plug("late")
    late = f'[[kiosk.terminal]]\nname = "late"\ntty = "{bench.path("late")}"\ndevice = {{ output = ["ack"], on_connect = "process" }}\n'
    bench.write("verigate.toml", before + late)
    bench.gateway.send_signal(signal.SIGHUP)
    wait_for(lambda: bench.knows("late"), "the terminal that was added")
    bench.until_up("late")
    with bench.device("late") as device:
        assert scan(device, bench.code("unknown"))
    bench.write("verigate.toml", before)
    bench.gateway.send_signal(signal.SIGHUP)
    wait_for(lambda: not bench.knows("late"), "the terminal to go")
    assert bench.probe("scanner")["counts"]["opened"] == opened


def test_a_serial_server_registers_and_keeps_its_line_open(bench):
    with socket.create_connection(("127.0.0.1", bench.ports["dial-in"])) as line:
        line.settimeout(15)
        line.sendall(b"D4AD20A1B2C3")
        for _ in range(3):
            line.sendall(b"HB")
            time.sleep(0.1)
        line.sendall(bench.code() + b"\r\n")
        heard = b""
        while b"\r\n\r\n" not in heard:
            heard += line.recv(4096)
        assert b"first check" in heard, heard
    assert bench.probe("dial-in")["counts"]["scans"] == 1
    with socket.create_connection(("127.0.0.1", bench.ports["dial-in"])) as line:
        line.settimeout(15)
        line.sendall(b"D4AD20A1B2C4" + bench.code() + b"\r\n")
        heard = b""
        while part := line.recv(4096):
            heard += part
        assert "没有登记" in heard.decode(), heard


def test_a_serial_server_is_let_in_by_its_certificate_alone(bench):
    def dial(name):
        context = ssl.create_default_context(cafile=bench.path("gateway.pem"))
        if name:
            context.load_cert_chain(bench.path(name + ".pem"), bench.path(name + ".key"))
        line = socket.create_connection(("127.0.0.1", bench.ports["tls"]))
        line.settimeout(15)
        line = context.wrap_socket(line, server_hostname="gateway.test")
        line.sendall(b"D4AD20A1B2C3" + bench.code() + b"\r\n")
        heard = b""
        while b"\r\n\r\n" not in heard:
            part = line.recv(4096)
            assert part, f"ended after {heard!r}"
            heard += part
        line.close()
        return heard

    heard = dial("mall")
    assert heard[:1] == ACK and b"first check" in heard, heard
    scans = bench.probe("dial-in")["counts"]["scans"]
    for name in ("stranger", None):
        try:
            raise AssertionError(f"let in: {dial(name)!r}")
        except (ssl.SSLError, ConnectionError):
            pass
    assert bench.probe("dial-in")["counts"]["scans"] == scans


def main():
    tests = [(name, test) for name, test in globals().items() if name.startswith("test_")]
    faults = 0
    with tempfile.TemporaryDirectory() as folder:
        processes = Processes()
        try:
            bench = Bench(folder, processes)
            for name, test in tests:
                begun = time.monotonic()
                try:
                    test(bench)
                    print(f"ok    {name} ({time.monotonic() - begun:.1f} s)", flush=True)
                except Exception as fault:  # pylint: disable=broad-except
                    faults += 1
                    print(f"FAULT {name}: {fault!r}", flush=True)
        finally:
            processes.end_all()
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
