//! What the stack remembers of requests that have been answered, so that one sent again is not taken for another.
//!
//! The stack keeps every answer whole for 32 seconds (RFC 3261 §17.2, RFC 6026 §7.1): at thousands of calls a second that
//! is half a gigabyte. Here an answer is cut down to what somebody who did not get it needs, and beyond [`MOST`] of them the
//! oldest are forgotten before their time. What is sent again after that, ten seconds late at three thousand calls a
//! second, is answered as a request of no call.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use rsipstack::sip::{Header, Headers, Response, SipMessage, StatusCode, StatusCodeKind};
use rsipstack::transaction::endpoint::EndpointInner;
use rsipstack::transaction::key::TransactionKey;

/// Answers that are remembered at once.
const MOST: usize = 50_000;
/// Places for answers that are not given back.
const LEAST: usize = 1_024;

/// The answers in the order in which they were given. Those that the stack has forgotten by itself leave it with the next
/// answer that is given.
#[derive(Debug, Default)]
pub(super) struct Remembered(Mutex<VecDeque<TransactionKey>>);

impl Remembered {
    /// An answer was given for good, and its transaction is over. `opened` where it was an INVITE that became a call.
    pub(super) fn note(&self, endpoint: &EndpointInner, key: TransactionKey, opened: bool) {
        let known = endpoint.finished_transactions.with_mut(|finished| match finished.get_mut(&key) {
            Some(Some(SipMessage::Response(response))) => {
                cut_down(response, opened);
                true
            }
            Some(Some(SipMessage::Request(_)) | None) | None => false,
        });
        if !known {
            return;
        }
        let mut order = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        order.push_back(key);
        while let Some(oldest) = order.front()
            && (order.len() > MOST || !endpoint.finished_transactions.contains_key(oldest))
        {
            endpoint.finished_transactions.remove(oldest);
            order.pop_front();
        }
        // What a flood took is given back.
        if order.capacity() > order.len().saturating_mul(4).max(LEAST) {
            let wanted = order.len().saturating_mul(2);
            order.shrink_to(wanted);
        }
    }
}

/// Leaves what makes an answer one. An INVITE that comes again after it was acknowledged is a stray: it is only told that
/// it is known.
fn cut_down(response: &mut Response, opened: bool) {
    if opened && response.status_code.kind() == StatusCodeKind::Successful {
        response.status_code = StatusCode::Trying;
    }
    response.body = Vec::new();
    let needed = |header: &Header| {
        matches!(header, Header::Via(_) | Header::From(_) | Header::To(_) | Header::CallId(_) | Header::CSeq(_))
    };
    let mut headers: Vec<Header> = std::mem::take(&mut response.headers).into();
    headers.retain(needed);
    headers.push(Header::ContentLength("0".into()));
    headers.shrink_to_fit();
    response.headers = Headers::from(headers);
}

#[cfg(test)]
mod tests {
    use rsipstack::EndpointBuilder;
    use rsipstack::transaction::key::TransactionRole;

    use super::*;

    /// The key of a request, and the answer to it.
    fn answered(nth: usize) -> (TransactionKey, SipMessage) {
        let text = format!(
            "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK{nth}\r\nFrom: <sip:a@b>;tag=1\r\n\
             To: <sip:c@d>;tag=2\r\nCall-ID: x\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
        );
        let Ok(SipMessage::Response(response)) = SipMessage::try_from(text.as_str()) else { panic!("no response") };
        let key = TransactionKey::from_response(&response, TransactionRole::Server).expect("a key");
        (key, SipMessage::Response(response))
    }

    #[test]
    fn what_the_stack_has_forgotten_is_forgotten_and_its_room_given_back() {
        let (endpoint, remembered) = (EndpointBuilder::new().build(), Remembered::default());
        let give = |nth| {
            let (key, answer) = answered(nth);
            endpoint.inner.finished_transactions.insert(key.clone(), Some(answer));
            remembered.note(&endpoint.inner, key, false);
        };
        (0..10_000).for_each(give);
        assert_eq!(remembered.0.lock().expect("sound").len(), 10_000);
        (0..10_000).for_each(|nth| drop(endpoint.inner.finished_transactions.remove(&answered(nth).0)));
        give(10_000);
        let order = remembered.0.lock().expect("sound");
        assert!(order.len() == 1 && order.capacity() <= LEAST, "{} of {}", order.len(), order.capacity());
    }

    #[test]
    fn an_answer_is_cut_down_to_what_makes_it_one() {
        let text = "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\n\
                    To: <sip:c@d>;tag=2\r\nCall-ID: x\r\nCSeq: 1 INVITE\r\nContact: <sip:e@f>\r\nAllow: INVITE\r\n\
                    Content-Type: application/sdp\r\nContent-Length: 5\r\n\r\nv=0\r\n";
        let Ok(SipMessage::Response(mut response)) = SipMessage::try_from(text) else { panic!("no response") };
        cut_down(&mut response, true);
        let left = SipMessage::Response(response).to_string();
        assert!(
            left.starts_with("SIP/2.0 100 Trying\r\nVia: ") && left.ends_with("Content-Length: 0\r\n\r\n"),
            "{left}"
        );
        assert_eq!((left.matches("\r\n").count(), left.contains("Contact")), (8, false), "{left}");
    }
}
