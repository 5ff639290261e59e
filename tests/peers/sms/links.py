"""Links as an operator works with them: TLS, another configuration while they run, holding one, a text by hand."""

import json
import os
import signal
import ssl
import subprocess
import time

import smpplib.client
import smpplib.exceptions
from peers import GATEWAY, HERE, PROGRAM, Process, Smpplib, free_port, genuine, node, scratch, served, test, wait_for

# A certificate for localhost that is its own authority.
FIXTURES = os.path.join(HERE, "..", "..", "..", "channels", "net", "fixtures")
CERTIFICATE, KEY = os.path.abspath(FIXTURES + "/localhost.pem"), os.path.abspath(FIXTURES + "/localhost.key")


def verigate(*arguments):
    return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, timeout=60)


def send(words, handset, *arguments):
    return verigate("sms", "send", words, "--from", handset, *arguments)


@test
def a_text_by_hand():
    server = "{}:{}".format(*GATEWAY.smpp)
    said = send("查询" + GATEWAY.code("recalled"), "8613900000101", "--server", server)
    assert said.returncode == 0 and "召回" in said.stdout, said
    said = send("hello", "8613900000102", "--server", server, "--authorities", CERTIFICATE)
    assert said.returncode == 69 and "no tls" in said.stderr, said


def configured(name, text):
    """A file with these settings over the demo's folder."""
    path = scratch(name + ".toml")
    with open(scratch("password"), "w", encoding="utf-8") as file:
        file.write("demo\n")
    with open(path, "w", encoding="utf-8") as file:
        file.write(f'[data]\ndir = "{GATEWAY.dir}"\n[http]\nlisten = "127.0.0.1:0"\n{text}\n')
    return path


def serving(path):
    process = Process(PROGRAM, "serve", "--config", path, log=path + ".log")
    wait_for(lambda: "ready" in process.lines, "the gateway", 60)
    return process


def link(name, port, more=""):
    password = f'password = {{ password_file = "{scratch("password")}" }}'
    return (
        f'[[sms.link]]\nname = "{name}"\naddresses = ["localhost:{port}"]\nsystem_id = "verigate"\n{password}\n{more}\n'
    )


class ByTls(Smpplib):
    """smpplib by TLS, with or without a certificate of its own."""

    def __init__(self, port, certificate):
        self.context = ssl.create_default_context(cafile=CERTIFICATE)
        self.context.check_hostname = False
        if certificate:
            self.context.load_cert_chain(CERTIFICATE, KEY)
        self.port = port
        super().__init__("transceiver")

    def client(self):
        return smpplib.client.Client(
            "127.0.0.1", self.port, allow_unknown_opt_params=True, timeout=10, ssl_context=self.context
        )


@served
def smpplib_by_tls_with_a_certificate_and_without():
    open_to_all, demanding = free_port(), free_port()
    tls = f'certificates = "{CERTIFICATE}", key = "{KEY}"'
    account = f'[[sms.account]]\nname = "demo"\nsystem_id = "demo"\npassword = {{ password_file = "{scratch("password")}" }}'
    path = configured(
        "tls",
        f'[[sms.server]]\nlisten = "127.0.0.1:{open_to_all}"\ntls = {{ {tls} }}\n'
        f'[[sms.server]]\nlisten = "127.0.0.1:{demanding}"\ntls = {{ {tls}, clients = "{CERTIFICATE}" }}\n{account}',
    )
    with serving(path):
        with ByTls(demanding, certificate=True) as esme:
            esme.text("查询" + GATEWAY.code("genuine_first"), "8613900000111")
            genuine(esme.reply("8613900000111"))
        try:
            ByTls(demanding, certificate=False)
            raise AssertionError("let in without a certificate")
        except (smpplib.exceptions.ConnectionError, ssl.SSLError, OSError):
            pass
        where = ("--server", f"localhost:{open_to_all}")
        said = send("查询" + GATEWAY.code("recalled"), "8613900000112", *where, "--authorities", CERTIFICATE)
        assert said.returncode == 0 and "召回" in said.stdout, said
        said = send("hello", "8613900000113", *where, "--wait", "5")
        assert said.returncode == 69, said


@served
def node_smpp_as_smsc_by_tls():
    with node("smsc.js", KEY, CERTIFICATE) as smsc:
        port = wait_for(lambda: smsc.events("listening"), "the smsc")[0]["port"]
        path = configured("smsc-tls", link("peer", port, f'tls = {{ authorities = "{CERTIFICATE}" }}'))
        with serving(path):
            wait_for(lambda: smsc.events("bound"), "the bind")
            smsc.say(json.dumps({"from": "8613900000121", "words": "V " + GATEWAY.code("genuine_first")}))
            genuine(wait_for(lambda: smsc.events("reply"), "a reply")[0]["words"])


@served
def links_are_changed_held_and_let_go_while_they_run():
    with node("smsc.js") as one, node("smsc.js") as other:
        at_one, at_other = (wait_for(lambda: smsc.events("listening"), "an smsc")[0]["port"] for smsc in (one, other))
        path = configured("reload", link("one", at_one))
        with serving(path) as gateway:
            wait_for(lambda: one.events("bound"), "the bind")
            configured("reload", link("one", at_one) + link("other", at_other))
            gateway.child.send_signal(signal.SIGHUP)
            wait_for(lambda: other.events("bound"), "the new link")
            other.say(json.dumps({"from": "8613900000131", "words": "V " + GATEWAY.code("genuine_first")}))
            genuine(wait_for(lambda: other.events("reply"), "a reply")[0]["words"])
            # What cannot be used changes nothing.
            configured("reload", link("one", at_one, "no_such_key = 1"))
            gateway.child.send_signal(signal.SIGHUP)
            wait_for(lambda: b"stays as it was" in open(path + ".log", "rb").read(), "the complaint")
            assert set(GATEWAY.links()) == {"one", "other"}

            said = verigate("--dir", GATEWAY.dir, "sms", "suspend", "one")
            assert said.returncode == 0, said
            wait_for(lambda: one.events("unbound"), "the leave")
            assert GATEWAY.links()["one"]["state"] == "suspended"
            assert GATEWAY.links()["other"]["state"] == "up"
            said = verigate("--dir", GATEWAY.dir, "sms", "suspend", "nobody")
            assert said.returncode == 65 and "no link nobody" in said.stderr, said
            assert verigate("--dir", GATEWAY.dir, "sms", "resume", "one").returncode == 0
            wait_for(lambda: len(one.events("bound")) == 2, "another bind")
            one.say(json.dumps({"from": "8613900000132", "words": "V " + GATEWAY.code("genuine_first")}))
            genuine(wait_for(lambda: one.events("reply"), "a reply")[0]["words"])
            assert len(other.events("bound")) == 1, "the other link noticed nothing"

            configured("reload", link("other", at_other))
            gateway.child.send_signal(signal.SIGHUP)
            wait_for(lambda: len(one.events("unbound")) == 2, "the leave of a link that is gone")
            assert set(GATEWAY.links()) == {"other"}


@served
def a_peer_that_reads_nothing_harms_nobody():
    """An ESME that texts and never reads: its own connection stops, another one's texts are answered meanwhile."""
    port = free_port()
    account = lambda name: (
        f'[[sms.account]]\nname = "{name}"\nsystem_id = "{name}"\n'
        f'password = {{ password_file = "{scratch("password")}" }}\n'
    )
    path = configured("deaf", f'[[sms.server]]\nlisten = "127.0.0.1:{port}"\n{account("demo")}{account("deaf")}')
    with serving(path):
        GATEWAY.smpp = ("127.0.0.1", port)
        deaf = smpplib.client.Client("127.0.0.1", port, allow_unknown_opt_params=True, timeout=10)
        deaf.connect()
        deaf.bind_transceiver(system_id="deaf", password="demo")
        deaf._socket.settimeout(1)
        sent, begun = 0, time.time()
        try:
            while time.time() < begun + 20:
                deaf.send_message(
                    source_addr_ton=1, source_addr="86137%08d" % sent, destination_addr="12365", short_message=b"HELP"
                )
                sent += 1
        except (OSError, smpplib.exceptions.ConnectionError):
            pass
        with Smpplib("transceiver") as esme:
            esme.text("HELP", "8613900000141")
            assert "STOP" in esme.reply("8613900000141")
        counts = GATEWAY.links()["deaf"]["counts"]
        assert 0 < counts["texts_in"] <= sent, counts
        deaf._socket.close()
