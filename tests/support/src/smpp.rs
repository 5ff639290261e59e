//! SMPP as the drivers of scripts/ speak it: a few fixed PDUs over a blocking socket, and nothing of ours behind them.
//!
//! Knows only what a bound peer needs; what it is sent it takes on trust.

use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

/// Commands.
pub const BIND_TRANSCEIVER: u32 = 0x09;
/// A message of an ESME's.
pub const SUBMIT: u32 = 0x04;
/// A message to an ESME.
pub const DELIVER: u32 = 0x05;
/// Is anybody there?
pub const ENQUIRE: u32 = 0x15;
/// Set in responses.
pub const RESPONSE: u32 = 0x8000_0000;

/// One PDU as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pdu {
    /// Command id.
    pub id: u32,
    /// Command status.
    pub status: u32,
    /// Sequence number.
    pub sequence: u32,
    /// What stands behind the header.
    pub body: Vec<u8>,
}

/// One connection. What is written goes out by [`Wire::flush`].
#[derive(Debug)]
pub struct Wire {
    stream: TcpStream,
    received: Vec<u8>,
    output: Vec<u8>,
    sequence: u32,
}

impl Wire {
    /// Over a socket; a read that takes longer than `patience` fails.
    ///
    /// # Errors
    /// Where the socket is gone.
    pub fn over(stream: TcpStream, patience: Duration) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(patience))?;
        Ok(Self { stream, received: Vec::new(), output: Vec::new(), sequence: 0 })
    }

    /// Writes a request; its sequence number.
    pub fn request(&mut self, id: u32, body: &[u8]) -> u32 {
        self.sequence = self.sequence % 0x7fff_ffff + 1;
        self.write(id, self.sequence, body);
        self.sequence
    }

    /// Writes the good response to a request.
    pub fn respond(&mut self, to: &Pdu, body: &[u8]) {
        self.write(to.id | RESPONSE, to.sequence, body);
    }

    /// Writes a text from a handset to the short number, as `submit_sm` or `deliver_sm`.
    pub fn text(&mut self, id: u32, handset: &str, words: &str) -> u32 {
        let length = [u8::try_from(words.len()).unwrap_or(0)];
        let fields: [&[u8]; 8] =
            [b"\0\x01\x01", handset.as_bytes(), b"\0\0\x01", b"12365\0", &[0; 5], &[0; 4], &length, words.as_bytes()];
        self.request(id, &fields.concat())
    }

    fn write(&mut self, id: u32, sequence: u32, body: &[u8]) {
        let length = u32::try_from(16 + body.len()).unwrap_or(16);
        for word in [length, id, 0, sequence] {
            self.output.extend_from_slice(&word.to_be_bytes());
        }
        self.output.extend_from_slice(body);
    }

    /// Sends what was written.
    ///
    /// # Errors
    /// Where the other end is gone.
    pub fn flush(&mut self) -> io::Result<()> {
        self.stream.write_all(&self.output)?;
        self.output.clear();
        Ok(())
    }

    /// Waits for octets and takes them apart; none where the last PDU is not whole yet.
    ///
    /// # Errors
    /// Where nothing came in time or the other end hung up.
    pub fn read(&mut self) -> io::Result<Vec<Pdu>> {
        let mut octets = vec![0; 256 * 1024];
        let got = self.stream.read(&mut octets)?;
        if got == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.received.extend_from_slice(octets.get(..got).unwrap_or_default());
        let (mut pdus, mut at) = (Vec::new(), 0);
        while let Some(length) = word(&self.received, at).and_then(|length| usize::try_from(length).ok())
            && let Some(pdu) = self.received.get(at..at + length)
        {
            let field = |at| word(pdu, at).unwrap_or(0);
            let body = pdu.get(16..).unwrap_or_default().to_vec();
            pdus.push(Pdu { id: field(4), status: field(8), sequence: field(12), body });
            at += length.max(16);
        }
        self.received.drain(..at.min(self.received.len()));
        Ok(pdus)
    }
}

fn word(octets: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(octets.get(at..at + 4)?.try_into().ok()?))
}

/// The body of a bind.
#[must_use]
pub fn bind(system_id: &str, password: &str) -> Vec<u8> {
    [system_id.as_bytes(), b"\0", password.as_bytes(), b"\0\0\x34\0\0\0"].concat()
}

/// To whom a message goes.
#[must_use]
pub fn destination(body: &[u8]) -> Vec<u8> {
    let behind = |octets: &[u8], skip: usize| -> Vec<u8> {
        let end = octets.iter().position(|octet| *octet == 0).unwrap_or(octets.len());
        octets.get(end + 1 + skip..).unwrap_or_default().to_vec()
    };
    // service_type, source with its two octets, destination with its two.
    let to = behind(&behind(body, 2), 2);
    to.split(|octet| *octet == 0).next().unwrap_or_default().to_vec()
}
