//! Serial servers that we dial, raw or by RFC 2217: kept up, with a pause that grows between attempts.

use std::sync::Arc;
use std::time::Duration;

use net::{Dialler, TlsClient, TlsError};

use super::accept::{keep_alive, of_terminal};
use super::converse::{Ended, Opening, converse};
use super::hub::Hub;
use crate::config::{FlowControl, Parity, SerialConfig, Terminal, Way};
use crate::wire::telnet::{Port, Telnet};

/// A serial server answers within so long.
const PATIENCE: Duration = Duration::from_secs(5);
/// The first pause between attempts, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(5));

/// What opens connections to a terminal's serial server.
pub(super) fn dialler(tls: Option<&TlsClient>) -> Result<Dialler, TlsError> {
    Dialler::new(tls, PATIENCE)
}

/// A pause that doubles with every attempt in vain.
#[derive(Debug)]
pub(super) struct Pause {
    next: Duration,
    longest: Duration,
    shortest: Duration,
}

impl Pause {
    pub(super) const fn new((shortest, longest): (Duration, Duration)) -> Self {
        Self { next: shortest, longest, shortest }
    }

    pub(super) const fn reset(&mut self) {
        self.next = self.shortest;
    }

    pub(super) fn take(&mut self) -> Duration {
        let pause = self.next;
        self.next = (pause * 2).min(self.longest);
        pause
    }
}

/// Keeps a terminal's line up until the gateway stops or no longer serves it so.
pub(super) async fn keep(hub: Arc<Hub>, terminal: Arc<Terminal>) {
    let Way::Dial { address, tls, port } = &terminal.way else { return };
    let Some(who) = of_terminal(&hub, &terminal, &terminal.name) else { return };
    let dialler = match dialler(tls.as_deref()) {
        Ok(dialler) => dialler,
        Err(error) => return who.post.failed(&error.to_string()),
    };
    let stopping = who.stop.clone();
    let mut pause = Pause::new(PAUSES);
    loop {
        let Some(dialled) = stopping.run_until_cancelled(dialler.dial(address)).await else { return };
        match dialled {
            Err(error) => who.post.failed(&chain(&error)),
            Ok(mut stream) => {
                keep_alive(&stream);
                pause.reset();
                let telnet = port.map(|port| Box::new(Telnet::new(remote(port))));
                let token = who.post.up(address);
                let opening = Opening { first: Vec::new(), telnet, halves: false };
                let ended = converse(&hub, Box::new(who.clone()), &mut stream, opening, &token).await;
                who.post.down(&token);
                match ended {
                    Ended::Stopped | Ended::Replaced => return,
                    Ended::Refused => {
                        who.post.failed("the terminal server does not set the port as it is asked");
                        pause = Pause::new((PAUSES.1, PAUSES.1));
                    }
                    Ended::Gone | Ended::Stalled => {}
                }
            }
        }
        if stopping.run_until_cancelled(tokio::time::sleep(pause.take())).await.is_none() {
            return;
        }
    }
}

/// An error with its causes.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

const fn remote(serial: SerialConfig) -> Port {
    Port {
        baud: serial.baud,
        data_bits: serial.data_bits,
        parity: match serial.parity {
            Parity::None => 1,
            Parity::Odd => 2,
            Parity::Even => 3,
        },
        stop_bits: serial.stop_bits,
        flow: match serial.flow_control {
            FlowControl::None => 1,
            FlowControl::Software => 2,
            FlowControl::Hardware => 3,
        },
    }
}
