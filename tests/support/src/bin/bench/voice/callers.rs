//! Callers as lean as can be, thousands of them in one thread: sipp takes more of the machine than the gateway does.
//!
//! Owns every caller's dialog and sound. Each sends a packet every 20 ms, as telephones do and sipp does not; all share one
//! socket for messages and four for sound, told apart by the port that the gateway gave each call. A message that is not
//! answered is sent again after half a second, and a call that is not there after 32 s has failed.

use std::collections::{HashMap, VecDeque};
use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use socket2::SockRef;

use super::message::{Ends, Said, fine, media_port, read};
use super::sound::Sound;

/// Between two packets of one caller.
const EVERY: Duration = Duration::from_millis(20);
/// Callers send at one of so many beats of these 20 ms.
const BEATS: usize = 4;
/// What was not answered is sent again after so long,
const AGAIN: Duration = Duration::from_millis(500);
/// and so often at most.
const TRIES: u32 = 64;
/// Between two looks at the sockets.
const NAP: Duration = Duration::from_millis(1);
/// Who has heard the verdict for so long hangs up at the end of a run.
const HEARD_ENOUGH: Duration = Duration::from_secs(2);
/// Where there are not as many calls as wanted after so long, there never will be.
const FULL_WITHIN: Duration = Duration::from_secs(120);
/// For calls to end after a run.
const ENDING: Duration = Duration::from_secs(60);
/// Octets that the system holds for each socket.
const BUFFER: usize = 4 << 20;

/// What is to be done.
#[derive(Debug, Clone, Copy)]
pub(super) struct Plan {
    /// Calls at once, at most.
    pub(super) at_once: usize,
    /// New calls a second.
    pub(super) per_second: u32,
    /// For how long, from when they are so many, or from the first one where they need not be.
    pub(super) hold: Duration,
    /// Whether numbers are keyed; else a call is hung up as soon as it is there.
    pub(super) keyed: bool,
}

/// What came of it.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    pub(super) calls: u64,
    pub(super) answered: u64,
    /// Callers who heard something after their last key.
    pub(super) told: u64,
    pub(super) failed: u64,
    /// Messages sent again.
    pub(super) again: u64,
    pub(super) most: usize,
    pub(super) waits: Vec<Duration>,
}

#[derive(Debug)]
enum State {
    Inviting,
    Talking { sound: Box<Sound>, answer: Box<str>, heard_at: Option<Instant> },
    Leaving { bye: Box<str> },
    Over,
}

/// Everybody who calls.
pub(super) struct Callers {
    ends: Ends,
    messages: UdpSocket,
    media: Vec<UdpSocket>,
    calls: Vec<State>,
    by_port: HashMap<u16, usize>,
    talking: [Vec<usize>; BEATS],
    waiting: VecDeque<(Instant, usize, u32)>,
    active: usize,
    /// What they key, one after the other.
    numbers: std::vec::IntoIter<String>,
    outcome: Outcome,
    buffer: Vec<u8>,
}

fn socket() -> anyhow::Result<UdpSocket> {
    let socket = UdpSocket::bind("127.0.0.1:0")?;
    socket.set_nonblocking(true)?;
    // The system gives what it may.
    SockRef::from(&socket).set_recv_buffer_size(BUFFER)?;
    Ok(socket)
}

impl Callers {
    pub(super) fn new(gateway: SocketAddr, run: u32, numbers: Vec<String>) -> anyhow::Result<Self> {
        let messages = socket()?;
        let local = messages.local_addr()?;
        let media = (0..BEATS).map(|_| socket()).collect::<anyhow::Result<Vec<_>>>()?;
        Ok(Self {
            ends: Ends { gateway, local, run },
            messages,
            media,
            calls: Vec::new(),
            by_port: HashMap::new(),
            talking: std::array::from_fn(|_| Vec::new()),
            waiting: VecDeque::new(),
            active: 0,
            numbers: numbers.into_iter(),
            outcome: Outcome::default(),
            buffer: vec![0; 4_096],
        })
    }

    /// Calls by the plan. `look` is called often, with whether there are as many calls as wanted.
    pub(super) fn run(mut self, plan: Plan, look: &mut dyn FnMut(bool)) -> anyhow::Result<Outcome> {
        let (began, mut full_at) = (Instant::now(), None);
        let (mut beat, mut next) = (0, began);
        loop {
            let now = Instant::now();
            let in_vain = now.saturating_duration_since(began) > FULL_WITHIN;
            if full_at.is_none() && (self.active >= plan.at_once || in_vain || !plan.keyed) {
                full_at = Some(now);
            }
            let held = full_at.is_some_and(|at| now.saturating_duration_since(at) >= plan.hold);
            if held {
                self.hang_up(now)?;
                if self.active == 0 || full_at.is_some_and(|at| now > at + plan.hold + ENDING) {
                    break;
                }
            } else {
                self.call(plan, began, now)?;
            }
            self.read_messages(plan.keyed, now)?;
            while next <= now {
                self.tick(beat % BEATS, now);
                self.listen();
                (beat, next) = (beat + 1, next + EVERY / 4);
            }
            self.listen();
            self.send_again(now)?;
            look(full_at.is_some() && !held && (!plan.keyed || self.active * 50 >= plan.at_once * 49));
            std::thread::sleep(NAP);
        }
        self.outcome.failed += u64::try_from(self.active)?;
        Ok(self.outcome)
    }

    /// New calls, as many as are due and there is room for.
    fn call(&mut self, plan: Plan, began: Instant, now: Instant) -> anyhow::Result<()> {
        let due = now.saturating_duration_since(began).as_millis() * u128::from(plan.per_second) / 1_000;
        // What could not be begun for want of room is not made up for in a burst.
        let burst = usize::try_from(plan.per_second / 50 + 1)?;
        let mut begun = 0;
        while u128::from(self.outcome.calls) < due && self.active < plan.at_once && begun < burst {
            let call = self.calls.len();
            self.calls.push(State::Inviting);
            self.active += 1;
            self.outcome.calls += 1;
            self.outcome.most = self.outcome.most.max(self.active);
            self.invite(call)?;
            self.waiting.push_back((now + AGAIN, call, 0));
            begun += 1;
        }
        Ok(())
    }

    fn invite(&self, call: usize) -> anyhow::Result<()> {
        let port = self.media.get(call % BEATS).context("no socket")?.local_addr()?.port();
        self.send(&self.ends.invite(call, port));
        Ok(())
    }

    fn send(&self, message: &str) {
        // A lost datagram is sent again.
        drop(self.messages.send_to(message.as_bytes(), self.ends.gateway));
    }

    fn send_again(&mut self, now: Instant) -> anyhow::Result<()> {
        while let Some(&(due, call, tries)) = self.waiting.front()
            && due <= now
        {
            self.waiting.pop_front();
            match self.calls.get(call) {
                Some(State::Inviting | State::Leaving { .. }) if tries >= TRIES => {
                    self.over(call);
                    self.outcome.failed += 1;
                    continue;
                }
                Some(State::Inviting) => self.invite(call)?,
                Some(State::Leaving { bye }) => self.send(bye),
                Some(State::Talking { .. } | State::Over) | None => continue,
            }
            self.outcome.again += 1;
            self.waiting.push_back((now + AGAIN, call, tries + 1));
        }
        Ok(())
    }

    fn read_messages(&mut self, keyed: bool, now: Instant) -> anyhow::Result<()> {
        let mut buffer = std::mem::take(&mut self.buffer);
        while let Ok((length, _)) = self.messages.recv_from(&mut buffer) {
            let Ok(text) = std::str::from_utf8(buffer.get(..length).unwrap_or_default()) else { continue };
            match read(text, self.ends.run) {
                Some(Said::Answer { status, method: "INVITE", call }) if status >= 200 => {
                    self.answered((call, status), text, keyed, now)?;
                }
                Some(Said::Answer { method: "BYE", call, .. }) => self.over(call),
                Some(Said::Request { method: "BYE", call }) => {
                    if let Some(answer) = fine(text) {
                        self.send(&answer);
                    }
                    self.over(call);
                }
                Some(Said::Request { method: "OPTIONS" | "INVITE" | "UPDATE", .. }) => {
                    if let Some(answer) = fine(text) {
                        self.send(&answer);
                    }
                }
                Some(Said::Answer { .. } | Said::Request { .. }) | None => {}
            }
        }
        self.buffer = buffer;
        Ok(())
    }

    fn answered(
        &mut self,
        (call, status): (usize, u16),
        answer: &str,
        keyed: bool,
        now: Instant,
    ) -> anyhow::Result<()> {
        let good = status < 300;
        if let Some(ack) = self.ends.ack(call, answer, good) {
            self.send(&ack);
        }
        if !matches!(self.calls.get(call), Some(State::Inviting)) {
            return Ok(());
        }
        if !good {
            self.over(call);
            self.outcome.failed += 1;
            return Ok(());
        }
        self.outcome.answered += 1;
        if !keyed {
            return self.leave(call, answer, now);
        }
        let port = media_port(answer).context("an answer without a port")?;
        let to = SocketAddr::new(self.ends.gateway.ip(), port);
        let number = self.numbers.next().context("there are not enough numbers")?;
        let sound = Box::new(Sound::new(to, number.into(), u32::try_from(call)?));
        if let Some(state) = self.calls.get_mut(call) {
            *state = State::Talking { sound, answer: answer.into(), heard_at: None };
        }
        self.by_port.insert(port, call);
        if let Some(of) = self.talking.get_mut(call % BEATS) {
            of.push(call);
        }
        Ok(())
    }

    fn leave(&mut self, call: usize, answer: &str, now: Instant) -> anyhow::Result<()> {
        let bye = self.ends.bye(call, answer).context("an answer without a tag")?;
        self.send(&bye);
        if let Some(state) = self.calls.get_mut(call) {
            *state = State::Leaving { bye: bye.into() };
        }
        self.waiting.push_back((now + AGAIN, call, 0));
        Ok(())
    }

    /// Those who have heard the verdict hang up.
    fn hang_up(&mut self, now: Instant) -> anyhow::Result<()> {
        let enough = |at: Instant| now.saturating_duration_since(at) >= HEARD_ENOUGH;
        let mut leaving = Vec::new();
        for &call in self.talking.iter().flatten() {
            if let Some(State::Talking { heard_at: Some(at), answer, .. }) = self.calls.get(call)
                && enough(*at)
            {
                leaving.push((call, answer.clone()));
            }
        }
        for (call, answer) in leaving {
            self.leave(call, &answer, now)?;
        }
        Ok(())
    }

    fn over(&mut self, call: usize) {
        if let Some(state) = self.calls.get_mut(call)
            && !matches!(state, State::Over)
        {
            *state = State::Over;
            self.active -= 1;
        }
    }

    fn tick(&mut self, beat: usize, now: Instant) {
        let Self { calls, talking, media, .. } = self;
        let (Some(socket), Some(of)) = (media.get(beat), talking.get_mut(beat)) else { return };
        of.retain(|call| match calls.get_mut(*call) {
            Some(State::Talking { sound, .. }) => {
                // A packet that is lost here is lost as on any network.
                sound.tick(now, &mut |packet, to| drop(socket.send_to(packet, to)));
                true
            }
            Some(State::Inviting | State::Leaving { .. } | State::Over) | None => false,
        });
    }

    fn listen(&mut self) {
        let Self { calls, media, by_port, outcome, buffer, .. } = self;
        let now = Instant::now();
        for socket in media {
            while let Ok((length, from)) = socket.recv_from(buffer) {
                let state = by_port.get(&from.port()).and_then(|call| calls.get_mut(*call));
                if let Some(State::Talking { sound, heard_at, .. }) = state
                    && heard_at.is_none()
                    && sound.hear(buffer.get(..length).unwrap_or_default(), now)
                {
                    *heard_at = Some(now);
                    outcome.told += 1;
                    outcome.waits.extend(sound.wait);
                }
            }
        }
    }
}
