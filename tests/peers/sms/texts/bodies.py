"""What the scripts here share: bodies of messages out of PDUs, parts put together, texts in and replies out.

Every script is called as `SCRIPT HOST PORT`, reads a JSON array of `{"from", "text"}` from its standard input, sends each
text as its library sends long texts, waits for the whole reply, and prints it as a line of JSON.
"""
import json
import struct
import sys

GSM = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
SHORT_NUMBER = "12365"


def texts():
    return json.load(sys.stdin)


def said(text, parts, coding):
    print(json.dumps({"text": text, "parts": parts, "coding": coding}, ensure_ascii=False), flush=True)


def decode(coding, octets):
    if coding == 8:
        return octets.decode("utf-16-be")
    return "".join(GSM[octet] for octet in octets)


class Parts:
    """One reply at a time, out of bodies that may be parts."""

    def __init__(self):
        self.parts = {}

    def take(self, coding, udh, body):
        """The whole text, its count of parts and its coding; None while parts are missing."""
        total, number = 1, 1
        if udh:
            length = body[0] + 1
            header, body = body[:length], body[length:]
            total, number = header[-2], header[-1]
        self.parts[number] = decode(coding, body)
        if len(self.parts) < total:
            return None
        text = "".join(self.parts[at] for at in sorted(self.parts))
        count = len(self.parts)
        self.parts = {}
        return text, count, coding


def message(pdu):
    """Coding, header flag and body of a submit_sm or deliver_sm as it came; None of any other PDU."""
    if struct.unpack(">I", pdu[4:8])[0] not in (4, 5):
        return None
    at = pdu.index(b"\0", 16) + 1  # service type
    for _ in range(2):  # source, destination
        at = pdu.index(b"\0", at + 2) + 1
    esm = pdu[at]
    at = pdu.index(b"\0", at + 3) + 1  # esm class, protocol, priority, schedule
    at = pdu.index(b"\0", at) + 1  # validity
    coding, size = pdu[at + 2], pdu[at + 4]
    return coding, bool(esm & 0x40), pdu[at + 5 : at + 5 + size]
