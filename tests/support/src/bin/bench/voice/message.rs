//! The few SIP messages that a caller of the bench writes and reads.
//!
//! Reads what our own gateway writes, and nothing else: no folding, no short names, no lists.

use std::net::SocketAddr;

/// What a message says that a caller needs.
#[derive(Debug)]
pub(super) enum Said<'a> {
    /// An answer: its status, and to which request.
    Answer { status: u16, method: &'a str, call: usize },
    /// A request of the gateway's.
    Request { method: &'a str, call: usize },
}

/// One header's value.
pub(super) fn header<'a>(message: &'a str, name: &str) -> Option<&'a str> {
    let head = message.split("\r\n\r\n").next()?;
    head.split("\r\n").find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

/// Reads a message to a caller of this run.
pub(super) fn read(message: &str, run: u32) -> Option<Said<'_>> {
    let (call, of) = header(message, "Call-ID")?.split_once('-')?;
    let call = call.parse().ok().filter(|_| of.parse() == Ok(run))?;
    let mut first = message.split(' ');
    match first.next()? {
        "SIP/2.0" => {
            let status = first.next()?.parse().ok()?;
            let method = header(message, "CSeq")?.split(' ').nth(1)?;
            Some(Said::Answer { status, method, call })
        }
        method => Some(Said::Request { method, call }),
    }
}

/// The port that sound goes to.
pub(super) fn media_port(message: &str) -> Option<u16> {
    message.split("m=audio ").nth(1)?.split(' ').next()?.parse().ok()
}

/// Who calls from where; the same in all messages of a run.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ends {
    pub(super) gateway: SocketAddr,
    pub(super) local: SocketAddr,
    pub(super) run: u32,
}

impl Ends {
    /// An INVITE that offers A-law and events, with sound to this port.
    pub(super) fn invite(&self, call: usize, port: u16) -> String {
        let Self { gateway, local, run } = self;
        let ip = local.ip();
        let body = format!(
            "v=0\r\no=- 1 1 IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\nm=audio {port} RTP/AVP 8 101\r\n\
             a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\n"
        );
        format!(
            "INVITE sip:12365@{gateway} SIP/2.0\r\nVia: SIP/2.0/UDP {local};branch=z9hG4bKi{call}r{run}\r\n\
             From: <sip:+86138{call:08}@{local}>;tag={call}\r\nTo: <sip:12365@{gateway}>\r\nCall-ID: {call}-{run}\r\n\
             CSeq: 1 INVITE\r\nContact: <sip:caller@{local}>\r\nMax-Forwards: 70\r\nContent-Type: application/sdp\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        )
    }

    /// The acknowledgement of an answer: of its own where it is a good one, of the INVITE's branch else.
    pub(super) fn ack(&self, call: usize, answer: &str, good: bool) -> Option<String> {
        let branch = if good { 'a' } else { 'i' };
        self.follow(call, answer, ("ACK", 1), branch)
    }

    /// A BYE.
    pub(super) fn bye(&self, call: usize, answer: &str) -> Option<String> {
        self.follow(call, answer, ("BYE", 2), 'b')
    }

    fn follow(&self, call: usize, answer: &str, (method, number): (&str, u32), branch: char) -> Option<String> {
        let Self { local, run, .. } = self;
        let to = header(answer, "To")?;
        let target = match header(answer, "Contact") {
            Some(contact) => contact.split('<').nth(1)?.split('>').next()?.to_owned(),
            None => format!("sip:12365@{}", self.gateway),
        };
        Some(format!(
            "{method} {target} SIP/2.0\r\nVia: SIP/2.0/UDP {local};branch=z9hG4bK{branch}{call}r{run}\r\n\
             From: <sip:+86138{call:08}@{local}>;tag={call}\r\nTo: {to}\r\nCall-ID: {call}-{run}\r\n\
             CSeq: {number} {method}\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
        ))
    }
}

/// The 200 to a request of the gateway's.
pub(super) fn fine(request: &str) -> Option<String> {
    let mut answer = "SIP/2.0 200 OK\r\n".to_owned();
    for name in ["Via", "From", "To", "Call-ID", "CSeq"] {
        answer.push_str(&format!("{name}: {}\r\n", header(request, name)?));
    }
    answer.push_str("Content-Length: 0\r\n\r\n");
    Some(answer)
}

/// An INVITE that something happened to on its way: cut off or with octets changed.
pub(super) fn mutated(nth: u64, gateway: SocketAddr) -> Vec<u8> {
    junk(nth * 2 - nth % 2, gateway)
}

/// What scanners send, the `nth` of it: whole INVITEs of nobody, halves, and noise behind the right first word.
pub(super) fn junk(nth: u64, gateway: SocketAddr) -> Vec<u8> {
    let whole = format!(
        "INVITE sip:{nth}@{gateway} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.2:5060;branch=z9hG4bKj{nth}\r\n\
         From: \"x\" <sip:100@127.0.0.2>;tag=j{nth}\r\nTo: <sip:{nth}@{gateway}>\r\nCall-ID: j{nth}@127.0.0.2\r\n\
         CSeq: 1 INVITE\r\nContact: <sip:100@127.0.0.2:5060>\r\nMax-Forwards: 70\r\nUser-Agent: friendly-scanner\r\n\
         Content-Type: application/sdp\r\nContent-Length: 106\r\n\r\nv=0\r\no=- 1 1 IN IP4 127.0.0.2\r\ns=-\r\n\
         c=IN IP4 127.0.0.2\r\nt=0 0\r\nm=audio 9 RTP/AVP 8 0\r\na=ptime:20\r\n"
    );
    let mut octets = whole.into_bytes();
    let spread = usize::try_from(nth.wrapping_mul(0x9E37_79B9) % 977).unwrap_or(0);
    match nth % 4 {
        0 => octets.truncate(30 + spread % octets.len().max(1)),
        1 => {
            for octet in octets.iter_mut().skip(20 + spread % 40).step_by(7 + spread % 90) {
                *octet = octet.wrapping_mul(31).wrapping_add(7);
            }
        }
        _ => {}
    }
    octets
}
