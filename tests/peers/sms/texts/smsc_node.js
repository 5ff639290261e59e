// node's `smpp` as a carrier: the gateway binds to it, gets texts by deliver_sm and replies by submit_sm.
const smpp = require('smpp');
const [host, port] = process.argv.slice(2);
const texts = JSON.parse(require('fs').readFileSync(0, 'utf8'));
const PART = 67;

function delivers({ from, text }, reference) {
  const base = { source_addr_ton: 1, source_addr: from, destination_addr: '12365' };
  const wide = /[^\x00-\x7f]/.test(text);
  if (!wide || text.length <= 70) return [{ ...base, short_message: text, ...(wide ? { data_coding: 8 } : {}) }];
  const pieces = [];
  for (let at = 0; at < text.length; at += PART) pieces.push(text.slice(at, at + PART));
  return pieces.map((piece, at) => ({
    ...base,
    esm_class: 0x40,
    data_coding: 8,
    short_message: { udh: Buffer.from([5, 0, 3, reference, pieces.length, at + 1]), message: piece },
  }));
}

let begun = false;
const server = smpp.createServer({}, session => {
  let parts = {};
  let whole = () => {};
  let id = 0;
  session.on('error', () => {});
  session.on('enquire_link', pdu => session.send(pdu.response()));
  session.on('unbind', pdu => { session.send(pdu.response()); session.close(); });
  session.on('submit_sm', pdu => {
    session.send(pdu.response({ message_id: (++id).toString(16) }));
    const udh = pdu.short_message.udh && pdu.short_message.udh[0];
    const [total, number] = udh ? [udh[udh.length - 2], udh[udh.length - 1]] : [1, 1];
    parts[number] = pdu.short_message.message;
    if (Object.keys(parts).length === total) {
      const text = Object.keys(parts).sort((a, b) => a - b).map(at => parts[at]).join('');
      console.log(JSON.stringify({ text, parts: total, coding: pdu.data_coding }));
      parts = {};
      whole();
    }
  });
  session.on('bind_transceiver', async pdu => {
    session.send(pdu.response({ system_id: 'node' }));
    if (begun) return;
    begun = true;
    for (let at = 0; at < texts.length; at++) {
      await new Promise(resolve => {
        whole = resolve;
        for (const deliver of delivers(texts[at], at + 1)) session.deliver_sm(deliver);
      });
    }
    process.exit(0);
  });
});
server.listen(Number(port), host);
