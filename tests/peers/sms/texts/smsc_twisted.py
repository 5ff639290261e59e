"""smpp.twisted as a carrier: the gateway binds to it, gets texts by deliver_sm and replies by submit_sm."""
import sys

from smpp.pdu.operations import DeliverSM
from smpp.pdu.pdu_types import (AddrNpi, AddrTon, DataCoding, DataCodingDefault, EsmClass, EsmClassGsmFeatures, EsmClassMode,
                                EsmClassType)
from smpp.twisted.config import SMPPServerConfig
from smpp.twisted.server import SMPPServerFactory
from twisted.cred.checkers import InMemoryUsernamePasswordDatabaseDontUse
from twisted.cred.portal import IRealm, Portal
from twisted.internet import reactor
from zope.interface import implementer

from bodies import SHORT_NUMBER, Parts, said, texts
from smpp.twisted.server import IAuthenticatedSMPP

PART = 67
waiting = texts()
parts = Parts()


def delivers(text, reference):
    words = text["text"]
    wide = any(ord(c) > 0x7F for c in words)
    pieces = [words[at : at + PART] for at in range(0, len(words), PART)] if wide and len(words) > 70 else [words]
    for number, piece in enumerate(pieces, start=1):
        body = piece.encode("utf-16-be") if wide else piece.encode()
        features = []
        if len(pieces) > 1:
            features = [EsmClassGsmFeatures.UDHI_INDICATOR_SET]
            body = bytes([5, 0, 3, reference, len(pieces), number]) + body
        coding = DataCodingDefault.UCS2 if wide else DataCodingDefault.SMSC_DEFAULT_ALPHABET
        yield DeliverSM(
            source_addr_ton=AddrTon.INTERNATIONAL,
            source_addr_npi=AddrNpi.ISDN,
            source_addr=text["from"],
            destination_addr=SHORT_NUMBER,
            esm_class=EsmClass(EsmClassMode.DEFAULT, EsmClassType.DEFAULT, features),
            data_coding=DataCoding(schemeData=coding),
            short_message=body,
        )


class Carrier:
    begun = False
    reference = 0
    protocol = None

    def send(self):
        if not waiting:
            reactor.callLater(0.2, reactor.stop)
            return
        self.reference += 1
        for deliver in delivers(waiting.pop(0), self.reference):
            self.protocol.sendDataRequest(deliver)

    def handle(self, system_id, protocol, pdu):
        coding = 8 if pdu.params["data_coding"].schemeData == DataCodingDefault.UCS2 else 0
        udh = EsmClassGsmFeatures.UDHI_INDICATOR_SET in pdu.params["esm_class"].gsmFeatures
        done = parts.take(coding, udh, pdu.params["short_message"])
        if done:
            said(*done)
            reactor.callLater(0, self.send)
        from smpp.pdu.pdu_types import CommandStatus

        return CommandStatus.ESME_ROK


carrier = Carrier()


@implementer(IRealm)
class Realm:
    def requestAvatar(self, avatar_id, mind, *interfaces):
        return IAuthenticatedSMPP, avatar_id, lambda: None


class Factory(SMPPServerFactory):
    def addBoundConnection(self, connection):
        super().addBoundConnection(connection)
        if carrier.protocol is None:
            carrier.protocol = connection
            reactor.callLater(0.2, carrier.send)


config = SMPPServerConfig(msgHandler=carrier.handle, systems={"demo": {"max_bindings": 4}})
portal = Portal(Realm())
checker = InMemoryUsernamePasswordDatabaseDontUse()
checker.addUser("demo", "demo")
portal.registerChecker(checker)
reactor.listenTCP(int(sys.argv[2]), Factory(config, auth_portal=portal), interface=sys.argv[1])
reactor.run()
