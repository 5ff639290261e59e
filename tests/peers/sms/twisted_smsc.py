"""smpp.twisted3 as SMSC: texts come as lines of JSON ({from, words}), replies go out as such."""

import json
import logging
import sys
import threading

from smpp.pdu.operations import DeliverSM, SubmitSM
from smpp.pdu.pdu_types import AddrNpi, AddrTon, DataCoding, DataCodingDefault, EsmClass, EsmClassMode, EsmClassType
from smpp.twisted.config import SMPPServerConfig
from smpp.twisted.server import SMPPServerFactory
from twisted.cred.checkers import InMemoryUsernamePasswordDatabaseDontUse
from twisted.cred.portal import IRealm, Portal
from twisted.internet import reactor
from zope.interface import implementer

logging.basicConfig(level=logging.WARNING, stream=sys.stderr)


def tell(event, **rest):
    print(json.dumps({"event": event, **rest}), flush=True)


@implementer(IRealm)
class Realm:
    def requestAvatar(self, avatar, mind, *interfaces):
        tell("bound", system_id=str(avatar))
        return ("SMPP", avatar, lambda: None)


def replied(system_id, smpp, pdu):
    if isinstance(pdu, SubmitSM):
        words = pdu.params["short_message"]
        tell("reply", to=pdu.params["destination_addr"].decode(), octets=len(words))
    return None


portal = Portal(Realm())
checker = InMemoryUsernamePasswordDatabaseDontUse()
checker.addUser("verigate", "pw")
portal.registerChecker(checker)
config = SMPPServerConfig(msgHandler=replied, systems={"verigate": {"max_bindings": 2}})
factory = SMPPServerFactory(config, portal)
port = reactor.listenTCP(0, factory, interface="127.0.0.1")
tell("listening", port=port.getHost().port)


def deliver(text):
    for manager in factory.bound_connections.values():
        connection = manager.getNextBindingForDelivery()
        if connection is not None:
            connection.sendRequest(
                DeliverSM(
                    source_addr_ton=AddrTon.INTERNATIONAL,
                    source_addr_npi=AddrNpi.ISDN,
                    source_addr=text["from"].encode(),
                    destination_addr=b"12365",
                    esm_class=EsmClass(EsmClassMode.DEFAULT, EsmClassType.DEFAULT),
                    data_coding=DataCoding(schemeData=DataCodingDefault.SMSC_DEFAULT_ALPHABET),
                    short_message=text["words"].encode(),
                ),
                10,
            )


def read():
    for line in sys.stdin:
        reactor.callFromThread(deliver, json.loads(line))


threading.Thread(target=read, daemon=True).start()
reactor.run()
