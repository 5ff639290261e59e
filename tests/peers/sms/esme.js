// npm's smpp as ESME: binds, sends one text in as many parts as it takes, tells the reply.
//   node esme.js HOST PORT HANDSET WORDS
const smpp = require('smpp');
const [host, port, handset, words] = process.argv.slice(2);
const tell = (event, rest) => process.stdout.write(JSON.stringify({event, ...rest}) + '\n');
const session = smpp.connect({url: `smpp://${host}:${port}`, auto_enquire_link_period: 5000}, () => {
    session.bind_transceiver({system_id: 'demo', password: 'demo'}, (bound) => {
        if (bound.command_status !== 0) process.exit(1);
        // 67 characters of two octets each behind a header of six (3GPP TS 23.040).
        const octets = Buffer.from(words, 'utf16le').swap16();
        const total = Math.ceil(octets.length / 134);
        for (let part = 1; part <= total; part++) {
            session.submit_sm({
                source_addr: handset, source_addr_ton: 1, source_addr_npi: 1, destination_addr: '12365',
                esm_class: 0x40, data_coding: 8,
                short_message: Buffer.concat([
                    Buffer.from([5, 0, 3, 77, total, part]), octets.subarray((part - 1) * 134, part * 134),
                ]),
            });
        }
    });
});
session.on('deliver_sm', (pdu) => {
    session.send(pdu.response());
    const message = pdu.short_message.message;
    tell('reply', {to: pdu.destination_addr, words: Buffer.isBuffer(message) ? message.toString() : message});
});
session.on('enquire_link', (pdu) => session.send(pdu.response()));
session.on('error', (error) => { tell('error', {message: String(error)}); process.exit(1); });
process.stdin.on('end', () => process.exit(0)).resume();
