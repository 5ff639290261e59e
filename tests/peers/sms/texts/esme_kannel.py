"""Kannel (bearerbox and smsbox of the Debian package) as an aggregator: it splits long texts and joins long replies."""
import http.client
import http.server
import pathlib
import queue
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

from bodies import SHORT_NUMBER, said, texts


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


ADMIN, BOX, SEND = free_port(), free_port(), free_port()
replies = queue.Queue()


class Heard(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        query = urllib.parse.parse_qs(urllib.parse.urlparse(self.path).query, keep_blank_values=True, encoding="latin-1")
        coding = 8 if query["coding"][0] == "2" else 0
        octets = query["text"][0].encode("latin-1")
        replies.put((octets.decode("utf-16-be" if coding == 8 else "utf-8"), 1, coding))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


def main():
    listener = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Heard)
    threading.Thread(target=listener.serve_forever, daemon=True).start()
    conf = f"""group = core
admin-port = {ADMIN}
admin-password = bar
admin-interface = 127.0.0.1
smsbox-port = {BOX}
smsbox-interface = 127.0.0.1

group = smsc
smsc = smpp
host = {sys.argv[1]}
port = {sys.argv[2]}
transceiver-mode = true
smsc-username = demo
smsc-password = demo
system-type = ""
address-range = ""

group = smsbox
bearerbox-host = 127.0.0.1
sendsms-port = {SEND}
sendsms-interface = 127.0.0.1
sendsms-chars = "0123456789 +-"

group = sendsms-user
username = u
password = p
max-messages = 20
concatenation = true

group = sms-service
keyword = default
max-messages = 0
get-url = "http://127.0.0.1:{listener.server_port}/?text=%b&coding=%c"
"""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "kannel.conf"
        path.write_text(conf)
        boxes = []
        try:
            for program, port in (("bearerbox", BOX), ("smsbox", SEND)):
                boxes.append(subprocess.Popen([program, str(path)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
                for _ in range(200):
                    with socket.socket() as sock:
                        if sock.connect_ex(("127.0.0.1", port)) == 0:
                            break
                    time.sleep(0.05)
            for text in texts():
                coding = 2 if any(ord(c) > 0x7F for c in text["text"]) else 0
                query = {"username": "u", "password": "p", "from": text["from"], "to": SHORT_NUMBER}
                query |= {"text": text["text"], "coding": coding, "charset": "utf-8"}
                link = http.client.HTTPConnection("127.0.0.1", SEND)
                link.request("GET", "/cgi-bin/sendsms?" + urllib.parse.urlencode(query))
                link.getresponse().read()
                said(*replies.get(timeout=30))
        finally:
            for box in reversed(boxes):
                box.terminate()
                box.wait()


main()
