// npm's smpp as SMSC: texts come as lines of JSON ({from, words}), replies go out as such. The first submit_sm of all is
// throttled; each later one is taken and reported on, the id in hexadecimal in the response and in decimal in the receipt.
const readline = require('readline');
const smpp = require('smpp');
const tell = (event, rest) => process.stdout.write(JSON.stringify({event, ...rest}) + '\n');
let bound = null, taken = 0x0e999f20, throttled = false, reference = 0;
// By TLS where key and certificate are given.
const [key, cert] = process.argv.slice(2).map((path) => require('fs').readFileSync(path));
const server = smpp.createServer(key ? {key, cert} : {}, (session) => {
    session.on('error', () => {});
    session.on('bind_transceiver', (pdu) => {
        session.send(pdu.response());
        bound = session;
        tell('bound', {system_id: pdu.system_id});
    });
    session.on('submit_sm', (pdu) => {
        if (!throttled) {
            throttled = true;
            tell('throttled');
            return session.send(pdu.response({command_status: smpp.ESME_RTHROTTLED}));
        }
        taken += 1;
        session.send(pdu.response({message_id: '0' + taken.toString(16)}));
        tell('reply', {to: pdu.destination_addr, words: pdu.short_message.message.toString()});
        session.deliver_sm({
            source_addr: pdu.destination_addr, destination_addr: pdu.source_addr, esm_class: 4,
            short_message: `id:${taken} sub:001 dlvrd:001 submit date:2611261200 done date:2611261201 stat:DELIVRD err:000 text:`,
        });
    });
    session.on('enquire_link', (pdu) => session.send(pdu.response()));
    session.on('unbind', (pdu) => { session.send(pdu.response()); session.close(); tell('unbound'); });
});
server.listen(0, '127.0.0.1', () => tell('listening', {port: server.address().port}));
readline.createInterface({input: process.stdin}).on('line', (line) => {
    const {from, words} = JSON.parse(line);
    const octets = Buffer.from(words, 'utf16le').swap16();
    const total = octets.length <= 140 ? 1 : Math.ceil(octets.length / 134);
    reference = (reference + 1) % 256;
    // The last part first: parts may come in any order.
    for (let part = total; part >= 1; part--) {
        const head = total === 1 ? [] : [5, 0, 3, reference, total, part];
        bound.deliver_sm({
            source_addr: from, source_addr_ton: 1, source_addr_npi: 1, destination_addr: '12365',
            esm_class: total === 1 ? 0 : 0x40, data_coding: 8,
            short_message: Buffer.concat([Buffer.from(head), octets.subarray((part - 1) * 134, part * 134)]),
        });
    }
});
