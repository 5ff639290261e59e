"""smpplib as an aggregator: long texts in parts with a header."""
import sys

import smpplib.client
import smpplib.consts
import smpplib.gsm

from bodies import SHORT_NUMBER, Parts, said, texts

client = smpplib.client.Client(sys.argv[1], int(sys.argv[2]), timeout=20)
parts, whole = Parts(), []


def received(pdu, **_):
    done = parts.take(pdu.data_coding, bool(pdu.esm_class & 0x40), pdu.short_message)
    if done:
        whole.append(done)


client.set_message_received_handler(received)
client.connect()
client.bind_transceiver(system_id="demo", password="demo")
for text in texts():
    bodies, coding, esm = smpplib.gsm.make_parts(text["text"])
    for body in bodies:
        client.send_message(
            source_addr_ton=smpplib.consts.SMPP_TON_INTL,
            source_addr=text["from"],
            destination_addr=SHORT_NUMBER,
            short_message=body,
            data_coding=coding,
            esm_class=esm,
        )
    while not whole:
        client.read_once(auto_send_enquire_link=False)
    said(*whole.pop())
client.unbind()
client.disconnect()
