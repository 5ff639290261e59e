#!/usr/bin/env python3
"""Texts the running gateway from programs that others wrote, as aggregators that bind to it and as carriers it binds to.

    run.py PROGRAM [PEER ...]

PROGRAM is the built `verigate`. Python peers need smpplib, aiosmpplib, naz and smpp.twisted3 in the interpreter that runs
this; node peers need `npm install smpp` in the folder that NODE_PATH names. Every peer sends a short text, a long Chinese
one in parts, one with four numbers (whose reply has several parts itself) and a word for help, and must get one right
reply to each.
"""
import json
import pathlib
import re
import socket
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ESMES = ["esme_kannel.py", "esme_smpplib.py", "esme_aiosmpplib.py", "esme_naz.py", "esme_node.js"]
SMSCS = ["smsc_node.js", "smsc_twisted.py"]
LONG = (
    "我在街口的小店买了一瓶酱油，瓶身上的编号刮开以后是{}，麻烦帮我查一下有没有登记，是不是已经被别人查过了。"
    "店主说是厂家直接送来的货，可是瓶盖看起来和以前买的不太一样，所以想问清楚再开。如果有问题请告诉我应该找谁处理，谢谢！😀"
)


def grouped(code):
    return " ".join(code[at : at + 5] for at in range(0, len(code), 5))


def texts(codes, sender):
    one, two, three, four, five, six = codes
    return [
        {"from": sender, "text": f"V {grouped(one)}"},
        {"from": sender, "text": LONG.format(grouped(two))},
        {"from": sender, "text": f"查 {three}，{four}，{five}，{six}"},
        {"from": sender, "text": "help"},
    ]


def judge(replies):
    short, long, several, help_ = replies
    for reply in (short, long):
        assert reply["text"].startswith("编号有效"), reply
        assert re.search(r"回执\d{12}$", reply["text"]), reply
        assert reply["parts"] == 1, reply
    assert several["text"].count("尾号") == 3 and "另有1个编号没有查" in several["text"], several
    assert help_["text"].startswith("Text us the number"), help_
    assert help_["coding"] == 0 and short["coding"] == 8, (help_, short)


def command(script):
    return (["node"] if script.endswith(".js") else [sys.executable]) + [str(HERE / script)]


def start(program, arguments, log):
    process = subprocess.Popen([program, *arguments], stdout=open(log, "w"), stderr=subprocess.STDOUT)
    return process


def wait_for(what, condition, process=None):
    end = time.monotonic() + 60
    while time.monotonic() < end:
        found = condition()
        if found:
            return found
        if process is not None and process.poll() is not None:
            break
        time.sleep(0.05)
    raise SystemExit(f"{what} did not happen")


def talk(script, host, port, asked):
    """The replies that a peer got."""
    peer = subprocess.run(
        command(script) + [host, str(port)], input=json.dumps(asked), capture_output=True, text=True, timeout=120
    )
    replies = [json.loads(line) for line in peer.stdout.splitlines() if line.startswith("{")]
    if len(replies) != len(asked):
        raise SystemExit(f"{script} got {len(replies)} of {len(asked)} replies\n{peer.stdout}\n{peer.stderr}")
    return replies


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def main():
    program, chosen = str(pathlib.Path(sys.argv[1]).resolve()), sys.argv[2:]
    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        data, log = scratch / "demo", scratch / "log"
        demo = start(program, ["demo", "--dir", str(data), "--http", "127.0.0.1:0", "--smpp", "127.0.0.1:0", "--sip", "127.0.0.1:0", "--kiosk", "127.0.0.1:0"], log)
        try:
            wait_for("ready", lambda: "\nready\n" in "\n" + log.read_text(), demo)
            samples = json.loads((data / "samples.json").read_text())
            host, port = samples["listen"]["smpp"].rsplit(":", 1)
            codes = next(sample["codes"] for sample in samples["samples"] if sample["verdict"] == "genuine_first")
            for number, script in enumerate(ESMES):
                if chosen and script not in chosen:
                    continue
                begun = time.monotonic()
                judge(talk(script, host, port, texts([codes.pop() for _ in range(6)], f"861380013{number:04}")))
                print(f"{script}: aggregator, {time.monotonic() - begun:.1f} s", flush=True)
        except BaseException:
            print(log.read_text()[-4000:], file=sys.stderr)
            raise
        finally:
            demo.terminate()
            demo.wait()
        for number, script in enumerate(SMSCS):
            if chosen and script not in chosen:
                continue
            begun = time.monotonic()
            judge(carrier(program, scratch, script, texts([codes.pop() for _ in range(6)], f"861390013{number:04}")))
            print(f"{script}: carrier, {time.monotonic() - begun:.1f} s", flush=True)


def carrier(program, scratch, script, asked):
    """The replies of a gateway that binds to a peer."""
    port = free_port()
    password = scratch / "password"
    password.write_text("demo\n")
    password.chmod(0o600)
    config = scratch / "carrier.toml"
    config.write_text(
        f"""
[data]
dir = "{scratch / 'demo'}"
[http]
listen = "127.0.0.1:0"
[[sms.link]]
name = "carrier"
addresses = ["127.0.0.1:{port}"]
system_id = "demo"
password = {{ password_file = "{password}" }}
"""
    )
    log = scratch / "serve.log"
    peer = subprocess.Popen(
        command(script) + ["127.0.0.1", str(port)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    peer.stdin.write(json.dumps(asked))
    peer.stdin.close()
    peer.stdin = None
    gateway = start(program, ["serve", "--config", str(config)], log)
    try:
        out, err = peer.communicate(timeout=60)
    except subprocess.TimeoutExpired:
        peer.kill()
        out, err = peer.communicate()
    finally:
        gateway.terminate()
        gateway.wait()
    replies = [json.loads(line) for line in out.splitlines() if line.startswith("{")]
    if len(replies) != len(asked):
        raise SystemExit(f"{script} got {len(replies)} of {len(asked)} replies\n{out}\n{err}\n{log.read_text()[-4000:]}")
    return replies


main()
