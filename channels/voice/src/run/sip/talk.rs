//! The talk of one call: the dialogue driven by keys, by the sound's end, by the core's answers and by time; and what the
//! other end asks for meanwhile (hold, other codecs, a refresh, an end).
#![expect(clippy::disallowed_methods, reason = "the shell reads the clock")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use contract::signal::CallCause;
use contract::{Refusal, Reply};
use rsipstack::dialog::dialog::{DialogState, TransactionHandle};
use rsipstack::dialog::invite_dialog::InviteDialog;
use rsipstack::sip::prelude::HeadersExt as _;
use rsipstack::sip::{Header, Method, Request, StatusCode, StatusCodeKind};
use tokio::sync::{mpsc, oneshot};

use super::call::{Caller, SDP, cause, timer_headers};
use super::states::States;
use super::{Hub, random};
use crate::calls::{Full, Record};
use crate::dialogue::{self, Dialogue, Ending, Output};
use crate::media::events::Key;
use crate::media::info::{self, Content};
use crate::media::keypad::{Keypad, Way};
use crate::media::line::Heard;
use crate::media::sdp::{self, Agreed, Ours, Policy};
use crate::run::ask;
use crate::sip::headers::{lists, value};
use crate::sip::timers::{self, Due, Interval, Timer};

/// Who was referred to somebody else has so long to get there.
const REFERRED: Duration = Duration::from_secs(30);

/// What comes back from requests of our own.
enum Back {
    /// Whether the session was refreshed.
    Refreshed(bool),
    /// Whether the reference was taken.
    Referred(bool),
}

/// A call in progress.
pub(super) struct Talk<'a> {
    hub: &'a Arc<Hub>,
    dialog: InviteDialog,
    happening: States,
    heard: mpsc::Receiver<Heard>,
    /// The core's answer, while it is awaited.
    reply: Option<oneshot::Receiver<Result<Reply, Refusal>>>,
    back: (mpsc::Sender<Back>, mpsc::Receiver<Back>),
    keypad: Keypad,
    ours: Ours,
    agreed: Agreed,
    /// The re-INVITE that we answered with an offer of ours, by its CSeq.
    offered: Option<u32>,
    timer: Option<Timer>,
    by_update: bool,
    referred: Option<Instant>,
    mark: u64,
}

impl<'a> Talk<'a> {
    pub(super) fn new(
        hub: &'a Arc<Hub>,
        (dialog, happening): (InviteDialog, States),
        heard: mpsc::Receiver<Heard>,
        (ours, agreed): (Ours, Agreed),
        (interval, by_update): (Option<Interval>, bool),
    ) -> Self {
        let timer = interval.map(|interval| Timer::start(interval, Instant::now()));
        let back = mpsc::channel(8);
        let keypad = Keypad::default();
        Self {
            hub,
            dialog,
            happening,
            heard,
            reply: None,
            back,
            keypad,
            ours,
            agreed,
            offered: None,
            timer,
            by_update,
            referred: None,
            mark: 0,
        }
    }

    /// Talks until one side ends it.
    pub(super) async fn run(&mut self, who: &Caller, full: Option<Full>, record: &mut Record) -> CallCause {
        let mut dialogue = self.begin(who, full, record.id);
        let going_down = self.hub.going_down.clone();
        let mut told = false;
        loop {
            dialogue.handle_hold(self.agreed.held(), Instant::now());
            if let Some(cause) = self.follow(&mut dialogue, record) {
                self.note(&dialogue, who);
                return cause;
            }
            let next = self.next(&dialogue);
            let ended = tokio::select! {
                state = self.happening.recv() => match state {
                    // Boxed: it is rare, and every call would carry its size.
                    Some(state) => Box::pin(self.state(*state, &mut dialogue, record)).await,
                    None => Some(CallCause::Failed),
                },
                reply = replied(&mut self.reply) => {
                    self.reply = None;
                    dialogue.handle_reply(reply, Instant::now());
                    None
                }
                Some(heard) = self.heard.recv() => self.hear(heard, &mut dialogue, record),
                Some(back) = self.back.1.recv() => self.back(back, &mut dialogue),
                () = tokio::time::sleep_until(next.into()) => self.due(&mut dialogue),
                () = going_down.cancelled(), if !told => {
                    told = true;
                    dialogue.handle_going_down(Instant::now());
                    None
                }
            };
            if let Some(cause) = ended {
                self.note(&dialogue, who);
                if cause == CallCause::HungUp {
                    dialogue.handle_hung_up();
                    // What was decided is put to the core although nobody listens any more.
                    return self.follow(&mut dialogue, record).unwrap_or(CallCause::HungUp);
                }
                return cause;
            }
        }
    }

    /// Hangs up, unless the other end has. A dialog in the middle of another request cannot be hung up; what the other end
    /// asks for meanwhile comes too late.
    pub(super) async fn leave(self) {
        super::call::leave(&self.dialog, self.happening).await;
    }

    /// Keeps the language that the caller chose for the next call.
    fn note(&self, dialogue: &Dialogue, who: &Caller) {
        if let (language, true) = dialogue.language() {
            self.hub.ports.choices.note(&who.identity, language);
        }
    }

    fn begin(&self, who: &Caller, full: Option<Full>, id: u64) -> Dialogue {
        let settings = &self.hub.settings;
        let language = settings.numbers.iter().find(|(number, _)| *number == who.called).map(|(_, language)| *language);
        let language = language.or_else(|| self.hub.ports.choices.of(&who.identity));
        let person = who.trunk.and_then(|nth| settings.trunks.get(nth)).and_then(|trunk| trunk.person.clone());
        let call = dialogue::Call {
            scope: "voice/sip".to_owned(),
            key: format!("{id}-{:032x}", u128::from_be_bytes(random())),
            valid_for: Duration::ZERO,
            asked: 0,
            caller: who.identity.clone(),
            language,
            person,
            began: Instant::now(),
            began_at: ask::now(),
        };
        let mut dialogue = Dialogue::new(Arc::clone(&self.hub.ports.dialogue), call);
        match full {
            None => dialogue.handle_start(Instant::now()),
            Some(full) => dialogue.handle_full(full, Instant::now()),
        }
        dialogue
    }

    /// When something is due if nothing happens before.
    fn next(&self, dialogue: &Dialogue) -> Instant {
        let timers = [dialogue.poll_timeout().map(|(at, _)| at), self.timer.as_ref().map(Timer::next), self.referred];
        let idle = Instant::now() + Duration::from_secs(3_600);
        timers.into_iter().flatten().min().unwrap_or(idle)
    }

    /// Does what the dialogue wants. The cause where that is an end.
    fn follow(&mut self, dialogue: &mut Dialogue, record: &mut Record) -> Option<CallCause> {
        while let Some(output) = dialogue.poll_output() {
            let done = match output {
                Output::Play(play) => {
                    self.mark += 1;
                    let sounds = self.hub.ports.sounds.sounds(&play, self.agreed.law);
                    self.hub.clock.play(record.id, self.mark, sounds)
                }
                Output::Stop => {
                    self.mark += 1;
                    self.hub.clock.stop(record.id)
                }
                Output::Ask(inquiry) => {
                    record.asked += 1;
                    // An answer to an earlier question that comes after all is no answer to this one.
                    self.reply = Some(ask::ask(&self.hub.ports.verify, &self.hub.tasks, *inquiry));
                    Ok(())
                }
                Output::Transfer(to) => {
                    self.refer(to);
                    Ok(())
                }
                Output::HangUp(ending) => return Some(ended(ending)),
            };
            if let Err(error) = done {
                tracing::error!(%error, "a call was lost");
                return Some(CallCause::Failed);
            }
        }
        None
    }

    fn refer(&mut self, to: String) {
        self.referred = Some(Instant::now() + REFERRED);
        let (dialog, back) = (self.dialog.clone(), self.back.0.clone());
        drop(self.hub.tasks.spawn(async move {
            let answer = dialog.refer(format!("<{to}>").as_str(), None, None).await;
            let taken =
                matches!(answer, Ok(Some(response)) if response.status_code.kind() == StatusCodeKind::Successful);
            drop(back.send(Back::Referred(taken)).await);
        }));
    }

    fn back(&mut self, back: Back, dialogue: &mut Dialogue) -> Option<CallCause> {
        let now = Instant::now();
        match back {
            Back::Refreshed(true) => self.timer = self.timer.map(|timer| Timer::start(timer.interval(), now)),
            // Nobody is there: the timer ends the call.
            Back::Refreshed(false) | Back::Referred(true) => {}
            Back::Referred(false) => self.not_referred(dialogue),
        }
        None
    }

    fn not_referred(&mut self, dialogue: &mut Dialogue) {
        if self.referred.take().is_some() {
            dialogue.handle_transfer_failed(Instant::now());
        }
    }

    fn due(&mut self, dialogue: &mut Dialogue) -> Option<CallCause> {
        let now = Instant::now();
        if dialogue.poll_timeout().is_some_and(|(at, _)| at <= now) {
            dialogue.handle_timeout(now);
        }
        if self.referred.is_some_and(|until| until <= now) {
            self.not_referred(dialogue);
        }
        match self.timer.as_mut().and_then(|timer| timer.due(now)) {
            Some(Due::Expired) => return Some(CallCause::Expired),
            Some(Due::Refresh) => self.refresh(),
            None => {}
        }
        None
    }

    /// Refreshes the session: by UPDATE where the peer takes it, else by an INVITE with the description as it is.
    fn refresh(&self) {
        let Some(interval) = self.timer.as_ref().map(Timer::interval) else { return };
        // In a request of ours it is we who are the client.
        let value = format!("{};refresher=uac", interval.seconds);
        let mut headers = vec![Header::SessionExpires(value.into()), Header::Supported("timer".into())];
        let body = (!self.by_update).then(|| {
            headers.push(Header::ContentType(SDP.into()));
            sdp::offer(&self.offering(), self.agreed.law).into_bytes()
        });
        let (dialog, back) = (self.dialog.clone(), self.back.0.clone());
        drop(self.hub.tasks.spawn(async move {
            let answer = match body {
                None => dialog.update(Some(headers), None).await,
                Some(body) => dialog.reinvite_with_glare_retry(Some(headers), Some(body), 3).await,
            };
            let good =
                matches!(answer, Ok(Some(response)) if response.status_code.kind() == StatusCodeKind::Successful);
            drop(back.send(Back::Refreshed(good)).await);
        }));
    }

    /// Our side as we offer it within the call: what is encrypted stays so.
    fn offering(&self) -> Ours {
        let policy = if self.agreed.secure.is_some() { Policy::Required } else { self.ours.policy };
        Ours { policy, ..self.ours.clone() }
    }

    fn hear(&mut self, heard: Heard, dialogue: &mut Dialogue, record: &mut Record) -> Option<CallCause> {
        match heard {
            Heard::Key(key, way) => self.press(key, way, dialogue, record),
            Heard::Played(mark) if mark == self.mark => dialogue.handle_played(Instant::now()),
            Heard::Played(_) => {}
            Heard::Quiet => return Some(CallCause::Silent),
        }
        None
    }

    fn press(&mut self, key: Key, way: Way, dialogue: &mut Dialogue, record: &mut Record) {
        let now = Instant::now();
        let Some(key) = self.keypad.press(key, way, now) else { return };
        record.way = self.keypad.way();
        record.keys += 1;
        let key = match key {
            Key::Digit(digit) => dialogue::Key::Digit(digit),
            Key::Star => dialogue::Key::Star,
            Key::Pound => dialogue::Key::Hash,
            Key::Letter(_) => return,
        };
        dialogue.handle_key(key, now);
    }

    /// The other end asks for something, or the stack says where the dialog stands.
    async fn state(&mut self, state: DialogState, dialogue: &mut Dialogue, record: &mut Record) -> Option<CallCause> {
        match state {
            DialogState::Updated(_, request, handle) => self.renegotiate(&request, &handle, record).await,
            DialogState::Info(_, request, handle) => self.info(&request, &handle, dialogue, record).await,
            DialogState::Options(_, _, handle) => say(&handle, StatusCode::OK, Vec::new(), None).await,
            DialogState::Notify(_, request, handle) => {
                say(&handle, StatusCode::OK, Vec::new(), None).await;
                return self.notified(&request, dialogue);
            }
            DialogState::Refer(_, _, handle) => say(&handle, StatusCode::Decline, Vec::new(), None).await,
            DialogState::Message(_, _, handle) | DialogState::Publish(_, _, handle) => {
                say(&handle, StatusCode::MethodNotAllowed, Vec::new(), None).await;
            }
            // The stack says so after every request; what is awaited is one acknowledgement.
            DialogState::Confirmed(..) if self.offered.is_some() => return self.answered(record),
            DialogState::Terminated(_, reason) => return Some(cause(&reason)),
            DialogState::Calling(_)
            | DialogState::Trying(_)
            | DialogState::Early(..)
            | DialogState::WaitAck(..)
            | DialogState::Confirmed(..) => {}
        }
        None
    }

    /// A re-INVITE or an UPDATE: a new offer, a request for one, or a refresh.
    async fn renegotiate(&mut self, request: &Request, handle: &TransactionHandle, record: &mut Record) {
        let supported = lists(request, "Supported", "timer") || lists(request, "Require", "timer");
        let Ok(interval) = timers::agree(value(request, "Session-Expires"), supported) else {
            let least = vec![Header::MinSE(timers::LEAST.to_string().into())];
            return say(handle, StatusCode::SessionIntervalTooSmall, least, None).await;
        };
        let version = self.ours.version + 1;
        let ours = Ours { version, ..self.ours.clone() };
        let body = if !request.body.is_empty() {
            let answer = sdp::read(&request.body).ok().and_then(|offer| sdp::answer(&offer, &ours).ok());
            let Some((agreed, body)) = answer else {
                return say(handle, StatusCode::NotAcceptableHere, Vec::new(), None).await;
            };
            self.agree(agreed, record);
            Some(body)
        } else if request.method == Method::Invite {
            self.offered = request.cseq_header().ok().and_then(|cseq| cseq.seq().ok());
            Some(sdp::offer(&Ours { policy: self.offering().policy, ..ours.clone() }, self.agreed.law))
        } else {
            None
        };
        let mut headers = timer_headers(interval);
        if body.is_some() {
            self.ours = ours;
            headers.push(Header::ContentType(SDP.into()));
        }
        self.timer = interval
            .or_else(|| self.timer.as_ref().map(Timer::interval))
            .map(|interval| Timer::start(interval, Instant::now()));
        say(handle, StatusCode::OK, headers, body).await;
    }

    /// The answer to our offer comes with the acknowledgement.
    fn answered(&mut self, record: &mut Record) -> Option<CallCause> {
        let ack = self.dialog.last_remote_ack()?;
        let sequence = ack.cseq_header().ok().and_then(|cseq| cseq.seq().ok());
        self.offered.take_if(|offered| Some(*offered) == sequence)?;
        let answer = sdp::read(&ack.body).ok();
        match answer.and_then(|answer| sdp::accept(&answer, &self.offering()).ok()) {
            Some(agreed) => {
                self.agree(agreed, record);
                None
            }
            None => Some(CallCause::Unfit),
        }
    }

    fn agree(&mut self, agreed: Agreed, record: &mut Record) {
        self.agreed = agreed.clone();
        (record.law, record.secure) = (Some(agreed.law), agreed.secure.is_some());
        if self.hub.clock.agree(record.id, agreed).is_err() {
            tracing::error!("the sound of a call does not follow its agreement");
        }
    }

    async fn info(
        &mut self,
        request: &Request,
        handle: &TransactionHandle,
        dialogue: &mut Dialogue,
        record: &mut Record,
    ) {
        match info::read(value(request, "Content-Type").unwrap_or_default(), &request.body) {
            Content::Key(key) => {
                say(handle, StatusCode::OK, Vec::new(), None).await;
                if self.hub.clock.ignore_tones(record.id).is_ok() {
                    self.press(key, Way::Info, dialogue, record);
                }
            }
            Content::Other => say(handle, StatusCode::OK, Vec::new(), None).await,
            Content::Unknown => {
                let accept = Header::Accept("application/dtmf-relay, application/dtmf, audio/telephone-event".into());
                say(handle, StatusCode::UnsupportedMediaType, vec![accept], None).await;
            }
        }
    }

    /// How far the caller has come on the way to whom it was referred to (RFC 3515).
    fn notified(&mut self, request: &Request, dialogue: &mut Dialogue) -> Option<CallCause> {
        self.referred?;
        let text = String::from_utf8_lossy(&request.body);
        let status =
            text.strip_prefix("SIP/2.0 ").and_then(|rest| rest.get(..3)).and_then(|code| code.parse::<u16>().ok());
        match status {
            Some(200..=299) => return Some(CallCause::Transferred),
            Some(300..) => self.not_referred(dialogue),
            Some(_) | None => {}
        }
        None
    }
}

/// The core's answer; for ever where none is awaited.
async fn replied(reply: &mut Option<oneshot::Receiver<Result<Reply, Refusal>>>) -> Result<Reply, Refusal> {
    match reply {
        Some(reply) => reply.await.unwrap_or(Err(Refusal::Internal)),
        None => std::future::pending().await,
    }
}

async fn say(handle: &TransactionHandle, status: StatusCode, headers: Vec<Header>, body: Option<String>) {
    if handle.respond(status, Some(headers), body.map(String::into_bytes)).await.is_err() {
        tracing::debug!("an answer within a call was not sent");
    }
}

const fn ended(ending: Ending) -> CallCause {
    match ending {
        Ending::Answered | Ending::Silent | Ending::NoNumber | Ending::Numbers | Ending::TooLong => CallCause::Done,
        Ending::GoingDown => CallCause::GoingDown,
        Ending::Full => CallCause::Full,
        Ending::HungUp => CallCause::HungUp,
        Ending::Transferred => CallCause::Transferred,
    }
}
