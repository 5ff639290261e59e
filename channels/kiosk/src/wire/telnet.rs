//! Telnet as terminal servers speak it, with remote port control (RFC 854, 856, 858, 2217): the client's side, and as much
//! of the server's as a simulated terminal behind one needs, which takes whatever it is asked.
//!
//! Turns octets of the connection into those of the port and back, asks for the port's settings, and says whether they
//! were taken. Control lines are best effort: many ports have none. Subnegotiations are bounded; what is not understood
//! is refused as RFC 854 says or skipped.

const IAC: u8 = 255;
const DONT: u8 = 254;
const DO: u8 = 253;
const WONT: u8 = 252;
const WILL: u8 = 251;
const SB: u8 = 250;
const NOP: u8 = 241;
const SE: u8 = 240;

const BINARY: u8 = 0;
const GO_AHEAD: u8 = 3;
/// RFC 860: whoever is asked for it answers, if only that it will not.
const TIMING_MARK: u8 = 6;
/// RFC 2217.
const COM_PORT: u8 = 44;

const SET_BAUDRATE: u8 = 1;
const SET_DATASIZE: u8 = 2;
const SET_PARITY: u8 = 3;
const SET_STOPSIZE: u8 = 4;
const SET_CONTROL: u8 = 5;
/// The server's answers have their commands' numbers and this.
const ANSWER: u8 = 100;

/// The longest subnegotiation that is looked at.
const LONGEST: usize = 64;

/// How the port is to be set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Port {
    /// Bits per second.
    pub baud: u32,
    /// 5 to 8.
    pub data_bits: u8,
    /// 1 none, 2 odd, 3 even.
    pub parity: u8,
    /// 1 or 2.
    pub stop_bits: u8,
    /// 1 none, 2 XON/XOFF, 3 RTS/CTS.
    pub flow: u8,
}

/// How the settings of the port stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settled {
    /// Not yet answered.
    Asked,
    /// The port is as it was asked for.
    Taken,
    /// The server has no remote port control: the port stays as the server has it.
    Fixed,
    /// The server set the port otherwise than it was asked.
    Otherwise,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Data,
    Command,
    Option(u8),
    Sub,
    SubCommand,
}

/// One connection to a terminal server.
#[derive(Debug)]
pub struct Telnet {
    /// How the port is to be set; the server's side asks for nothing.
    port: Option<Port>,
    state: State,
    sub: Vec<u8>,
    settled: Settled,
    asked: bool,
    marked: bool,
    out: Vec<u8>,
}

impl Telnet {
    /// Begins; [`Telnet::take_out`] has the first octets to send.
    #[must_use]
    pub fn new(port: Port) -> Self {
        let out =
            [[IAC, WILL, BINARY], [IAC, DO, BINARY], [IAC, WILL, GO_AHEAD], [IAC, DO, GO_AHEAD], [IAC, WILL, COM_PORT]];
        Self { port: Some(port), out: out.concat(), ..Self::server() }
    }

    /// The server's side; it begins nothing.
    #[must_use]
    pub const fn server() -> Self {
        Self {
            port: None,
            state: State::Data,
            sub: Vec::new(),
            settled: Settled::Asked,
            asked: false,
            marked: false,
            out: Vec::new(),
        }
    }

    /// How the settings stand.
    #[must_use]
    pub const fn settled(&self) -> Settled {
        self.settled
    }

    /// What is to be sent now, as it is.
    pub fn take_out(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.out)
    }

    /// Asks nothing and wants no answer: shows that the connection is there.
    pub fn probe(&mut self) {
        self.out.extend([IAC, NOP]);
    }

    /// Asks for a sign that everything up to here has been seen ([`Telnet::take_mark`]).
    pub fn ask_mark(&mut self) {
        self.out.extend([IAC, DO, TIMING_MARK]);
    }

    /// Whether such a sign has come.
    pub const fn take_mark(&mut self) -> bool {
        std::mem::replace(&mut self.marked, false)
    }

    /// Octets for the port as they go over the connection.
    pub fn wrap(octets: &[u8], out: &mut Vec<u8>) {
        for octet in octets {
            out.push(*octet);
            if *octet == IAC {
                out.push(IAC);
            }
        }
    }

    /// Takes octets of the connection; those of the port go to `data`.
    pub fn unwrap(&mut self, octets: &[u8], data: &mut Vec<u8>) {
        for octet in octets {
            self.take(*octet, data);
        }
    }

    fn take(&mut self, octet: u8, data: &mut Vec<u8>) {
        self.state = match (self.state, octet) {
            (State::Data, IAC) => State::Command,
            (State::Data, octet) => {
                data.push(octet);
                State::Data
            }
            (State::Command, IAC) => {
                data.push(IAC);
                State::Data
            }
            (State::Command, WILL | WONT | DO | DONT) => State::Option(octet),
            (State::Command, SB) => {
                self.sub.clear();
                State::Sub
            }
            (State::Command, _) => State::Data,
            (State::Option(command), option) => {
                self.option(command, option);
                State::Data
            }
            (State::Sub, IAC) => State::SubCommand,
            (State::Sub, octet) => {
                self.hold(octet);
                State::Sub
            }
            (State::SubCommand, SE) => {
                self.subnegotiated();
                State::Data
            }
            (State::SubCommand, octet) => {
                self.hold(octet);
                State::Sub
            }
        };
    }

    fn hold(&mut self, octet: u8) {
        if self.sub.len() < LONGEST {
            self.sub.push(octet);
        }
    }

    fn option(&mut self, command: u8, option: u8) {
        if self.port.is_none() {
            return self.out.extend(match (command, option) {
                (WILL, BINARY | GO_AHEAD | COM_PORT) => [IAC, DO, option],
                (DO, BINARY | GO_AHEAD) => [IAC, WILL, option],
                (WILL, _) => [IAC, DONT, option],
                (DO, _) => [IAC, WONT, option],
                (_, _) => return,
            });
        }
        match (command, option) {
            (DO, COM_PORT) => self.ask(),
            (DONT, COM_PORT) => self.settled = Settled::Fixed,
            // We said that we do and would like these.
            (_, BINARY | GO_AHEAD | COM_PORT) => {}
            (WILL | WONT, TIMING_MARK) => self.marked = true,
            (WILL, other) => self.out.extend([IAC, DONT, other]),
            (DO, other) => self.out.extend([IAC, WONT, other]),
            (_, _) => {}
        }
    }

    /// Asks for the settings, once.
    fn ask(&mut self) {
        let Some(Port { baud, data_bits, parity, stop_bits, flow }) = self.port else { return };
        if std::mem::replace(&mut self.asked, true) {
            return;
        }
        let asks: [&[u8]; 5] = [
            &[&[SET_BAUDRATE][..], &baud.to_be_bytes()].concat(),
            &[SET_DATASIZE, data_bits],
            &[SET_PARITY, parity],
            &[SET_STOPSIZE, stop_bits],
            &[SET_CONTROL, flow],
        ];
        for ask in asks {
            self.out.extend([IAC, SB, COM_PORT]);
            Self::wrap(ask, &mut self.out);
            self.out.extend([IAC, SE]);
        }
    }

    fn subnegotiated(&mut self) {
        let Some((&COM_PORT, answer)) = self.sub.split_first() else { return };
        let Some((&command, value)) = answer.split_first() else { return };
        let Some(Port { baud, data_bits, parity, stop_bits, .. }) = self.port else {
            // Whatever it is, it is so now.
            self.out.extend([IAC, SB, COM_PORT, command.saturating_add(ANSWER)]);
            Self::wrap(value, &mut self.out);
            self.out.extend([IAC, SE]);
            return;
        };
        let as_asked = match command.checked_sub(ANSWER) {
            Some(SET_BAUDRATE) => {
                let taken = value == baud.to_be_bytes();
                if taken && self.settled == Settled::Asked {
                    self.settled = Settled::Taken;
                }
                taken
            }
            Some(SET_DATASIZE) => value == [data_bits],
            Some(SET_PARITY) => value == [parity],
            Some(SET_STOPSIZE) => value == [stop_bits],
            // Control lines, states of lines and modems: best effort.
            Some(_) | None => true,
        };
        if !as_asked {
            self.settled = Settled::Otherwise;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PORT: Port = Port { baud: 9_600, data_bits: 8, parity: 1, stop_bits: 1, flow: 1 };

    fn received(telnet: &mut Telnet, octets: &[u8]) -> Vec<u8> {
        let mut data = Vec::new();
        telnet.unwrap(octets, &mut data);
        data
    }

    #[test]
    fn settings_are_asked_for_when_the_server_can_set_them_and_believed_when_answered() {
        let mut telnet = Telnet::new(PORT);
        assert!(telnet.take_out().ends_with(&[IAC, WILL, COM_PORT]));
        assert!(received(&mut telnet, &[IAC, DO, BINARY, IAC, WILL, BINARY, IAC, DO, COM_PORT]).is_empty());
        let asked = telnet.take_out();
        assert!(asked.starts_with(&[IAC, SB, COM_PORT, SET_BAUDRATE, 0, 0, 0x25, 0x80, IAC, SE]), "{asked:?}");
        received(&mut telnet, &[IAC, DO, COM_PORT]);
        assert!(telnet.take_out().is_empty(), "asked twice");
        assert_eq!(telnet.settled(), Settled::Asked);
        received(&mut telnet, &[IAC, SB, COM_PORT, 101, 0, 0, 0x25, 0x80, IAC, SE]);
        assert_eq!(telnet.settled(), Settled::Taken);
        received(&mut telnet, &[IAC, SB, COM_PORT, 103, 3, IAC, SE]);
        assert_eq!(telnet.settled(), Settled::Otherwise);
    }

    #[test]
    fn the_two_sides_come_to_terms() {
        let (mut client, mut server) = (Telnet::new(PORT), Telnet::server());
        for _ in 0..4 {
            assert!(received(&mut server, &client.take_out()).is_empty());
            assert!(received(&mut client, &server.take_out()).is_empty());
        }
        assert_eq!(client.settled(), Settled::Taken);
        assert!(client.take_out().is_empty() && server.take_out().is_empty(), "they never come to an end");
    }

    #[test]
    fn a_server_without_port_control_is_spoken_to_all_the_same() {
        let mut telnet = Telnet::new(PORT);
        telnet.take_out();
        assert_eq!(received(&mut telnet, &[IAC, DONT, COM_PORT, b'1', IAC, DO, 31, b'2']), b"12");
        assert_eq!(telnet.settled(), Settled::Fixed);
        assert_eq!(telnet.take_out(), [IAC, WONT, 31]);
    }

    #[test]
    fn a_subnegotiation_without_end_takes_no_memory() {
        let mut telnet = Telnet::new(PORT);
        received(&mut telnet, &[IAC, SB]);
        received(&mut telnet, &vec![COM_PORT; 100_000]);
        assert!(telnet.sub.len() <= LONGEST);
        assert_eq!(received(&mut telnet, &[IAC, SE, b'x']), b"x");
    }

    proptest! {
        #[test]
        fn octets_of_the_port_pass_as_they_are(octets in proptest::collection::vec(any::<u8>(), 0..300)) {
            let mut wrapped = Vec::new();
            Telnet::wrap(&octets, &mut wrapped);
            let mut telnet = Telnet::new(PORT);
            let mut data = Vec::new();
            for octet in wrapped {
                telnet.unwrap(&[octet], &mut data);
            }
            prop_assert_eq!(data, octets);
        }

        #[test]
        fn nothing_a_server_sends_makes_it_answer_without_bound(octets in proptest::collection::vec(any::<u8>(), 0..2_000)) {
            let mut telnet = Telnet::new(PORT);
            telnet.take_out();
            let mut data = Vec::new();
            telnet.unwrap(&octets, &mut data);
            prop_assert!(data.len() <= octets.len());
            prop_assert!(telnet.take_out().len() <= octets.len() * 2 + 64);
        }
    }
}
