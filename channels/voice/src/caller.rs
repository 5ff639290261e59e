//! A caller as it looks to a gateway: one real call by SIP, keys pressed in it, and what was heard.
//!
//! For operators (`verigate call simulate`) and for tests: calls as a carrier does, by UDP and in the clear, presses keys in
//! any of the three ways, and keeps the sound. Judges nothing of what it hears.
#![expect(clippy::disallowed_methods, reason = "a caller lives in real time")]

mod sound;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rsipstack::EndpointBuilder;
use rsipstack::dialog::dialog::{DialogState, DialogStateReceiver, TransactionHandle};
use rsipstack::dialog::dialog_layer::DialogLayer;
use rsipstack::dialog::invitation::InviteOption;
use rsipstack::dialog::invite_dialog::InviteDialog;
use rsipstack::sip::{Header, StatusCode, Transport, Uri};
use rsipstack::transport::udp::UdpConnection;
use rsipstack::transport::{SipAddr, TransportLayer};
use tokio::net::UdpSocket;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use self::sound::{Heard, wav};
use self::sound::{Pressing, Recorder};
use crate::media::keypad::Way;
use crate::media::sdp::{self, Agreed, Ours, Policy};
use crate::media::srtp::{Master, Opener, Sealer};
use crate::media::{FRAME_MS, Law};

/// For our last words.
const LEAVE: Duration = Duration::from_secs(3);

/// One call to make.
#[derive(Debug, Clone)]
pub struct Call {
    /// Where the gateway takes calls.
    pub gateway: SocketAddr,
    /// The number called.
    pub number: String,
    /// The caller's number, as it is written in From.
    pub from: String,
    /// What is pressed: keys, and `,` for a second of waiting.
    pub keys: String,
    /// How keys are sent.
    pub by: Way,
    /// The codec to ask for.
    pub law: Law,
    /// Whether to encrypt the sound.
    pub secure: bool,
    /// From the answer to the first key.
    pub before: Duration,
    /// The longest the call may last.
    pub longest: Duration,
}

/// What came of a call.
#[derive(Debug, Clone)]
pub struct Called {
    /// What was heard.
    pub heard: Heard,
    /// From the INVITE to its answer.
    pub answered: Duration,
    /// From the last key to the end of the silence after it, where both were there.
    pub spoken: Option<Duration>,
    /// The gateway hung up; else our time was up.
    pub hung_up: bool,
}

/// Why there was no call.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// A socket cannot be had.
    #[error("no socket for the call")]
    Socket(#[source] std::io::Error),
    /// The stack refuses.
    #[error("the call cannot be made")]
    Stack(#[source] Box<rsipstack::Error>),
    /// The gateway does not take it.
    #[error("the gateway answered {0}")]
    Refused(StatusCode),
    /// Nobody answers.
    #[error("the gateway does not answer")]
    Unanswered,
    /// What the gateway agreed to cannot be used.
    #[error("the gateway agreed to something that was not offered")]
    Unfit,
}

impl Call {
    /// Calls, presses and listens to the end.
    ///
    /// # Errors
    /// [`CallError`].
    pub async fn place(&self) -> Result<Called, CallError> {
        let stop = CancellationToken::new();
        let (tasks, _guard) = (TaskTracker::new(), stop.clone().drop_guard());
        let placed = self.within(&tasks, &stop).await;
        stop.cancel();
        tasks.close();
        tasks.wait().await;
        placed
    }

    async fn within(&self, tasks: &TaskTracker, stop: &CancellationToken) -> Result<Called, CallError> {
        let local = route(self.gateway).map_err(CallError::Socket)?;
        let sip = UdpConnection::create_connection(SocketAddr::new(local, 0), None, Some(stop.child_token()))
            .await
            .map_err(stack)?;
        let contact = sip.get_addr().clone();
        let layer = TransportLayer::new(stop.child_token());
        layer.add_transport(sip.into());
        let endpoint = EndpointBuilder::new().with_cancel_token(stop.child_token()).with_transport_layer(layer).build();
        let dialogs = Arc::new(DialogLayer::new(Arc::clone(&endpoint.inner)));
        let mut incoming = endpoint.incoming_transactions().map_err(stack)?;
        let serving_stack = Arc::clone(&endpoint.inner);
        tasks.spawn(async move { drop(serving_stack.serve().await) });
        let (within, ending, serving) = (Arc::clone(&dialogs), stop.clone(), tasks.clone());
        tasks.spawn(async move {
            while let Some(Some(mut transaction)) = ending.run_until_cancelled(incoming.recv()).await {
                let (dialog, ending) = (within.match_dialog(&transaction), ending.clone());
                serving.spawn(async move {
                    let served = async {
                        match dialog {
                            Some(mut dialog) => dialog.handle(&mut transaction).await,
                            None => transaction.reply(StatusCode::CallTransactionDoesNotExist).await,
                        }
                    };
                    drop(ending.run_until_cancelled(served).await);
                });
            }
        });
        let rtp = UdpSocket::bind((local, 0)).await.map_err(CallError::Socket)?;
        let ours = self.ours(rtp.local_addr().map_err(CallError::Socket)?)?;
        let option = self.option(&ours, &contact)?;
        let (states, happening) = dialogs.new_dialog_state_channel();
        let began = Instant::now();
        let invited = tokio::time::timeout(self.longest, dialogs.do_invite(option, states)).await;
        let (dialog, response) = invited.map_err(|_| CallError::Unanswered)?.map_err(stack)?;
        let response = response.ok_or(CallError::Unanswered)?;
        if response.status_code != StatusCode::OK {
            return Err(CallError::Refused(response.status_code));
        }
        let answered = began.elapsed();
        let agreed = sdp::read(&response.body).ok().and_then(|answer| sdp::accept(&answer, &ours).ok());
        let Some(agreed) = agreed else {
            drop(tokio::time::timeout(LEAVE, dialog.bye()).await);
            return Err(CallError::Unfit);
        };
        let mut talking = Talking::new(self, rtp, (&agreed, &ours), (dialog, happening));
        let hung_up = talking.run().await;
        if !hung_up {
            drop(tokio::time::timeout(LEAVE, talking.dialog.bye()).await);
        }
        let (heard, spoken) = talking.recorder.end(talking.pressed);
        Ok(Called { heard, answered, spoken, hung_up })
    }

    fn ours(&self, address: SocketAddr) -> Result<Ours, CallError> {
        let mut key = [0; 30];
        getrandom::fill(&mut key).map_err(|error| CallError::Socket(std::io::Error::other(error)))?;
        let master = Master::of(&key).ok_or(CallError::Unfit)?;
        let policy = if self.secure { Policy::Required } else { Policy::Never };
        Ok(Ours { address, session: 1, version: 1, master, policy })
    }

    fn option(&self, ours: &Ours, contact: &SipAddr) -> Result<InviteOption, CallError> {
        let uri = |text: String| Uri::try_from(text).map_err(|error| stack(error.into()));
        let offer = sdp::offer(ours, self.law);
        Ok(InviteOption {
            caller: uri(format!("sip:{}@{}", self.from, contact.addr))?,
            callee: uri(format!("sip:{}@{}", self.number, self.gateway))?,
            contact: uri(format!("sip:{}@{}", self.from, contact.addr))?,
            destination: Some(SipAddr { r#type: Some(Transport::Udp), addr: self.gateway.into() }),
            content_type: Some("application/sdp".to_owned()),
            offer: Some(offer.into_bytes()),
            ..InviteOption::default()
        })
    }
}

fn stack(error: rsipstack::Error) -> CallError {
    CallError::Stack(Box::new(error))
}

/// The address of the interface on the way to the gateway.
fn route(gateway: SocketAddr) -> std::io::Result<std::net::IpAddr> {
    let any: SocketAddr = if gateway.is_ipv4() { ([0, 0, 0, 0], 0).into() } else { ([0_u16; 8], 0).into() };
    let socket = std::net::UdpSocket::bind(any)?;
    socket.connect(gateway)?;
    Ok(socket.local_addr()?.ip())
}

/// A call that was answered.
struct Talking<'a> {
    call: &'a Call,
    rtp: UdpSocket,
    to: Option<SocketAddr>,
    sealer: Option<Sealer>,
    opener: Option<Opener>,
    pressing: Pressing,
    recorder: Recorder,
    pressed: Option<Instant>,
    dialog: InviteDialog,
    happening: DialogStateReceiver,
}

impl<'a> Talking<'a> {
    fn new(
        call: &'a Call,
        rtp: UdpSocket,
        (agreed, ours): (&Agreed, &Ours),
        (dialog, happening): (InviteDialog, DialogStateReceiver),
    ) -> Self {
        let secure = agreed.secure.as_ref();
        let key = |master: &Master, suite| Opener::new(suite, master);
        Self {
            call,
            to: agreed.remote,
            sealer: secure.map(|secure| Sealer::new(secure.suite, &ours.master)),
            opener: secure.map(|secure| key(&secure.theirs, secure.suite)),
            pressing: Pressing::new(call, agreed),
            recorder: Recorder::new(agreed.law),
            pressed: None,
            rtp,
            dialog,
            happening,
        }
    }

    /// Whether the gateway hung up.
    async fn run(&mut self) -> bool {
        let began = Instant::now();
        let mut clock = tokio::time::interval(Duration::from_millis(FRAME_MS.into()));
        let mut buffer = vec![0; crate::media::rtp::LONGEST];
        loop {
            tokio::select! {
                _ = clock.tick() => {
                    if began.elapsed() >= self.call.longest {
                        return false;
                    }
                    self.send(began.elapsed()).await;
                }
                Ok((length, _)) = self.rtp.recv_from(&mut buffer) => self.hear(buffer.get(..length)),
                state = self.happening.recv() => match state {
                    Some(DialogState::Terminated(..)) | None => {
                        // The last words may have come before the end, and be read after it.
                        while let Ok((length, _)) = self.rtp.try_recv_from(&mut buffer) {
                            self.hear(buffer.get(..length));
                        }
                        return true;
                    }
                    Some(DialogState::Updated(_, _, handle) | DialogState::Options(_, _, handle)) => fine(&handle).await,
                    Some(_) => {}
                }
            }
        }
    }

    fn hear(&mut self, packet: Option<&[u8]>) {
        let mut octets = packet.unwrap_or_default().to_vec();
        if self.opener.as_mut().is_none_or(|opener| opener.open(&mut octets)) {
            self.recorder.take(&octets, Instant::now());
        }
    }

    async fn send(&mut self, since: Duration) {
        let pressed = self.pressing.tick(since);
        if pressed.last {
            self.pressed = Some(Instant::now());
        }
        if let Some(key) = pressed.message {
            let headers = vec![Header::ContentType("application/dtmf-relay".into())];
            let body = format!("Signal={key}\r\nDuration=160\r\n").into_bytes();
            drop(self.dialog.info(Some(headers), Some(body)).await);
        }
        for mut octets in pressed.packets {
            if let Some(sealer) = &mut self.sealer {
                sealer.seal(&mut octets);
            }
            if let Some(to) = self.to {
                drop(self.rtp.send_to(&octets, to).await);
            }
        }
    }
}

async fn fine(handle: &TransactionHandle) {
    drop(handle.reply(StatusCode::OK).await);
}
