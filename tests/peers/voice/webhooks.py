"""A gateway with a Twilio number, called as Twilio calls it: signed by Twilio's own library. And with a SIP line, whose callers
it knows again.

Usage: webhooks.py VERIGATE
"""

import pathlib
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

from twilio.request_validator import RequestValidator

SECRET = "0123456789abcdef0123456789abcdef"
# Twenty digits whose last is their Damm digit, never issued here.
DAMM = [
    "0317598642", "7092154863", "4206871359", "1750983426", "6123045978", "3674209581", "5869720134", "8945362017",
    "9438617205", "2581436790",
]


def damm(digits):
    interim = 0
    for digit in digits:
        interim = int(DAMM[interim][int(digit)])
    return str(interim)


NUMBER = "1234567000000112345"
NUMBER += damm(NUMBER)


class Line:
    def __init__(self, address):
        self.address = address
        self.validator = RequestValidator(SECRET)

    def post(self, target, fields, signature=None):
        fields = {"CallSid": "CA1", "From": "+8613800138000", "To": "+8675512365", "CallStatus": "in-progress", **fields}
        signature = signature or self.validator.compute_signature("https://verify.example.com" + target, fields)
        request = urllib.request.Request(
            f"http://{self.address}{target}", urllib.parse.urlencode(fields).encode(), {"X-Twilio-Signature": signature}
        )
        try:
            with urllib.request.urlopen(request, timeout=15) as answer:
                assert answer.headers["Content-Type"].startswith("application/xml"), answer.headers
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, ""


def action(twiml):
    found = re.search(r'action="https://verify\.example\.com([^"]*)"', twiml)
    assert found, twiml
    return found.group(1).replace("&amp;", "&")


def call(line):
    status, twiml = line.post("/ivr/twilio", {})
    assert status == 200 and "For English, press three" in twiml, twiml
    status, twiml = line.post(action(twiml), {"Digits": "3"})
    assert status == 200 and "twenty digits" in twiml, twiml
    target = action(twiml)
    status, twiml = line.post(target, {"Digits": NUMBER})
    assert status == 200 and "There is no such number in this network" in twiml, twiml
    assert line.post(target, {"Digits": NUMBER}) == (200, twiml), "a retry is answered alike"
    assert line.post(target, {"Digits": NUMBER}, signature="AAAA")[0] == 403
    status, twiml = line.post(action(twiml), {"Digits": "4"})
    assert status == 200 and "You keyed one two three four" in twiml, twiml
    assert line.post("/ivr/nobody", {})[0] == 404


def knows_again(line, verigate, sip):
    """Whoever chose a language by SIP is spoken to in it here."""
    caller = "+8613900139000"
    subprocess.run([verigate, "call", "simulate", "2,,,", "--from", caller, "--gateway", sip, "--longest", "5"], check=True,
                   stdout=subprocess.DEVNULL)
    until = time.monotonic() + 10
    for nth in range(100):
        status, twiml = line.post("/ivr/twilio", {"CallSid": f"CA2-{nth}", "From": caller})
        assert status == 200, status
        if "歡迎使用貨品編號查詢" in twiml and "press three" not in twiml:
            return
        assert time.monotonic() < until, twiml
        time.sleep(0.1)


def main(verigate):
    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        (scratch / "token").write_text(SECRET)
        (scratch / "token").chmod(0o600)
        config = scratch / "verigate.toml"
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
            free.bind(("127.0.0.1", 0))
            sip = f"127.0.0.1:{free.getsockname()[1]}"
        config.write_text(
            f'[data]\ndir = "{scratch}/data"\n[http]\nlisten = "127.0.0.1:0"\n[voice.webhooks]\n'
            'public = "https://verify.example.com"\n[[voice.webhooks.platform]]\nkind = "twilio"\n'
            f'secret = [{{ secret_file = "{scratch}/token" }}]\n[voice.sip]\nlisten = "{sip}"\nstrangers = true\n'
        )
        subprocess.run([verigate, "--config", str(config), "init"], check=True, capture_output=True)
        with open(scratch / "log", "wb") as log:
            gateway = subprocess.Popen([verigate, "--config", str(config), "serve"], stdout=log, stderr=log)
        try:
            address = None
            for _ in range(300):
                found = re.search(r"http=(\S+?:\d+)", re.sub(r"\x1b\[[0-9;]*m", "", (scratch / "log").read_text()))
                found = found or re.search(r'"http":"([^"]+)"', (scratch / "log").read_text())
                if found:
                    address = found.group(1)
                    break
                assert gateway.poll() is None, (scratch / "log").read_text()
                time.sleep(0.1)
            assert address, (scratch / "log").read_text()
            call(Line(address))
            knows_again(Line(address), verigate, sip)
        finally:
            gateway.terminate()
            gateway.wait(30)
    print("a call by webhook, signed by twilio's library: good")


if __name__ == "__main__":
    main(sys.argv[1])
