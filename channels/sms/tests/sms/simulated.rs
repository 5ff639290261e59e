//! The running channel in a network that misbehaves at any moment, in simulated time: hundreds of breaks in a second.
//!
//! The carrier is a session of ours that delivers texts until they are acknowledged, and answers replies. What is lost is
//! lost for good: the network does not send again, so that a connection that lost something is one that must be given up.

use std::collections::{BTreeMap, HashMap};
use std::sync::Mutex;

use contract::Delivery;
use proptest::prelude::*;
use turmoil::net::TcpListener;

use super::*;

/// Texts of a simulation, and how long after each other they are sent.
const TEXTS: u64 = 40;
const BETWEEN: Duration = Duration::from_millis(250);
/// Notices silence within some seconds.
const QUICK: &str = "limits = { bind_s = 3, enquire_s = 2, response_s = 3, answer_s = 3 }";
/// After so long of a simulation all is told, or never will be.
const ALL: Duration = Duration::from_secs(600);

/// What a carrier knows beyond any connection.
#[derive(Default)]
struct Carried {
    /// Texts that are to be delivered.
    waiting: Vec<String>,
    /// Replies that arrived, by handset.
    replies: HashMap<String, u32>,
    binds: u32,
}

type Known = Arc<Mutex<Carried>>;

/// A message centre that anybody may bind to.
async fn carrier(carried: Known) -> turmoil::Result {
    let listener = TcpListener::bind("0.0.0.0:2775").await?;
    loop {
        let (stream, _) = listener.accept().await?;
        tokio::spawn(serve(stream, Arc::clone(&carried)));
    }
}

async fn serve(stream: turmoil::net::TcpStream, carried: Known) {
    let second = Duration::from_secs(1);
    let limits = Limits { bind: 3 * second, enquire: 2 * second, response: 3 * second, ..Limits::default() };
    let mut peer = Peer::over(Session::accepting(limits, now()), stream);
    let (mut under_way, mut is_bound) = (BTreeMap::new(), false);
    loop {
        peer.session.handle_timeout(now());
        while let Some(event) = peer.session.poll_event() {
            match event {
                Event::BindAsked { .. } => peer.session.admit("smsc", 0x34),
                Event::Bound { .. } => {
                    is_bound = true;
                    carried.lock().unwrap().binds += 1;
                }
                Event::Message { ticket, message } => {
                    *carried.lock().unwrap().replies.entry(message.to.text.clone()).or_default() += 1;
                    peer.session.answer(ticket, Status::OK, &message.to.text);
                }
                Event::Settled { key, outcome } => {
                    let from: String = under_way.remove(&key).unwrap();
                    if matches!(outcome, Outcome::Taken { .. }) {
                        carried.lock().unwrap().waiting.retain(|waiting| *waiting != from);
                    }
                }
                Event::Over(_) => return,
                other => panic!("{other:?}"),
            }
        }
        if is_bound {
            let waiting = carried.lock().unwrap().waiting.clone();
            for from in waiting {
                if under_way.len() < 10 && !under_way.values().any(|sent| *sent == from) {
                    under_way.insert(peer.send(Carrier::Deliver, &from, NUMBER), from);
                }
            }
        }
        peer.flush().await;
        match frame::split(&mut peer.received).unwrap() {
            Some(frame) => peer.session.handle_frame(&frame, now()),
            None => {
                let read = tokio::time::timeout(second / 10, peer.stream.read_buf(&mut peer.received)).await;
                if matches!(read, Ok(Ok(0) | Err(_))) {
                    peer.session.handle_broken();
                }
            }
        }
    }
}

/// How a network breaks.
#[derive(Debug, Clone, Copy)]
enum Break {
    /// Nothing passes.
    Both,
    /// Nothing passes from the channel to the carrier, or the other way: each connection is open for one end alone.
    Out,
    In,
    /// Everything is late, and nothing is lost.
    Late,
}

impl Break {
    fn begin(self) {
        match self {
            Self::Both => turmoil::partition("verigate", "carrier"),
            Self::Out => turmoil::partition_oneway("verigate", "carrier"),
            Self::In => turmoil::partition_oneway("carrier", "verigate"),
            Self::Late => turmoil::hold("verigate", "carrier"),
        }
    }

    fn end(self) {
        match self {
            Self::Both => turmoil::repair("verigate", "carrier"),
            Self::Out => turmoil::repair_oneway("verigate", "carrier"),
            Self::In => turmoil::repair_oneway("carrier", "verigate"),
            Self::Late => turmoil::release("verigate", "carrier"),
        }
    }
}

/// What came of a simulation.
struct Seen {
    core: Arc<ScriptedCore>,
    replies: HashMap<String, u32>,
    binds: u32,
    resent: u64,
}

/// A break, after a time and for a time, in milliseconds.
type Broken = (Break, u64, u64);

fn broken() -> impl Strategy<Value = Broken> {
    let how = prop::sample::select(vec![Break::Both, Break::Out, Break::In, Break::Late]);
    (how, 0..8_000_u64, 0..12_000_u64)
}

/// Texts while the network breaks so.
fn simulate(seed: u64, breaks: Vec<Broken>) -> Seen {
    let mut sim = turmoil::Builder::new()
        .rng_seed(seed)
        .simulation_duration(2 * ALL)
        .tick_duration(Duration::from_millis(5))
        .min_message_latency(Duration::from_millis(1))
        .max_message_latency(Duration::from_millis(60))
        .build();
    let (core, carried, resent) = (ScriptedCore::new(), Known::default(), Arc::new(Mutex::new(0)));
    let held = Arc::clone(&carried);
    sim.host("carrier", move || carrier(Arc::clone(&held)));
    let (held, behind, again) = (Arc::clone(&carried), Arc::clone(&core), Arc::clone(&resent));
    sim.client("verigate", async move {
        let link = "[[link]]\nname = \"carrier\"\naddresses = [\"carrier:2775\"]\nsystem_id = \"verigate\"\n\
                    password = { password_env = \"X\" }\n";
        let channel = Channel::with(&format!("{link}{QUICK}"), Arc::clone(&behind)).await;
        let texting = async {
            for nth in 0..TEXTS {
                held.lock().unwrap().waiting.push(format!("86138001{nth:05}"));
                tokio::time::sleep(BETWEEN).await;
            }
        };
        let breaking = async {
            for (how, after, lasts) in breaks {
                tokio::time::sleep(Duration::from_millis(after)).await;
                how.begin();
                tokio::time::sleep(Duration::from_millis(lasts)).await;
                how.end();
            }
        };
        tokio::join!(texting, breaking);
        let done = || behind.deliveries().len() as u64 == TEXTS && held.lock().unwrap().waiting.is_empty();
        let waited = tokio::time::timeout(ALL, async {
            while !done() {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        });
        let settled = waited.await;
        assert!(settled.is_ok(), "{} of {TEXTS} settled", behind.deliveries().len());
        *again.lock().unwrap() = channel.counted("carrier", "resent");
        channel.stop().await;
        Ok(())
    });
    sim.run().unwrap();
    drop(sim);
    let carried = carried.lock().unwrap();
    let resent = *resent.lock().unwrap();
    Seen { core, replies: carried.replies.clone(), binds: carried.binds, resent }
}

fn copies(seen: &Seen, nth: u64) -> u32 {
    seen.replies.get(&format!("86138001{nth:05}")).copied().unwrap_or(0)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, max_shrink_iters: 60, ..ProptestConfig::default() })]

    #[test]
    fn one_break_at_any_moment_loses_no_reply_and_doubles_only_what_was_sent_again(seed in any::<u64>(), broken in broken()) {
        let seen = simulate(seed, vec![broken]);
        prop_assert_eq!(seen.core.recorded() as u64, TEXTS, "each text is one inquiry");
        let all: Vec<u32> = (0..TEXTS).map(|nth| copies(&seen, nth)).collect();
        prop_assert!(all.iter().all(|copies| (1..=2).contains(copies)), "{:?}", all);
        let second = all.iter().filter(|copies| **copies == 2).count() as u64;
        prop_assert!(second <= seen.resent, "{} doubled, {} sent again", second, seen.resent);
        prop_assert!(seen.core.deliveries().iter().all(|(_, delivery)| *delivery == Delivery::Delivered));
    }

    #[test]
    fn many_breaks_double_no_reply_twice_and_call_none_delivered_that_never_arrived(seed in any::<u64>(), broken in prop::collection::vec(broken(), 2..8)) {
        let seen = simulate(seed, broken);
        prop_assert_eq!(seen.core.recorded() as u64, TEXTS, "each text is one inquiry");
        let all: Vec<u32> = (0..TEXTS).map(|nth| copies(&seen, nth)).collect();
        prop_assert!(all.iter().all(|copies| *copies <= 2), "{:?}", all);
        let never = all.iter().filter(|copies| **copies == 0).count();
        let told = seen.core.deliveries().iter().filter(|(_, delivery)| *delivery != Delivery::Delivered).count();
        prop_assert!(never <= told, "{} never arrived, {} were said not to", never, told);
    }
}

#[test]
fn a_carrier_that_comes_back_is_bound_to_again() {
    for how in [Break::Both, Break::Out, Break::In] {
        let seen = simulate(7, vec![(how, 2_000, 11_000)]);
        assert!(seen.binds >= 2, "{how:?}: the connection was given up");
        assert!((0..TEXTS).all(|nth| copies(&seen, nth) >= 1), "{how:?}");
    }
    let seen = simulate(7, vec![(Break::Late, 2_000, 1_500)]);
    assert_eq!((seen.binds, seen.resent), (1, 0), "what is late for a moment is waited for");
}
