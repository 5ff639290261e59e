//! The gateway as a whole: what an asker is told, and what a crash or a failed commit leaves.

mod bounds;
mod checkpoints;
mod guard;
mod listed;
mod model;
mod owed;
mod privacy;
mod prune;
mod retries;

use std::path::Path;
use std::sync::atomic::AtomicI64;

use contract::answer::Names;
use contract::{Check, Day, EventTime, Given, Identity, Language, Life, Means, Number, ReturnRoute, Role, VerdictKind};

use super::admit::Quotas;
use super::*;
use crate::index::catalogue::{BatchOrder, Selector};
use crate::index::{Concealment, Maker, Product};
use crate::ledger::histories::{Histories, SqliteHistories};
use crate::ledger::log::Log;
use crate::ledger::memory::{Fault, MemoryLog};
use crate::ledger::writer::Clock;
use crate::secret::Secret;

const DAY: i64 = 24 * 60 * 60 * 1_000;
const START: i64 = 1_790_000_000_000;

/// A gateway on a temporary folder, with a clock that stands still until it is moved.
struct Bench {
    dir: tempfile::TempDir,
    time: Arc<AtomicI64>,
    log: Option<MemoryLog>,
    quotas: Quotas,
    gateway: Option<Gateway>,
    runtime: tokio::runtime::Runtime,
    numbers: Vec<String>,
}

impl Bench {
    fn new(log: Option<MemoryLog>) -> Self {
        let dir = tempfile::tempdir().unwrap();
        Gateway::init(&Folder::all_in(dir.path())).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let time = Arc::new(AtomicI64::new(START));
        let mut bench = Self { dir, time, log, quotas: Quotas::wide(), gateway: None, runtime, numbers: Vec::new() };
        bench.open();
        let maker = Maker { id: "m".to_owned(), name: names("厂"), hotline: None };
        bench.order(Order::Change { makers: vec![maker], products: vec![product()], by: "test".to_owned() });
        let order = batch_of(20, "L1");
        let Outcome::Issued { batch, .. } = bench.order(Order::Issue { order, at: None }) else {
            panic!("an issue order issues");
        };
        bench.live(Selector::Batch { batch: batch.id }, Life::Activated, false);
        bench.numbers = bench.gateway().catalogue().numbers(&batch, 0).collect();
        bench
    }

    fn open(&mut self) {
        self.gateway = None;
        let folder = Folder::all_in(self.dir.path());
        let time = Arc::clone(&self.time);
        let clock: Clock = Arc::new(move || Timestamp(time.load(Ordering::SeqCst)));
        // The model's gateway holds two changed units at most, so that histories are written and read all the time.
        let hot_units = if self.log.is_some() { 4 } else { 1_000 };
        let settings = Settings { quotas: self.quotas.clone(), hot_units, ..Settings::default() };
        let gateway = match &self.log {
            None => Gateway::open(folder, settings, clock),
            Some(log) => {
                let lock = folder.lock().unwrap();
                let master = Secret::load(&folder.master()).unwrap();
                // The histories start anew: the log alone must bring everything back.
                drop(std::fs::remove_file(folder.histories()));
                let histories = SqliteHistories::open(&folder.histories()).unwrap();
                let mut log = log.clone();
                log.reread().unwrap();
                let stores: (Box<dyn Log>, Box<dyn Histories>) = (Box::new(log), Box::new(histories));
                Gateway::start((folder, lock), settings, clock, stores, &master)
            }
        };
        self.gateway = Some(gateway.unwrap());
    }

    fn gateway(&self) -> &Gateway {
        self.gateway.as_ref().unwrap()
    }

    fn pass(&self, millis: i64) {
        self.time.fetch_add(millis, Ordering::SeqCst);
    }

    fn order(&self, order: Order) -> Outcome {
        self.runtime.block_on(self.gateway().order(order)).unwrap()
    }

    fn live(&self, target: Selector, life: Life, lifted: bool) {
        let by = "test".to_owned();
        self.order(Order::Live { target, life, lifted, at: None, by, city: None, reason: Some("R".to_owned()) });
    }

    fn ask(&self, inquiry: Inquiry) -> Result<Reply, Refusal> {
        self.runtime.block_on(self.gateway().verify(inquiry))
    }

    fn inquiry(&self, nth: usize, asker: &str, key: Option<&str>) -> Inquiry {
        Inquiry {
            id: InquiryId {
                scope: "test".to_owned(),
                key: key.unwrap_or_default().to_owned(),
                valid_for: Duration::from_secs(if key.is_some() { 86_400 } else { 0 }),
            },
            channel: Channel::Sms,
            asker: Asker::new(Identity::Phone(asker.to_owned()), Role::Shopper),
            route: None,
            language: Language::En,
            place: None,
            asked: EventTime::exact(Timestamp(self.time.load(Ordering::SeqCst))),
            request: Request::Check,
            checks: vec![Check {
                number: Number::Digits(self.numbers[nth].clone()),
                means: Means::Typed,
                lot: None,
                expiry: None,
            }],
        }
    }

    fn kind(&self, nth: usize, asker: &str) -> VerdictKind {
        self.ask(self.inquiry(nth, asker, None)).unwrap().answers[0].verdict.kind()
    }
}

fn batch_of(count: u64, lot: &str) -> BatchOrder {
    BatchOrder {
        product: "p".to_owned(),
        count,
        lot: lot.to_owned(),
        level: 1,
        holds: 1,
        parent: None,
        made: None,
        expiry: None,
        on_sale_from: None,
        concealment: None,
        by: "test".to_owned(),
    }
}

fn names(text: &str) -> Names {
    Names { zh_hans: text.to_owned(), zh_hk: None, en: None }
}

fn product() -> Product {
    Product {
        id: "p".to_owned(),
        maker: "m".to_owned(),
        name: names("货"),
        category: "food".to_owned(),
        layout: "network-20".to_owned(),
        resources: vec![1_234_567],
        spec: None,
        licence: None,
        shelf_life_days: None,
        sales_region: Vec::new(),
        concealment: Concealment::Printed,
        tracks_shipping: false,
        gtin: None,
    }
}

#[test]
fn first_then_again_for_the_same_phone_and_seen_for_another_also_after_a_restart() {
    let mut bench = Bench::new(None);
    assert_eq!(bench.kind(0, "861"), VerdictKind::GenuineFirst);
    assert_eq!(bench.kind(0, "861"), VerdictKind::GenuineAgain);
    bench.open();
    assert_eq!(bench.kind(0, "861"), VerdictKind::GenuineAgain);
    assert_eq!(bench.kind(0, "862"), VerdictKind::GenuineSeen);
    assert_eq!(bench.kind(1, "862"), VerdictKind::GenuineFirst);
}

#[test]
fn a_retry_gets_the_stored_answer_and_another_number_under_its_id_is_refused() {
    let mut bench = Bench::new(None);
    let first = bench.ask(bench.inquiry(0, "861", Some("k"))).unwrap();
    bench.kind(0, "862");
    bench.open();
    let again = bench.ask(bench.inquiry(0, "861", Some("k"))).unwrap();
    assert!(again.replayed && !first.replayed);
    assert_eq!(Reply { replayed: false, ..again }, first);
    assert_eq!(bench.ask(bench.inquiry(1, "861", Some("k"))), Err(Refusal::Conflict));
    bench.pass(2 * DAY);
    assert!(!bench.ask(bench.inquiry(0, "861", Some("k"))).unwrap().replayed, "the id means a new message by then");
}

#[test]
fn a_recall_that_returned_is_seen_by_the_next_check_and_its_end_too() {
    let bench = Bench::new(None);
    assert_eq!(bench.kind(0, "861"), VerdictKind::GenuineFirst);
    let target = Selector::Product { product: "p".to_owned() };
    bench.live(target.clone(), Life::Recalled, false);
    assert_eq!(bench.kind(1, "861"), VerdictKind::Recalled);
    bench.live(target, Life::Recalled, true);
    assert_eq!(bench.kind(1, "861"), VerdictKind::GenuineAgain);
    bench.live(Selector::Unit { number: bench.numbers[2].clone() }, Life::Stolen, false);
    assert_eq!(bench.kind(2, "861"), VerdictKind::Stolen);
    assert_eq!(bench.kind(3, "861"), VerdictKind::GenuineFirst);
}

#[test]
fn of_many_at_once_one_is_first() {
    let bench = Bench::new(None);
    let firsts = bench.runtime.block_on(async {
        let asks: Vec<_> = (0..64).map(|n| bench.gateway().verify(bench.inquiry(5, &format!("86{n}"), None))).collect();
        let mut firsts = 0;
        for reply in futures(asks).await {
            firsts += usize::from(reply.unwrap().answers[0].verdict.kind() == VerdictKind::GenuineFirst);
        }
        firsts
    });
    assert_eq!(firsts, 1);
}

/// Polls all at once, so that they meet in the writer's queue.
async fn futures<T>(mut all: Vec<BoxFuture<'_, T>>) -> Vec<T> {
    let mut done: Vec<Option<T>> = all.iter().map(|_| None).collect();
    std::future::poll_fn(|context| {
        for (slot, future) in done.iter_mut().zip(&mut all) {
            if slot.is_none()
                && let std::task::Poll::Ready(value) = future.as_mut().poll(context)
            {
                *slot = Some(value);
            }
        }
        if done.iter().all(Option::is_some) { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    done.into_iter().flatten().collect()
}

#[test]
fn a_receipt_leads_to_its_verdict_and_a_made_up_one_nowhere() {
    let mut bench = Bench::new(None);
    let replies: Vec<Reply> = (0..5).map(|nth| bench.ask(bench.inquiry(nth, "861", None)).unwrap()).collect();
    bench.open();
    let asker = || Asker::new(Identity::Phone("869".to_owned()), Role::Shopper);
    for reply in &replies {
        let receipt = reply.receipt.unwrap();
        let view = bench.runtime.block_on(bench.gateway().receipt(receipt, asker())).unwrap().unwrap();
        assert_eq!(view.receipt, receipt);
        assert_eq!(view.verdicts, [(VerdictKind::GenuineFirst, contract::Colour::Green)]);
        assert_eq!(view.at.as_millis() % 60_000, 0);
    }
    let other = Receipt::from_body(replies[0].receipt.unwrap().body() ^ 1).unwrap();
    assert_eq!(bench.runtime.block_on(bench.gateway().receipt(other, asker())), Ok(None));
}

/// Who asks with a return route hears of it later, or not at all.
fn texted(bench: &Bench, request: Request, key: &str) -> Inquiry {
    let mut inquiry = Inquiry { route: Some(ReturnRoute(b"861".to_vec())), ..bench.inquiry(0, "861", Some(key)) };
    if request != Request::Check {
        inquiry.checks.clear();
    }
    inquiry.request = request;
    inquiry
}

#[test]
fn who_opted_out_is_told_once_and_heard_but_not_replied_to_until_it_opts_in() {
    let mut bench = Bench::new(None);
    let silent = |bench: &Bench, request: Request, key: &str| bench.ask(texted(bench, request, key)).unwrap().silent;
    assert!(!silent(&bench, Request::Stop, "1"));
    assert!(silent(&bench, Request::Stop, "2"), "an opt-out is confirmed once");
    bench.open();
    assert!(silent(&bench, Request::Check, "3"));
    assert!(!silent(&bench, Request::Help, "4"), "help is given to everyone");
    let again = bench.ask(texted(&bench, Request::Check, "3")).unwrap();
    assert!(again.replayed && again.silent);
    assert_eq!(again.answers[0].verdict.kind(), VerdictKind::GenuineFirst, "it was recorded");
    assert!(!silent(&bench, Request::Start, "5"));
    bench.open();
    assert!(!silent(&bench, Request::Check, "6"));
    let owed = bench.runtime.block_on(bench.gateway().owed(Channel::Sms, 10)).unwrap();
    let kinds: Vec<RequestKind> = owed.iter().map(|owed| owed.reply.about).collect();
    assert_eq!(kinds, [RequestKind::Stop, RequestKind::Help, RequestKind::Start, RequestKind::Check]);
}

#[test]
fn a_tip_has_a_receipt_of_its_own_and_is_taken_once() {
    let bench = Bench::new(None);
    let about = bench.ask(bench.inquiry(0, "861", None)).unwrap().receipt;
    let tip = Request::Tip(contract::Tip { receipt: about, text: "the seal was broken".to_owned() });
    let reply = bench.ask(texted(&bench, tip.clone(), "1")).unwrap();
    assert_eq!(reply.about, RequestKind::Tip);
    assert!(reply.receipt.is_some() && reply.receipt != about);
    let again = bench.ask(texted(&bench, tip, "1")).unwrap();
    assert!(again.replayed);
    assert_eq!(again.receipt, reply.receipt);
    let other = Request::Tip(contract::Tip { receipt: about, text: "another".to_owned() });
    assert_eq!(bench.ask(texted(&bench, other, "1")), Err(Refusal::Conflict));
    let long = Request::Tip(contract::Tip { receipt: None, text: "长".repeat(501) });
    assert!(matches!(bench.ask(texted(&bench, long, "2")), Err(Refusal::BadRequest(_))));
}

#[test]
fn several_numbers_in_one_message_get_one_receipt_and_see_one_another() {
    let bench = Bench::new(None);
    let mut inquiry = bench.inquiry(0, "861", None);
    inquiry.checks.extend(bench.inquiry(0, "861", None).checks);
    inquiry.checks.extend(bench.inquiry(1, "861", None).checks);
    let reply = bench.ask(inquiry).unwrap();
    let kinds: Vec<VerdictKind> = reply.answers.iter().map(|answer| answer.verdict.kind()).collect();
    assert_eq!(kinds, [VerdictKind::GenuineFirst, VerdictKind::GenuineAgain, VerdictKind::GenuineFirst]);
}

#[test]
fn a_failed_commit_is_a_refusal_and_leaves_no_phantom_first() {
    let log = MemoryLog::default();
    let bench = Bench::new(Some(log.clone()));
    log.fail([Some(Fault::Lost)]);
    assert!(matches!(bench.ask(bench.inquiry(0, "861", Some("k"))), Err(Refusal::Unavailable(_))));
    assert!(!bench.gateway().health().ready);
    assert_eq!(bench.kind(0, "862"), VerdictKind::GenuineFirst, "the lost one was never recorded");
    assert!(bench.gateway().health().ready);
    log.fail([Some(Fault::Kept)]);
    assert!(matches!(bench.ask(bench.inquiry(1, "861", Some("l"))), Err(Refusal::Unavailable(_))));
    let retried = bench.ask(bench.inquiry(1, "861", Some("l"))).unwrap();
    assert!(retried.replayed, "it had reached the disk: the retry meets its own answer");
    assert_eq!(retried.answers[0].verdict.kind(), VerdictKind::GenuineFirst);
    assert_eq!(bench.kind(1, "862"), VerdictKind::GenuineSeen);
}

#[test]
fn a_gateway_that_nobody_asks_becomes_ready_again_once_the_disk_is() {
    let log = MemoryLog::default();
    let bench = Bench::new(Some(log.clone()));
    log.unreadable.store(true, Ordering::SeqCst);
    log.fail([Some(Fault::Lost)]);
    assert!(bench.ask(bench.inquiry(0, "861", None)).is_err());
    assert!(!bench.gateway().health().ready);
    log.unreadable.store(false, Ordering::SeqCst);
    bench.runtime.block_on(support::wait_for("readiness", || bench.gateway().health().ready));
}

#[test]
fn an_order_whose_commit_reached_the_disk_after_all_is_in_force() {
    let log = MemoryLog::default();
    let bench = Bench::new(Some(log.clone()));
    log.fail([Some(Fault::Kept)]);
    let order = Order::Live {
        target: Selector::Product { product: "p".to_owned() },
        life: Life::Recalled,
        lifted: false,
        at: None,
        by: "test".to_owned(),
        city: None,
        reason: None,
    };
    assert!(bench.runtime.block_on(bench.gateway().order(order)).is_err());
    assert_eq!(bench.kind(0, "861"), VerdictKind::Recalled);
}

#[test]
fn memory_stays_bounded_and_what_left_it_is_remembered() {
    let bench = Bench::new(Some(MemoryLog::default()));
    for round in 0..3 {
        for nth in 0..20 {
            let expected = if round == 0 { VerdictKind::GenuineFirst } else { VerdictKind::GenuineAgain };
            assert_eq!(bench.kind(nth, "861"), expected);
        }
    }
    let histories = SqliteHistories::open(&Folder::all_in(bench.dir.path()).histories()).unwrap().units().unwrap();
    assert!(histories >= 16, "with room for four units, {histories} of twenty went to disk");
}

#[test]
fn a_gateway_whose_log_cannot_be_read_again_refuses_and_still_stops() {
    let log = MemoryLog::default();
    let bench = Bench::new(Some(log.clone()));
    log.unreadable.store(true, Ordering::SeqCst);
    log.fail([Some(Fault::Lost)]);
    for _ in 0..2 {
        assert!(matches!(bench.ask(bench.inquiry(0, "861", None)), Err(Refusal::Unavailable(_))));
    }
    bench.gateway().close();
    assert!(!bench.gateway().health().ready);
}

#[test]
fn looking_at_a_number_leaves_no_trace() {
    let bench = Bench::new(None);
    let given = Given::alone(Number::Digits(bench.numbers[0].clone()));
    for _ in 0..2 {
        let (inspected, _) = bench.runtime.block_on(bench.gateway().inspect(&given)).unwrap();
        assert_eq!(inspected.verdict, "genuine_first");
        assert_eq!(inspected.unit.as_ref().map(|unit| unit.sessions.len()), Some(0));
    }
    assert_eq!(bench.kind(1, "861"), VerdictKind::GenuineFirst);
    bench.gateway().close();
    let histories = SqliteHistories::open(&Folder::all_in(bench.dir.path()).histories()).unwrap();
    assert_eq!(histories.units().unwrap(), 1, "the number that was asked about, not the one that was looked at");
}

#[test]
fn a_clock_set_back_never_moves_the_log_back() {
    let mut bench = Bench::new(None);
    let before = bench.ask(bench.inquiry(0, "861", None)).unwrap();
    bench.pass(-90 * DAY);
    let after = bench.ask(bench.inquiry(0, "862", None)).unwrap();
    assert_eq!(after.at, before.at);
    bench.open();
    assert_eq!(bench.kind(0, "863"), VerdictKind::GenuineSeen);
    assert_eq!(bench.kind(1, "863"), VerdictKind::GenuineFirst);
}

#[test]
fn a_month_s_turn_opens_a_new_segment_and_everything_is_remembered_across_it() {
    let mut bench = Bench::new(None);
    assert_eq!(bench.kind(0, "861"), VerdictKind::GenuineFirst);
    bench.pass(40 * DAY);
    assert_eq!(bench.kind(1, "861"), VerdictKind::GenuineFirst);
    let files = |path: &Path| {
        std::fs::read_dir(path.join("log"))
            .unwrap()
            .filter(|entry| entry.as_ref().unwrap().path().extension().is_some_and(|extension| extension == "db"))
            .count()
    };
    assert_eq!(files(bench.dir.path()), 2);
    bench.open();
    assert_eq!(bench.kind(0, "862"), VerdictKind::GenuineSeen);
}

#[test]
fn what_is_past_its_last_day_when_it_is_asked_about_is_expired() {
    let mut bench = Bench::new(None);
    // START is on 2026-09-21.
    let expiry = Day::new(2026, 9, 22);
    let order = BatchOrder { expiry, ..batch_of(5, "L2") };
    let Outcome::Issued { batch, .. } = bench.order(Order::Issue { order, at: None }) else { panic!("not issued") };
    bench.live(Selector::Batch { batch: batch.id }, Life::Activated, false);
    bench.numbers = bench.gateway().catalogue().numbers(&batch, 0).collect();
    assert_eq!(bench.kind(0, "861"), VerdictKind::GenuineFirst);
    bench.pass(2 * DAY);
    assert_eq!(bench.kind(1, "861"), VerdictKind::Expired);
}
