"""aiosmpplib as an aggregator: long texts in one piece, in message_payload."""
import asyncio
import sys

from aiosmpplib import ESME, TON, PhoneNumber, SubmitSm
from aiosmpplib.hook import AbstractHook

from bodies import SHORT_NUMBER, Parts, message, said, texts


class Hook(AbstractHook):
    def __init__(self):
        self.parts, self.whole = Parts(), asyncio.Queue()

    async def sending(self, smpp_message, pdu, client_id):
        pass

    async def received(self, smpp_message, pdu, client_id):
        body = message(pdu)
        done = body and self.parts.take(*body)
        if done:
            await self.whole.put(done)

    async def send_error(self, smpp_message, error, client_id):
        print(error, file=sys.stderr)


async def main():
    hook = Hook()
    esme = ESME(smsc_host=sys.argv[1], smsc_port=int(sys.argv[2]), system_id="demo", password="demo", hook=hook, log_level=50)
    running = asyncio.create_task(esme.start())
    for text in texts():
        wide = any(ord(c) > 0x7F for c in text["text"])
        await esme.broker.enqueue(
            SubmitSm(
                short_message=text["text"],
                source=PhoneNumber(text["from"], ton=TON.INTERNATIONAL),
                destination=PhoneNumber(SHORT_NUMBER),
                encoding="ucs2" if wide else "gsm0338",
                registered_delivery=0,
                log_id="text",
            )
        )
        said(*await asyncio.wait_for(hook.whole.get(), 20))
    await esme.stop()
    running.cancel()


asyncio.run(main())
