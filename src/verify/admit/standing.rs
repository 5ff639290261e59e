//! What is remembered of one asker.
//!
//! Owns its form: 56 octets for nearly everyone, and what few need behind one pointer. Decides nothing.

use std::mem;
use std::time::Duration;

use contract::{Channel, Timestamp};

use super::AskerKind;
use super::guessing::{Numbers, Outcome, seconds};
use super::limits::Guard;
use super::quota::{Bucket, Quota};

/// What is remembered of one asker. Everything that few askers need is behind one pointer.
#[derive(Debug, Default)]
pub(super) struct Standing {
    pub(super) checks: Bucket,
    /// Places of known numbers asked about since `known_since`, the latest last; 0 is none.
    known: [u32; 3],
    known_since: u32,
    /// When it first was given a known number's answer, in seconds; 0 is never.
    pub(super) proven_at: u32,
    pub(super) rest: Option<Box<Rest>>,
}

/// What is remembered of an asker that met an unknown number, was refused, asked for help, or has quotas by channel.
#[derive(Debug, Default)]
pub(super) struct Rest {
    pub(super) help: Bucket,
    channels: Option<Box<[Bucket; Channel::ALL.len()]>>,
    /// Refusals are not logged again before this.
    pub(super) quiet_until: Option<Timestamp>,
    /// Found guessing: limited until then. Of a terminal: told of, and dear until then.
    pub(super) cooling: Option<Timestamp>,
    pub(super) numbers: Numbers,
}

impl Standing {
    pub(super) fn rest(&mut self) -> &mut Rest {
        self.rest.get_or_insert_default()
    }

    pub(super) fn channel(&mut self, channel: Channel) -> &mut Bucket {
        let [sms, voice, web, kiosk, api] = &mut **self.rest().channels.get_or_insert_default();
        match channel {
            Channel::Sms => sms,
            Channel::Voice => voice,
            Channel::Web => web,
            Channel::Kiosk => kiosk,
            Channel::Api => api,
        }
    }

    /// Until when it is limited for guessing.
    pub(super) fn guessing_until(&self, kind: AskerKind) -> Option<Timestamp> {
        match kind {
            AskerKind::Terminal => None,
            AskerKind::Person | AskerKind::Address | AskerKind::Registered => self.rest.as_ref()?.cooling,
        }
    }

    /// Takes so many off both quotas, or nothing.
    pub(super) fn take(
        &mut self,
        (own, by_channel): (&Quota, Option<&Quota>),
        channel: Channel,
        checks: u32,
        now: Timestamp,
    ) -> Result<(), Duration> {
        let Some(by_channel) = by_channel else { return self.checks.take(own, checks, now) };
        let wait = self.checks.wait(own, checks, now).max(self.channel(channel).wait(by_channel, checks, now));
        if !wait.is_zero() {
            return Err(wait);
        }
        self.checks.charge(own, checks, now);
        self.channel(channel).charge(by_channel, checks, now);
        Ok(())
    }

    /// Takes a number in; whether it is another one than those lately asked about. Of known ones three places are kept
    /// until an unknown one comes, then all are.
    pub(super) fn put(&mut self, outcome: &Outcome, guard: &Guard, now: Timestamp) -> bool {
        let at = seconds(now);
        let is_known = !outcome.sight.is_miss();
        if is_known && self.proven_at == 0 {
            self.proven_at = at.max(1);
        }
        if let Some(rest) = self.rest.as_deref_mut().filter(|rest| rest.numbers.len() > 0) {
            return rest.numbers.put(outcome, guard, at);
        }
        let is_over = u64::from(at.saturating_sub(self.known_since)) >= guard.window().as_secs();
        if is_over {
            self.known = [0; 3];
        }
        if is_known {
            if self.known.contains(&outcome.place) {
                return false;
            }
            if self.known == [0; 3] {
                self.known_since = at;
            }
            self.known.rotate_left(1);
            let [.., last] = &mut self.known;
            *last = outcome.place;
            return true;
        }
        let (known, since) = (mem::take(&mut self.known), self.known_since);
        let numbers = &mut self.rest().numbers;
        for place in known.into_iter().filter(|place| *place != 0) {
            numbers.put_known(place, since);
        }
        numbers.put(outcome, guard, at)
    }
}
