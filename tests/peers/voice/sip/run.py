#!/usr/bin/env python3
"""Calls by SIP, made by programs that others wrote: sipp (signalling and RFC 4733), baresip (TLS, SRTP, sound) and Kamailio
(a proxy in front).

Usage: run.py PATH-TO-VERIGATE [matrix] [timers] [register] [sound] [proxy] [names]. Everything runs on loopback, on ports that were free. What a caller was told is read from
the metrics of the gateway, what was heard from the sound that baresip recorded.
"""
import itertools
import json
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
VERIGATE = os.path.abspath(sys.argv[1])
BOUND = 60
# Adds up, and was never issued.
UNISSUED = "12345670000001123456"
counted = itertools.count()
failed = []
running = []


def free(kind=socket.SOCK_DGRAM):
    with socket.socket(socket.AF_INET, kind) as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def wait_for(what, holds, bound=BOUND):
    until = time.monotonic() + bound
    while time.monotonic() < until:
        found = holds()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"waited in vain: {what}")


def start(arguments, **options):
    process = subprocess.Popen(arguments, **options)
    running.append(process)
    return process


class Gateway:
    def __init__(self, scratch):
        self.dir = os.path.join(scratch, "demo")
        self.out = os.path.join(scratch, "out")
        arguments = [VERIGATE, "demo", "--dir", self.dir, "--http", "127.0.0.1:0", "--smpp", "127.0.0.1:0",
                     "--sip", "127.0.0.1:0", "--kiosk", "127.0.0.1:0"]
        self.process = start(arguments, stdout=open(self.out, "w"), stderr=subprocess.STDOUT)
        wait_for("the demo is ready", lambda: "\nready\n" in open(self.out).read() or self.process.poll() is not None)
        assert self.process.poll() is None, open(self.out).read()
        with open(os.path.join(self.dir, "samples.json")) as samples:
            self.samples = json.load(samples)
        self.sip = self.samples["listen"]["sip"]
        self.codes = {}
        for sample in self.samples["samples"]:
            numbers = [code for code in sample["codes"] if len(code) == 20 and code.isdigit()]
            self.codes.setdefault(sample["verdict"], []).extend(numbers)

    def code(self, verdict):
        return self.codes[verdict].pop()

    def verdicts(self, verdict):
        with urllib.request.urlopen(f"http://{self.samples['listen']['http']}/metrics", timeout=10) as answer:
            text = answer.read().decode()
        wanted = [f'channel="voice"', f'verdict="{verdict}"']
        lines = [line for line in text.splitlines() if line.startswith("verigate_verdicts_total{")]
        return sum(float(line.split()[-1]) for line in lines if all(part in line for part in wanted))

    def calls(self):
        with urllib.request.urlopen(f"http://{self.samples['listen']['http']}/metrics", timeout=10) as answer:
            found = re.search(r"^verigate_calls_active (\S+)", answer.read().decode(), re.M)
        return float(found.group(1)) if found else 0.0


def sipp(gateway, scenario, calls=1, rate=10, keys=None, more=(), bound=BOUND, codec="8"):
    scratch = tempfile.mkdtemp()
    with open(f"{HERE}/{scenario}.xml") as template, open(f"{scratch}/scenario.xml", "w") as file:
        file.write(template.read().replace("RTP/AVP 8 96", f"RTP/AVP {codec} 96"))
    arguments = ["sipp", gateway, "-sf", f"{scratch}/scenario.xml", "-s", "12365", "-i", "127.0.0.1",
                 "-p", str(free()), "-mp", str(30_000 + 4 * ((os.getpid() + next(counted)) % 2_000)), "-m", str(calls), "-r", str(rate),
                 "-nostdin", "-timeout", str(bound), "-timeout_error", "-trace_err", "-error_file", f"{scratch}/errors", *more]
    if keys:
        with open(f"{scratch}/keys.csv", "w") as file:
            file.write("SEQUENTIAL\n" + "".join(f"{each};\n" for each in keys))
        arguments += ["-inf", f"{scratch}/keys.csv"]
    done = subprocess.run(arguments, cwd=scratch, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=bound + 30)
    errors = open(f"{scratch}/errors").read() if os.path.exists(f"{scratch}/errors") else ""
    shutil.rmtree(scratch)
    assert done.returncode == 0, f"sipp {scenario}: {done.returncode}\n{done.stdout.decode()[-1500:]}\n{errors[-1500:]}"


def check(name, do):
    began = time.monotonic()
    try:
        do()
        print(f"  good  {name} ({time.monotonic() - began:.1f} s)", flush=True)
    except Exception as error:  # every check runs, whatever the one before did
        failed.append(name)
        print(f"  BAD   {name}: {error}", flush=True)


def told(gateway, verdict, more, do):
    before = gateway.verdicts(verdict)
    do()
    wait_for(f"{verdict} is told {more} times", lambda: gateway.verdicts(verdict) == before + more, 20)


def matrix(gateway):
    for scenario in ("options", "unfit", "require", "interval", "hold", "info", "lost"):
        check(f"sipp {scenario}", lambda: sipp(gateway.sip, scenario))
    check("sipp options by TCP", lambda: sipp(gateway.sip, "options", more=("-t", "t1")))
    check("sipp hold by TCP", lambda: sipp(gateway.sip, "hold", more=("-t", "t1")))
    if os.geteuid() == 0:
        for codec, name in (("8", "PCMA"), ("0", "PCMU")):
            numbers = [gateway.code("genuine_first") for _ in range(6)]
            check(f"sipp digits: six callers are told of six numbers, {name}", lambda: told(
                gateway, "genuine_first", 6, lambda: sipp(gateway.sip, "digits", calls=6, rate=3, keys=numbers, codec=codec)))
        check("sipp digits: a mistyped number is not looked up", lambda: told(
            gateway, "genuine_first", 0, lambda: sipp(gateway.sip, "digits", keys=[wrong(gateway.code("genuine_first"))])))
        check("sipp late offer", lambda: told(
            gateway, "unknown", 1, lambda: sipp(gateway.sip, "late", keys=[gateway.codes["unknown"][0]])))
    else:
        print("  --    sipp digits: sends raw packets, which needs root")
    check("no call is left", lambda: wait_for("all calls end", lambda: gateway.calls() == 0, 40))


def timers(gateway):
    """Sessions that are refreshed by us, by UPDATE and by INVITE, and one that its caller forgets; a minute, all at once."""
    checks = [threading.Thread(target=check, args=(f"sipp {scenario}", lambda scenario=scenario: sipp(gateway.sip, scenario, bound=90)))
              for scenario in ("refresh", "reinvite", "expired")]
    for one in checks:
        one.start()
    for one in checks:
        one.join()


def wrong(code):
    return code[:-1] + str((int(code[-1]) + 1) % 10)


def mu_law(octet):
    """One sample (ITU-T G.711)."""
    octet ^= 0xFF
    size = ((octet & 0x0F) * 8 + 132 << (octet >> 4 & 7)) - 132
    return -size if octet & 0x80 else size


def names(gateway, scratch):
    """The name of a product, spoken by espeak-ng as the product came into the catalogue, is heard behind the verdict."""
    folder = os.path.join(gateway.dir, "prompts", "zh-Hans")
    recorded = wait_for("names are spoken", lambda: os.path.isdir(folder) and [n for n in os.listdir(folder) if n.endswith(".ulaw")])
    heard = os.path.join(scratch, "named.wav")
    subprocess.run([VERIGATE, "call", "simulate", gateway.code("genuine_first"), "--gateway", gateway.sip, "--codec", "pcmu",
                    "--longest", "16", "--wav", heard], check=True, stdout=subprocess.DEVNULL)
    whole = struct.pack(f"<{len(wav_samples(heard))}h", *wav_samples(heard))
    for name in recorded:
        with open(os.path.join(folder, name), "rb") as file:
            samples = [mu_law(octet) for octet in file.read()]
        if struct.pack(f"<{len(samples)}h", *samples) in whole:
            return
    raise AssertionError(f"none of {len(recorded)} names was heard")


def registration(scratch):
    port = free()
    config = os.path.join(scratch, "register.toml")
    with open(config, "w") as file:
        file.write(f'[data]\ndir = "{scratch}/register"\n[http]\nlisten = "127.0.0.1:0"\n[log]\nlevel = "info"\n'
                   f'[voice.sip]\nlisten = "127.0.0.1:0"\n[[voice.sip.trunk]]\nname = "pbx"\nfrom = ["127.0.0.1"]\n'
                   f'[voice.sip.trunk.register]\nregistrar = "sip:127.0.0.1:{port}"\nuser = "verigate"\n'
                   f'password = {{ password_env = "PBX" }}\n')
    subprocess.run([VERIGATE, "init", "--config", config], check=True, stdout=subprocess.DEVNULL)
    registrar = start(["sipp", "-sf", f"{HERE}/registrar.xml", "-i", "127.0.0.1", "-p", str(port), "-m", "1", "-nostdin",
                       "-timeout", "30", "-timeout_error"], cwd=scratch, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    log = open(os.path.join(scratch, "register.log"), "w")
    served = start([VERIGATE, "serve", "--config", config], env={**os.environ, "PBX": "secret"}, stdout=log, stderr=log)
    assert registrar.wait(40) == 0, "the registrar was not satisfied"
    wait_for("it says so", lambda: "registered" in open(log.name).read(), 10)
    assert "secret" not in open(log.name).read()
    served.send_signal(signal.SIGTERM)
    assert served.wait(30) == 0


def proxy(gateway, scratch):
    """Calls by way of Kamailio, as a carrier's trunk has them: every request of a call takes that way, ours too."""
    port, ours = free(), gateway.sip.rsplit(":", 1)[1]
    modules = subprocess.run("ls -d /usr/lib/*/kamailio/modules /usr/lib/kamailio/modules 2>/dev/null | head -1", shell=True,
                             stdout=subprocess.PIPE).stdout.decode().strip()
    config = os.path.join(scratch, "kamailio.cfg")
    with open(f"{HERE}/kamailio.cfg") as template, open(config, "w") as file:
        file.write(template.read().replace("PROXY", str(port)).replace("GATEWAY", ours).replace("MODULES", modules))
    log = open(os.path.join(scratch, "kamailio.log"), "w")
    process = start(["kamailio", "-f", config, "-DD", "-E", "-m", "32", "-Y", scratch, "-P", f"{scratch}/kamailio.pid"],
                    stdout=log, stderr=log)

    def answers():
        assert process.poll() is None, open(log.name).read()[-1500:]
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind(("127.0.0.1", 0))
            probe.settimeout(0.5)
            here = "%s:%d" % probe.getsockname()
            probe.sendto((f"OPTIONS sip:x@127.0.0.1:{port} SIP/2.0\r\nVia: SIP/2.0/UDP {here};branch=z9hG4bK{time.time()}\r\n"
                          f"From: <sip:p@{here}>;tag=1\r\nTo: <sip:x@127.0.0.1>\r\nCall-ID: {time.time()}\r\nCSeq: 1 OPTIONS\r\n"
                          f"Max-Forwards: 5\r\nContent-Length: 0\r\n\r\n").encode(), ("127.0.0.1", port))
            try:
                return probe.recv(4096).startswith(b"SIP/2.0 200")
            except (TimeoutError, ConnectionError):
                return False

    def relayed(method):
        return open(log.name).read().count(f"relayed within a call: {method} from port {ours}")

    wait_for("an OPTIONS comes through to the gateway and back", answers, 20)
    for scenario in ("options", "hold", "info"):
        check(f"sipp {scenario} by way of Kamailio", lambda: sipp(f"127.0.0.1:{port}", scenario))
    byes = relayed("BYE")
    if os.geteuid() == 0:
        check("sipp digits by way of Kamailio", lambda: told(gateway, "genuine_first", 3, lambda: sipp(
            f"127.0.0.1:{port}", "digits", calls=3, rate=3, keys=[gateway.code("genuine_first") for _ in range(3)])))
        check("the gateway hangs up by the same way", lambda: wait_for("a BYE is relayed", lambda: relayed("BYE") >= byes + 3, 10))
    number = gateway.code("genuine_first")
    check("our own caller by way of Kamailio", lambda: told(gateway, "genuine_first", 1, lambda: subprocess.run(
        [VERIGATE, "call", "simulate", number, "--gateway", f"127.0.0.1:{port}", "--longest", "20"], check=True, stdout=subprocess.DEVNULL)))
    process.send_signal(signal.SIGTERM)
    process.wait(20)


def wav_samples(path):
    with open(path, "rb") as file:
        content = file.read()
    at = content.index(b"data") + 8
    rate = struct.unpack("<I", content[24:28])[0]
    samples = struct.unpack(f"<{(len(content) - at) // 2}h", content[at:at + (len(content) - at) // 2 * 2])
    return samples[::rate // 8000]


# One call for each language, by the number that is called.
LANGUAGES = {"12361": "zh-Hans", "12362": "zh-HK", "12363": "en"}
BEFORE = ["greeting.0", "ask-number.0", "ask-number.2"]
AFTER = ["unknown.0", "menu.0", "menu-report.0", "menu-read-back.0", "menu-language.0"]
PIECE = 3_200


def recording(folder, language, clip):
    with open(os.path.join(folder, language, f"{clip}.ulaw"), "rb") as file:
        octets = [mu_law(octet) for octet in file.read()]
    return struct.pack(f"<{len(octets)}h", *octets)


def follow(heard, at, sound, what):
    """Finds a recording from there on, in pieces of 0.4 s that follow one another with less than 60 ms between; where it ends."""
    began = at
    for start in range(0, len(sound), 2 * PIECE):
        piece = sound[start:start + 2 * PIECE]
        place = heard.find(piece, at)
        assert place >= 0, f"{what}: not heard from {start // 16} ms on, after {at // 16} ms of the call"
        assert start == 0 or place - at <= 2 * 480, f"{what}: a gap of {(place - at) // 16} ms"
        at = place + len(piece)
    return at


def baresip(gateway, scratch, called, recorded):
    folder = os.path.join(scratch, f"baresip-{called}")
    os.makedirs(folder)
    modules = next(path for path in ("/usr/lib/baresip/modules", "/usr/local/lib/baresip/modules") if os.path.isdir(path))
    control = free(socket.SOCK_STREAM)
    with open(f"{folder}/quiet.wav", "wb") as file:
        quiet = b"\0\0" * 8000 * 60
        file.write(b"RIFF" + struct.pack("<I", 36 + len(quiet)) + b"WAVEfmt " + struct.pack("<IHHIIHH", 16, 1, 1, 8000, 16000, 2, 16)
                   + b"data" + struct.pack("<I", len(quiet)) + quiet)
    with open(f"{folder}/config", "w") as file:
        file.write(f"sip_listen 127.0.0.1:0\nsip_certificate {scratch}/peer.pem\nsip_cafile {scratch}/cert.pem\nsip_verify_server no\n"
                   f"net_interface 127.0.0.1\naudio_source aufile,{folder}/quiet.wav\naudio_player aufile,{folder}/player.wav\n"
                   f"snd_path {folder}\nmodule_path {modules}\nmodule g711.so\nmodule aufile.so\nmodule sndfile.so\nmodule srtp.so\n"
                   f"module_tmp account.so\nmodule_app menu.so\nmodule_app ctrl_tcp.so\nctrl_tcp_listen 127.0.0.1:{control}\n")
    with open(f"{folder}/accounts", "w") as file:
        file.write("<sip:13800138000@127.0.0.1;transport=tls>;regint=0;mediaenc=srtp-mand;audio_codecs=pcmu\n")
    open(f"{folder}/contacts", "w").close()
    log = open(f"{folder}/log", "w")
    process = start(["baresip", "-f", folder, "-v"], stdout=log, stderr=log, stdin=subprocess.DEVNULL)

    def connected():
        assert process.poll() is None, open(log.name).read()[-1500:]
        try:
            return socket.create_connection(("127.0.0.1", control), timeout=5)
        except OSError:
            return None

    link = wait_for("baresip listens", connected, 20)

    def command(name, params=""):
        text = json.dumps({"command": name, "params": params}).encode()
        link.sendall(str(len(text)).encode() + b":" + text + b",")

    def said(clips):
        return [recording(recorded, LANGUAGES[called], clip) for clip in clips]

    command("dial", f"sip:{called}@{gateway};transport=tls")
    wait_for("the call is there", lambda: "Call established" in open(log.name).read(), 20)
    time.sleep(sum(map(len, said(BEFORE))) / 16_000 + 2)
    for key in UNISSUED:
        command("sndcode", key)
        time.sleep(0.35)
    time.sleep(sum(map(len, said(AFTER))) / 16_000 + 12)
    command("quit")
    process.wait(20)
    names = [name for name in os.listdir(folder) if name.startswith("dump-") and name.endswith("-dec.wav")]
    assert names, os.listdir(folder)
    # baresip's table has a 2 for silence.
    samples = [0 if abs(sample) < 8 else sample for sample in wav_samples(os.path.join(folder, names[0]))]
    heard, at = struct.pack(f"<{len(samples)}h", *samples), 0
    for clip in BEFORE + AFTER:
        at = follow(heard, at, recording(recorded, LANGUAGES[called], clip), f"{LANGUAGES[called]} {clip}")


def sound(scratch):
    port, tls = free(socket.SOCK_STREAM), free(socket.SOCK_STREAM)
    for name in ("", "peer"):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                        "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", f"{scratch}/{name}key.pem",
                        "-out", f"{scratch}/{name}cert.pem"], check=True, stderr=subprocess.DEVNULL)
    with open(f"{scratch}/peer.pem", "w") as file:
        file.write(open(f"{scratch}/peerkey.pem").read() + open(f"{scratch}/peercert.pem").read())
    config, recorded = os.path.join(scratch, "tls.toml"), os.path.join(scratch, "recorded")
    with open(config, "w") as file:
        file.write(f'[data]\ndir = "{scratch}/tls"\n[http]\nlisten = "127.0.0.1:0"\n[voice.sip]\nlisten = "127.0.0.1:{port}"\n'
                   f'listen_tls = "127.0.0.1:{tls}"\nstrangers = true\n'
                   f'[voice.sip.tls]\ncertificates = "{scratch}/cert.pem"\nkey = "{scratch}/key.pem"\n'
                   + "".join(f'[[voice.sip.number]]\nnumber = "{number}"\nlanguage = "{language}"\n' for number, language in LANGUAGES.items()))
    subprocess.run([VERIGATE, "init", "--config", config], check=True, stdout=subprocess.DEVNULL)
    subprocess.run([VERIGATE, "prompts", "export", recorded], check=True, stdout=subprocess.DEVNULL)
    log = open(os.path.join(scratch, "tls.log"), "w")
    served = start([VERIGATE, "serve", "--config", config], stdout=log, stderr=log)

    def answers():
        assert served.poll() is None, open(log.name).read()
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            return probe.connect_ex(("127.0.0.1", tls)) == 0

    wait_for("the gateway listens", answers, 30)
    calls = [threading.Thread(target=check, args=(f"baresip by TLS and SRTP hears {language} whole and in order",
                                                  lambda called=called: baresip(f"127.0.0.1:{tls}", scratch, called, recorded)))
             for called, language in LANGUAGES.items()]
    for call in calls:
        call.start()
    for call in calls:
        call.join()
    served.send_signal(signal.SIGTERM)
    assert served.wait(90) == 0


def stopped(process):
    assert process.wait(90) == 0, process.returncode


def main():
    scratch = tempfile.mkdtemp()
    try:
        wanted = sys.argv[2:] or ["matrix", "timers", "register", "sound", "proxy", "names"]
        if {"matrix", "timers", "proxy", "names"} & set(wanted):
            gateway = Gateway(scratch)
            if "matrix" in wanted:
                matrix(gateway)
            if "timers" in wanted:
                timers(gateway)
            if "proxy" in wanted:
                check("Kamailio in front", lambda: proxy(gateway, scratch))
            if "names" in wanted:
                check("a product's name is heard", lambda: names(gateway, scratch))
            gateway.process.send_signal(signal.SIGTERM)
            check("the demo stops", lambda: stopped(gateway.process))
        if "register" in wanted:
            check("REGISTER with a password, at sipp", lambda: registration(scratch))
        if "sound" in wanted:
            check("baresip by TLS and SRTP", lambda: sound(scratch))
    finally:
        for process in running:
            if process.poll() is None:
                process.kill()
        shutil.rmtree(scratch, ignore_errors=True)
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


main()
