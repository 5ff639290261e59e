// node's `smpp` as an aggregator: long texts in parts with a reference of 16 bits, the last part first.
const smpp = require('smpp');
const [host, port] = process.argv.slice(2);
const texts = JSON.parse(require('fs').readFileSync(0, 'utf8'));
const PART = 66;

const session = smpp.connect({ host, port: Number(port) });
let parts = {};
let whole = () => {};
session.on('error', error => { console.error(error); process.exit(1); });
session.on('deliver_sm', pdu => {
  session.send(pdu.response());
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

function submits({ from, text }, reference) {
  const base = { source_addr_ton: 1, source_addr: from, destination_addr: '12365' };
  const wide = /[^\x00-\x7f]/.test(text);
  if (!wide || text.length <= 70) return [{ ...base, short_message: text, ...(wide ? { data_coding: 8 } : {}) }];
  const pieces = [];
  for (let at = 0; at < text.length; at += PART) pieces.push(text.slice(at, at + PART));
  return pieces.map((piece, at) => ({
    ...base,
    esm_class: 0x40,
    data_coding: 8,
    short_message: { udh: Buffer.from([6, 8, 4, 0, reference, pieces.length, at + 1]), message: piece },
  })).reverse();
}

session.bind_transceiver({ system_id: 'demo', password: 'demo' }, async pdu => {
  if (pdu.command_status !== 0) throw new Error(`bind: ${pdu.command_status}`);
  for (let at = 0; at < texts.length; at++) {
    await new Promise(resolve => {
      whole = resolve;
      for (const submit of submits(texts[at], at + 1)) session.submit_sm(submit);
    });
  }
  session.unbind(() => { session.close(); process.exit(0); });
});
