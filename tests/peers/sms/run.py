"""SMPP programs that others wrote, as ESME against our server and as SMSC against our link.

    run.py PROGRAM NODE_MODULES [WORD]     PROGRAM is verigate, NODE_MODULES where npm's smpp is installed; with a
                                           word only the tests that have it in their names

Each test is a function here; a peer in another language has its script beside this file and speaks one line of JSON for
each thing that happens. Prints one line per test and at last `N passed, N failed`; exit code 1 where one failed.
"""

import asyncio
import json
import logging
import os
import socket
import sys
import threading
import time
import urllib.parse
import urllib.request
from http.server import BaseHTTPRequestHandler, HTTPServer

import smpplib.exceptions

import links  # noqa: F401: its tests are in the list from here on
from peers import GATEWAY, HERE, Process, Smpplib, connects, free_port, genuine, main, node, scratch, served, test, wait_for

LONG = (
    "你好，我昨天在商场买了一瓶荔枝酒，想请问一下包装上的这个编号是不是真的，因为明天要送给老师，心里有点不放心。编号是：{}。"
    "如果方便的话请尽快回复，谢谢！"
)


@test
def smpplib_as_transceiver():
    with Smpplib("transceiver") as esme:
        esme.text("V " + GATEWAY.code("genuine_first"), "8613900000001")
        esme.text("HELP", "8613900000002")
        esme.text("查询" + GATEWAY.code("recalled"), "8613900000003")
        assert esme.reply("8613900000001")
        assert "STOP" in esme.reply("8613900000002")
        assert "召回" in esme.reply("8613900000003")


@test
def smpplib_as_pair():
    with Smpplib("transmitter", "receiver") as esme:
        esme.text("查询 " + GATEWAY.code("genuine_first"), "8613900000011")
        genuine(esme.reply("8613900000011"))


@test
def smpplib_with_a_long_chinese_text():
    with Smpplib("transceiver") as esme:
        assert esme.text(LONG.format(GATEWAY.code("genuine_first")), "8613900000021") > 1
        genuine(esme.reply("8613900000021"))
        assert len([pdu for pdu in esme.received if pdu.destination_addr == b"8613900000021"]) == 1


@test
def smpplib_with_a_retransmission():
    with Smpplib("transceiver") as esme:
        code = GATEWAY.code("genuine_first")
        for _ in range(3):
            esme.text("查询" + code, "8613900000031")
        esme.text("HELP", "8613900000032")
        genuine(esme.reply("8613900000031"))
        esme.reply("8613900000032")
        assert len([pdu for pdu in esme.received if pdu.destination_addr == b"8613900000031"]) == 1


@test
def smpplib_with_a_wrong_password():
    try:
        Smpplib("transceiver", password="wrong")
        raise AssertionError("let in")
    except smpplib.exceptions.PDUError as error:
        assert error.args[1] == 0x0E, error


@test
def aiosmpplib_as_transceiver():
    import aiosmpplib

    got = []

    class Hook(aiosmpplib.AbstractHook):
        async def sending(self, message, pdu, client_id):
            pass

        async def received(self, message, pdu, client_id):
            if isinstance(message, aiosmpplib.DeliverSm):
                got.append(message)

        async def send_error(self, message, error, client_id):
            pass

    async def converse():
        host, port = GATEWAY.smpp
        esme = aiosmpplib.ESME(
            smsc_host=host, smsc_port=port, system_id="demo", password="demo", hook=Hook()
        )
        running = asyncio.ensure_future(esme.start())
        number = aiosmpplib.PhoneNumber
        await esme.broker.enqueue(
            aiosmpplib.SubmitSm(
                short_message="查询 " + GATEWAY.code("genuine_first"),
                source=number("8613900000041"),
                destination=number("12365"),
                encoding="ucs2",
            )
        )
        until = time.time() + 20
        while not got and time.time() < until:
            await asyncio.sleep(0.05)
        await esme.stop()
        running.cancel()

    asyncio.run(converse())
    assert got, "no reply"
    genuine(got[0].short_message)


@test
def naz_as_transceiver():
    import naz

    got = []

    class Hook(naz.hooks.BaseHook):
        async def to_smsc(self, smpp_command, log_id, hook_metadata, pdu):
            pass

        async def from_smsc(self, smpp_command, log_id, hook_metadata, status, pdu):
            if smpp_command == "deliver_sm":
                got.append(pdu)

    async def converse():
        host, port = GATEWAY.smpp
        client = naz.Client(
            smsc_host=host,
            smsc_port=port,
            system_id="demo",
            password="demo",
            broker=naz.broker.SimpleBroker(maxsize=10),
            hook=Hook(),
            drain_duration=0.1,
            logger=logging.getLogger("naz"),
        )
        await client.connect()
        await client.tranceiver_bind()
        await client.send_message(
            naz.protocol.SubmitSM(
                log_id="1",
                short_message="V " + GATEWAY.code("genuine_first"),
                source_addr="8613900000051",
                destination_addr="12365",
                source_addr_ton=1,
                dest_addr_ton=0,
                encoding="ucs2",
            )
        )
        tasks = [asyncio.ensure_future(work) for work in (client.dequeue_messages(), client.receive_data())]
        until = time.time() + 20
        while not got and time.time() < until:
            await asyncio.sleep(0.05)
        await client.shutdown()
        for task in tasks:
            task.cancel()

    asyncio.run(converse())
    assert got and b"12365" in got[0] and b"8613900000051" in got[0]


@test
def node_smpp_as_transceiver():
    host, port = GATEWAY.smpp
    with node("esme.js", host, port, "8613900000061", LONG.format(GATEWAY.code("genuine_first"))) as esme:
        reply = wait_for(lambda: esme.events("reply"), "a reply")[0]
        genuine(reply["words"])


def kannel(name, smsc, services):
    """bearerbox and smsbox, with what they need."""
    folder = scratch(name)
    os.makedirs(folder)
    admin, boxes, http = free_port(), free_port(), free_port()
    config = os.path.join(folder, "kannel.conf")
    with open(config, "w", encoding="utf-8") as file:
        file.write(
            f"group = core\nadmin-port = {admin}\nadmin-password = bar\nadmin-interface = 127.0.0.1\n"
            f"smsbox-port = {boxes}\nsmsbox-interface = 127.0.0.1\n\n"
            f"group = smsc\nsmsc = smpp\n{smsc}\n\n"
            f"group = smsbox\nbearerbox-host = 127.0.0.1\nsendsms-port = {http}\nsendsms-interface = 127.0.0.1\n"
            f"global-sender = 8613900000071\n\n"
            f"group = sendsms-user\nusername = user\npassword = pw\nmax-messages = 5\nconcatenation = true\n\n{services}\n"
        )
    bearerbox = Process("/usr/sbin/bearerbox", config, log=os.path.join(folder, "bearerbox.log"), cwd=folder)
    wait_for(lambda: connects(boxes), "bearerbox")
    smsbox = Process("/usr/sbin/smsbox", config, log=os.path.join(folder, "smsbox.log"), cwd=folder)
    wait_for(lambda: connects(http), "smsbox")
    status = lambda: urllib.request.urlopen(f"http://127.0.0.1:{admin}/status.txt?password=bar").read().decode()
    return bearerbox, smsbox, http, status


@test
def kannel_bound_to_our_server():
    got = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            # Kannel hands a text of coding 2 on as UTF-16.
            query = urllib.parse.urlparse(self.path).query.replace("+", "%20")
            fields = dict(field.split("=", 1) for field in query.split("&"))
            words = urllib.parse.unquote_to_bytes(fields["words"])
            got.append({"from": urllib.parse.unquote(fields["from"]), "words": words.decode("utf-16-be", "replace")})
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    listener = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=listener.serve_forever, daemon=True).start()
    host, port = GATEWAY.smpp
    smsc = (
        f"host = {host}\nport = {port}\ntransceiver-mode = true\nsmsc-username = demo\nsmsc-password = demo\n"
        'system-type = ""\naddress-range = ""\nsource-addr-ton = 1\nsource-addr-npi = 1\nsource-addr-autodetect = false'
    )
    services = (
        f"group = sms-service\nkeyword = default\ncatch-all = true\nmax-messages = 0\n"
        f'get-url = "http://127.0.0.1:{listener.server_port}/?from=%p&to=%P&words=%b"'
    )
    bearerbox, smsbox, http, status = kannel("kannel-esme", smsc, services)
    with smsbox, bearerbox:
        wait_for(lambda: "online" in status(), "kannel's bind")
        words = urllib.parse.quote(LONG.format(GATEWAY.code("genuine_first")))
        urllib.request.urlopen(
            f"http://127.0.0.1:{http}/cgi-bin/sendsms?username=user&password=pw&to=12365&coding=2&charset=UTF-8&text={words}"
        ).read()
        reply = wait_for(lambda: got, "the reply at kannel's service")[0]
        assert reply["from"].lstrip("+") == "12365", reply
        genuine(reply["words"])
    listener.shutdown()


@served
def node_smpp_as_smsc_that_throttles_and_reports():
    with node("smsc.js") as smsc:
        port = wait_for(lambda: smsc.events("listening"), "the smsc")[0]["port"]
        with GATEWAY.serve(port, 'receipts = "always"'):
            wait_for(lambda: smsc.events("bound"), "the bind")
            code = GATEWAY.code("genuine_first")
            smsc.say(json.dumps({"from": "8613900000081", "words": "查询" + code}))
            smsc.say(json.dumps({"from": "8613900000082", "words": LONG.format(GATEWAY.code("genuine_first"))}))
            replies = wait_for(lambda: len(smsc.events("reply")) >= 2 and smsc.events("reply"), "two replies")
            assert {reply["to"] for reply in replies} == {"8613900000081", "8613900000082"}
            for reply in replies:
                genuine(reply["words"])
            assert smsc.events("throttled"), "the first one was throttled"
            reported = lambda: GATEWAY.links()["peer"]["counts"]
            wait_for(lambda: reported()["delivered"] >= 2, "the receipts")
            assert reported()["unmatched"] == 0, reported()


@served
def twisted_as_smsc():
    with Process(sys.executable, os.path.join(HERE, "twisted_smsc.py"), log=scratch("twisted.log")) as smsc:
        port = wait_for(lambda: smsc.events("listening"), "the smsc")[0]["port"]
        with GATEWAY.serve(port):
            wait_for(lambda: smsc.events("bound"), "the bind")
            smsc.say(json.dumps({"from": "8613900000091", "words": "V " + GATEWAY.code("genuine_first")}))
            reply = wait_for(lambda: smsc.events("reply"), "a reply")[0]
            assert reply["to"] == "8613900000091", reply


@served
def drive_smpp_as_smsc():
    """Kannel's own test driver: separate binds for each way, as many texts as asked for, all to be replied to."""
    admin = socket.socket()
    admin.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    admin.bind(("127.0.0.1", 13001))
    admin.listen()

    def swallow():
        while True:
            try:
                connection, _ = admin.accept()
            except OSError:
                return
            connection.recv(65536)

    threading.Thread(target=swallow, daemon=True).start()
    port = free_port()
    with Process("/usr/lib/kannel/test/drive_smpp", "-p", str(port), "-m", "10", log=scratch("drive_smpp.log")) as smsc:
        wait_for(lambda: connects_silently(smsc), "drive_smpp")
        with GATEWAY.serve(port, 'bind = "pair"\ncountry = ""'):
            counts = lambda: GATEWAY.links()["peer"]["counts"]
            wait_for(lambda: counts()["texts_in"] >= 10, "ten texts")
            wait_for(lambda: counts()["taken"] + counts()["silent"] >= 10, "ten replies")
            assert counts()["deviations"] == 0, counts()
    admin.close()


def connects_silently(process):
    """It serves one client only: a try would be that one. So its process is looked at."""
    time.sleep(0.5)
    return process.child.poll() is None


main()
