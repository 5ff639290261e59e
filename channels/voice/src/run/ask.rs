//! The one place where a call hands an inquiry to the core, whichever way the call came.
//!
//! In a task of its own that outlives the request and the call: what was decided is recorded although the caller hung up.
#![expect(clippy::disallowed_methods, reason = "the shell reads the clock")]

use std::sync::Arc;
use std::time::{Instant, SystemTime};

use contract::signal::{InquiryAnswered, InquiryReceived, RefusalSent, Signal as _, VerdictGiven};
use contract::{Channel, Inquiry, Refusal, Reply, Timestamp, Verify};
use net::Drain;
use tokio::sync::oneshot;
use tracing::Instrument as _;

/// Now, by the wall clock.
pub(super) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// Asks, with the inquiry's span and signals.
pub(super) fn ask(
    verify: &Arc<dyn Verify>,
    tasks: &Drain,
    inquiry: Inquiry,
) -> oneshot::Receiver<Result<Reply, Refusal>> {
    let (answer, wait) = oneshot::channel();
    let verify = Arc::clone(verify);
    let span = tracing::info_span!("inquiry", channel = Channel::Voice.name(), link = inquiry.id.scope);
    let asking = async move {
        let channel = Channel::Voice;
        InquiryReceived { channel }.emit();
        let begun = Instant::now();
        let result = verify.verify(inquiry).await;
        match &result {
            Ok(reply) => {
                for one in &reply.answers {
                    VerdictGiven { channel, verdict: one.verdict.kind(), colour: one.colour }.emit();
                }
                InquiryAnswered { channel, took: begun.elapsed(), replayed: reply.replayed }.emit();
            }
            Err(refusal) => RefusalSent { channel, refusal }.emit(),
        }
        // Nobody waits any more where the caller hung up.
        drop(answer.send(result));
    };
    drop(tasks.spawn(asking.instrument(span)));
    wait
}
