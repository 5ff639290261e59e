"""naz as an aggregator: long texts in parts that are marked by parameters beside the body."""
import asyncio
import logging
import sys

import naz

from bodies import SHORT_NUMBER, Parts, message, said, texts

PART = 66


class Hook(naz.hooks.BaseHook):
    def __init__(self):
        self.parts, self.whole = Parts(), asyncio.Queue()

    async def to_smsc(self, smpp_command, log_id, hook_metadata, pdu):
        pass

    async def from_smsc(self, smpp_command, log_id, hook_metadata, status, pdu):
        body = message(pdu)
        done = body and self.parts.take(*body)
        if done:
            await self.whole.put(done)


def submits(text, reference):
    wide = any(ord(c) > 0x7F for c in text["text"])
    words = text["text"]
    pieces = [words[at : at + PART] for at in range(0, len(words), PART)] if wide else [words]
    for number, piece in enumerate(pieces, start=1):
        place = {}
        if len(pieces) > 1:
            place = {"sar_msg_ref_num": reference, "sar_total_segments": len(pieces), "sar_segment_seqnum": number}
        yield naz.protocol.SubmitSM(
            short_message=piece,
            source_addr=text["from"],
            destination_addr=SHORT_NUMBER,
            dest_addr_ton=0,
            log_id=f"text-{reference}-{number}",
            service_type="",
            esm_class=0,
            registered_delivery=0,
            encoding="ucs2" if wide else "gsm0338",
            **place,
        )


async def main():
    hook = Hook()
    logger = logging.getLogger("quiet")
    logger.addHandler(logging.NullHandler())
    logger.propagate = False
    client = naz.Client(
        smsc_host=sys.argv[1],
        smsc_port=int(sys.argv[2]),
        system_id="demo",
        password="demo",
        broker=naz.broker.SimpleBroker(maxsize=1000),
        hook=hook,
        logger=logger,
    )
    await client.connect()
    await client.tranceiver_bind()
    running = [asyncio.create_task(task()) for task in (client.dequeue_messages, client.receive_data, client.enquire_link)]
    for reference, text in enumerate(texts(), start=1):
        for submit in submits(text, reference):
            await client.send_message(submit)
        said(*await asyncio.wait_for(hook.whole.get(), 20))
    for task in running:
        task.cancel()


asyncio.run(main())
