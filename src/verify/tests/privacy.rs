//! Who is forgotten, who stays known when the pepper changes, and what a pruned log still answers.

use super::*;
use crate::ledger::audit;
use crate::ledger::keys::Peppers;
use crate::ledger::privacy::{self, Known};
use crate::ledger::retention::Retention;
use crate::ledger::writer::ForgetOrder;

impl Bench {
    fn names(&self, phone: &str) -> Vec<u64> {
        let peppers = Peppers::read(&self.gateway().folder().keys).unwrap();
        let id = InquiryId { scope: String::new(), key: String::new(), valid_for: Duration::ZERO };
        let asker = peppers.asker(&Identity::Phone(phone.to_owned()), &id);
        [Some(asker.current), asker.previous].into_iter().flatten().collect()
    }

    fn known(&self, phone: &str) -> Known {
        let now = Timestamp(self.time.load(Ordering::SeqCst));
        privacy::known(self.gateway().folder(), &self.names(phone), now, &mut |_, _| {}).unwrap()
    }

    fn forget(&self, phone: &str, with_opt_out: bool) {
        let names = self.known(phone).names;
        let order = ForgetOrder { names, with_opt_out, by: "test".to_owned(), reason: None };
        self.order(Order::Forget(order));
    }

    /// The answer's verdict, and of how many sessions it tells.
    fn counted(&self, nth: usize, asker: &str) -> (VerdictKind, Option<u32>) {
        let reply = self.ask(self.inquiry(nth, asker, None)).unwrap();
        (reply.answers[0].verdict.kind(), reply.answers[0].facts.times_checked)
    }

    fn change_pepper(&self) {
        self.pass(184 * DAY);
        self.runtime.block_on(self.gateway().tidy_keys()).unwrap();
    }

    fn as_identity(&self, nth: usize, identity: Identity, channel: Channel) -> VerdictKind {
        let asker = Asker::new(identity, Role::Shopper);
        let asked = Inquiry { asker, channel, ..self.inquiry(nth, "", None) };
        self.ask(asked).unwrap().answers[0].verdict.kind()
    }

    pub(super) fn open_with(&mut self, retention: Retention) {
        self.gateway = None;
        let time = Arc::clone(&self.time);
        let clock: Clock = Arc::new(move || Timestamp(time.load(Ordering::SeqCst)));
        let settings = Settings { quotas: Quotas::wide(), hot_units: 1_000, retention, ..Settings::default() };
        self.gateway = Some(Gateway::open(Folder::all_in(self.dir.path()), settings, clock).unwrap());
    }

    /// The histories that are on disk are those that the log amounts to.
    pub(super) fn same_when_rebuilt(&mut self) {
        self.gateway = None;
        let folder = Folder::all_in(self.dir.path());
        let digest = || {
            let mut histories = SqliteHistories::open(&folder.histories()).unwrap();
            (histories.digest().unwrap(), histories.standing().unwrap().owed)
        };
        let live = digest();
        audit::rebuild(&folder.log(), 0, &folder.histories(), &mut |_, _| {}).unwrap();
        assert_eq!(digest(), live);
        self.open();
    }
}

#[test]
fn who_is_forgotten_is_somebody_new_and_its_checks_still_count() {
    let mut bench = Bench::new(None);
    assert_eq!(bench.counted(0, "861"), (VerdictKind::GenuineFirst, Some(0)));
    assert_eq!(bench.counted(1, "861"), (VerdictKind::GenuineFirst, Some(0)));
    assert_eq!(bench.counted(0, "862"), (VerdictKind::GenuineSeen, Some(1)));
    bench.pass(60_000);
    bench.forget("861", false);
    bench.pass(60_000);
    for _ in 0..2 {
        assert_eq!(bench.counted(1, "861").0, VerdictKind::GenuineSeen, "not again: that was somebody");
        assert_eq!(bench.counted(0, "862").0, VerdictKind::GenuineSeen, "of others, nothing changed");
        bench.same_when_rebuilt();
    }
    assert_eq!(bench.counted(0, "863"), (VerdictKind::GenuineSeen, Some(2)), "a history cannot be washed");
    assert_eq!(bench.counted(2, "861").0, VerdictKind::GenuineFirst);
    assert_eq!(bench.counted(2, "861").0, VerdictKind::GenuineAgain, "known from then on");
    bench.same_when_rebuilt();
    assert_eq!(bench.counted(1, "861").0, VerdictKind::GenuineSeen);
}

#[test]
fn what_is_known_of_an_asker_is_told_until_it_is_forgotten() {
    let mut bench = Bench::new(None);
    let asked = texted(&bench, Request::Check, "k");
    let reply = bench.ask(asked).unwrap();
    bench.ask(texted(&bench, Request::Stop, "s")).unwrap();
    bench.kind(3, "862");
    let known = bench.known("861");
    assert_eq!(known.events.len(), 2);
    assert_eq!(known.events[1].checks[0].verdict, VerdictKind::GenuineFirst);
    assert!(known.events[1].checks[0].unit.as_ref().unwrap().starts_with("1234567-"));
    assert_eq!(known.events[1].at.as_millis() % 60_000, 0);
    assert!(known.events[1].sequence < known.events[0].sequence, "the latest first");
    assert_eq!(known.owed.len(), 2, "the answer and the word that no more will come");
    assert!(known.opted_out_since.is_some());
    bench.runtime.block_on(bench.gateway().delivered(reply.position.unwrap(), Delivery::Delivered)).unwrap();
    assert_eq!(bench.known("861").owed.len(), 1);
    bench.same_when_rebuilt();

    bench.forget("861", false);
    let after = bench.known("861");
    assert_eq!((after.events.len(), after.hidden), (0, 2));
    assert!(after.forgotten_at.is_some() && after.opted_out_since.is_some(), "an opt-out is a wish of its own");
    assert!(bench.ask(texted(&bench, Request::Check, "k2")).unwrap().silent);
    bench.open();
    assert!(bench.ask(texted(&bench, Request::Check, "k3")).unwrap().silent, "also after a restart");
    bench.forget("861", true);
    assert!(!bench.ask(texted(&bench, Request::Check, "k4")).unwrap().silent);
    bench.open();
    assert!(!bench.ask(texted(&bench, Request::Check, "k5")).unwrap().silent);
    assert_eq!(bench.known("862").events.len(), 1, "others are not touched");
    let folder = bench.gateway().folder().clone();
    let overview = privacy::overview(&folder, Timestamp(START)).unwrap();
    assert_eq!((overview.opt_outs, overview.forgotten, overview.peppers.len()), (0, 2, 1));
}

#[test]
fn what_is_known_of_an_asker_is_gathered_from_all_months() {
    let bench = Bench::new(None);
    // To 2026-09-30T23:59:20Z.
    bench.pass(812_760_000);
    let first = bench.ask(texted(&bench, Request::Check, "a")).unwrap();
    bench.ask(texted(&bench, Request::Stop, "b")).unwrap();
    let other = Asker::new(Identity::Phone("862".to_owned()), Role::Shopper);
    bench.ask(Inquiry { asker: other, ..texted(&bench, Request::Stop, "o") }).unwrap();
    bench.pass(120_000);
    bench.ask(texted(&bench, Request::Start, "c")).unwrap();
    bench.runtime.block_on(bench.gateway().delivered(first.position.unwrap(), Delivery::Delivered)).unwrap();
    let (folder, now) = (bench.gateway().folder(), Timestamp(bench.time.load(Ordering::SeqCst)));
    let overview = privacy::overview(folder, now).unwrap();
    assert_eq!((overview.segments.len(), overview.opt_outs), (2, 1), "the other's stands");
    let mut told = Vec::new();
    let known = privacy::known(folder, &bench.names("861"), now, &mut |done, all| told.push((done, all))).unwrap();
    assert!(known.events.len() == 3 && known.events.is_sorted_by(|one, next| one.sequence > next.sequence));
    assert_eq!(known.owed.len(), 2, "what was delivered in the month after is not");
    assert_eq!(known.opted_out_since, None);
    let (half, end) = (told[0].0, told[1].1);
    assert!(told == [(half, end), (end, end)] && half > 0 && half < end, "{told:?}");
}

#[test]
fn an_order_to_forget_names_somebody_and_says_why_without_the_number() {
    let bench = Bench::new(None);
    let order = |names: Vec<u64>, reason: &str| {
        let order = ForgetOrder { names, with_opt_out: false, by: "o".to_owned(), reason: Some(reason.to_owned()) };
        bench.runtime.block_on(bench.gateway().order(Order::Forget(order)))
    };
    assert!(matches!(order(Vec::new(), "asked"), Err(OrderError::Nobody { got: 0 })));
    assert!(matches!(order(vec![1; 257], "asked"), Err(OrderError::Nobody { got: 257 })));
    for number in ["asked by 138-0013 8000", "１３８００１３８０００"] {
        assert!(matches!(order(vec![1], number), Err(OrderError::HoldsNumber { .. })), "{number}");
    }
    for long in [501, 502, 9_000] {
        let refused = order(vec![1], &"a".repeat(long));
        assert!(matches!(refused, Err(OrderError::TooLong { got, most: 500, .. }) if got == long), "{refused:?}");
    }
    order(vec![1], "letter no 17").unwrap();
    order((1..=256).collect(), &"a".repeat(500)).unwrap();
}

/// A flag takes an asker's checks out of histories; being forgotten does not bring them back, nor end the wait.
#[test]
fn a_guesser_does_not_get_rid_of_its_flag_by_being_forgotten() {
    let mut bench = Bench::new(None);
    bench.kind(0, "861");
    let name = bench.names("861")[0];
    let until = Timestamp(START + DAY);
    bench
        .gateway()
        .jobs
        .send(Job::Note(Box::new(crate::ledger::event::Event::Flagged(crate::ledger::event::Flagged {
            asker: name,
            until,
        }))))
        .unwrap();
    // Settled alone: the flag is in force once this has returned.
    bench.runtime.block_on(bench.gateway().tidy_keys()).unwrap();
    assert_eq!(bench.kind(0, "862"), VerdictKind::GenuineFirst, "a guesser's check counts for nothing");
    bench.forget("861", false);
    for _ in 0..2 {
        assert_eq!(bench.counted(0, "862"), (VerdictKind::GenuineAgain, Some(1)));
        assert!(bench.gateway().shared.flags.contains(name));
        bench.open();
    }
    assert_eq!(bench.known("861").flagged_until, Some(until));
    let flags = |at| privacy::overview(bench.gateway().folder(), at).unwrap().flags;
    assert_eq!((flags(Timestamp(START)), flags(until)), ((1, 1), (1, 0)), "flags, and those still in force");
}

/// Decided in `keys.rs`: one change of pepper is not noticed; who stays away for the whole time of one is not known, and is
/// told what an owner can take calmly.
#[test]
fn an_owner_is_known_across_one_change_of_pepper_and_not_alarmed_after_two() {
    let mut bench = Bench::new(None);
    assert_eq!(bench.kind(0, "861"), VerdictKind::GenuineFirst);
    assert_eq!(bench.kind(1, "861"), VerdictKind::GenuineFirst);
    bench.change_pepper();
    assert_eq!(bench.kind(0, "861"), VerdictKind::GenuineAgain);
    bench.open();
    assert_eq!(bench.kind(0, "861"), VerdictKind::GenuineAgain);
    bench.change_pepper();
    assert_eq!(bench.kind(0, "861"), VerdictKind::GenuineAgain, "it came back in between");
    let reply = bench.ask(bench.inquiry(1, "861", None)).unwrap();
    let answer = &reply.answers[0];
    assert_eq!(answer.verdict.kind(), VerdictKind::GenuineSeen);
    assert_eq!(answer.colour, contract::Colour::Amber);
    assert!(answer.advisories.is_empty());
    let known = bench.known("861");
    assert_eq!(known.hashes.len(), 3, "the log links the hashes of who came back");
    assert_eq!(known.events.len(), 6);
    bench.same_when_rebuilt();
    bench.forget("861", false);
    assert_eq!(bench.known("861").hidden, 6);
    assert_eq!(bench.kind(0, "861"), VerdictKind::GenuineSeen);
}

/// What each identity is told of its own earlier check, by every medium.
#[test]
fn a_phone_is_one_asker_by_text_and_by_voice_and_an_address_or_a_terminal_is_never_you() {
    let bench = Bench::new(None);
    let phone = || Identity::Phone("8613800138000".to_owned());
    let cookie = |name: &str| Identity::Cookie(name.to_owned());
    let address = || Identity::Network("192.0.2.7".parse().unwrap());
    let terminal = || Identity::Terminal("mall-7".to_owned());
    let client = || Identity::Client("shop".to_owned());
    assert_eq!(bench.as_identity(0, phone(), Channel::Sms), VerdictKind::GenuineFirst);
    assert_eq!(bench.as_identity(0, phone(), Channel::Voice), VerdictKind::GenuineAgain);
    assert_eq!(bench.as_identity(0, cookie("a"), Channel::Web), VerdictKind::GenuineSeen);
    assert_eq!(bench.as_identity(1, cookie("a"), Channel::Web), VerdictKind::GenuineFirst);
    assert_eq!(bench.as_identity(1, cookie("a"), Channel::Web), VerdictKind::GenuineAgain);
    assert_eq!(bench.as_identity(1, cookie("b"), Channel::Web), VerdictKind::GenuineSeen);
    assert_eq!(bench.as_identity(2, address(), Channel::Web), VerdictKind::GenuineFirst);
    assert_eq!(bench.as_identity(2, address(), Channel::Web), VerdictKind::GenuineSeen);
    assert_eq!(bench.as_identity(3, terminal(), Channel::Kiosk), VerdictKind::GenuineFirst);
    assert_eq!(bench.as_identity(3, terminal(), Channel::Kiosk), VerdictKind::GenuineSeen);
    assert_eq!(bench.as_identity(4, client(), Channel::Api), VerdictKind::GenuineFirst);
    assert_eq!(bench.as_identity(4, client(), Channel::Api), VerdictKind::GenuineAgain);
    // Many shoppers at one terminal, or behind one address, are one session: the shelf's goods do not look copied.
    for _ in 0..20 {
        assert_eq!(bench.as_identity(3, terminal(), Channel::Kiosk), VerdictKind::GenuineSeen);
    }
    assert_eq!(bench.counted(3, "861"), (VerdictKind::GenuineSeen, Some(1)));
}

/// What somebody wrote is not in the log as it was written, is told for as long as it is kept, and to nobody after.
#[test]
fn what_a_tip_says_is_told_until_its_key_is_destroyed() {
    let bench = Bench::new(None);
    let tip = Request::Tip(contract::Tip { receipt: None, text: "sold by the stall at the gate".to_owned() });
    let reply = bench.ask(texted(&bench, tip.clone(), "t")).unwrap();
    assert_eq!(bench.ask(texted(&bench, tip, "t")).unwrap().receipt, reply.receipt, "a retry is the same tip");
    let files = std::fs::read_dir(bench.gateway().folder().log()).unwrap();
    let bytes: Vec<u8> = files.flat_map(|file| std::fs::read(file.unwrap().path()).unwrap()).collect();
    assert!(!bytes.windows(5).any(|part| part == b"stall"));
    assert_eq!(bench.known("861").events[0].tip.as_deref(), Some("sold by the stall at the gate"));
    bench.pass(368 * DAY);
    bench.runtime.block_on(bench.gateway().tidy_keys()).unwrap();
    assert_eq!(bench.known("861").events[0].tip.as_deref(), Some(""));
}

#[test]
fn an_opt_out_lasts_as_long_as_the_policy_says() {
    let mut bench = Bench::new(None);
    bench.open_with(Retention { opt_out_days: Some(31), ..Retention::default() });
    bench.ask(texted(&bench, Request::Stop, "1")).unwrap();
    bench.pass(31 * DAY - 1);
    assert!(bench.ask(texted(&bench, Request::Check, "2")).unwrap().silent);
    bench.pass(1);
    assert!(!bench.ask(texted(&bench, Request::Check, "3")).unwrap().silent);
}

#[test]
fn a_running_gateway_drops_what_is_too_old_and_answers_as_before() {
    let mut bench = Bench::new(None);
    bench.open_with(Retention { log_days: Some(62), ..Retention::default() });
    let receipt = bench.ask(bench.inquiry(0, "861", None)).unwrap().receipt.unwrap();
    bench.pass(100 * DAY);
    assert_eq!(bench.kind(1, "862"), VerdictKind::GenuineFirst);
    let overview = privacy::overview(bench.gateway().folder(), Timestamp(START)).unwrap();
    let last: Vec<_> = overview.segments.iter().map(|segment| segment.last_at.unwrap().0).collect();
    assert_eq!(last, [START, START + 100 * DAY], "what each segment ends with");
    let prune = |bench: &Bench, dry| bench.runtime.block_on(bench.gateway().prune("test", dry, 9)).unwrap();
    let told = prune(&bench, true);
    assert_eq!((told.done.len(), told.left, told.for_good), (1, 1, false));
    assert_eq!(bench.known("861").events.len(), 1, "nothing was done");
    let done = prune(&bench, false).done;
    assert_eq!(done.len(), 1);
    assert_eq!(done[0].pasts, Some(1));
    assert!(prune(&bench, false).done.is_empty());
    assert_eq!(bench.known("861").events.len(), 0, "the log holds it no more");
    assert_eq!(bench.kind(0, "861"), VerdictKind::GenuineAgain, "the history does");
    assert_eq!(bench.kind(0, "862"), VerdictKind::GenuineSeen);
    let asker = || Asker::new(Identity::Phone("869".to_owned()), Role::Shopper);
    let look = |bench: &Bench| bench.runtime.block_on(bench.gateway().receipt(receipt, asker())).unwrap();
    for _ in 0..2 {
        assert_eq!(look(&bench), None);
        bench.same_when_rebuilt();
        assert_eq!(bench.kind(2, "861"), VerdictKind::GenuineFirst);
        bench.live(Selector::Unit { number: bench.numbers[2].clone() }, Life::Stolen, false);
        assert_eq!(bench.kind(2, "861"), VerdictKind::Stolen);
        bench.live(Selector::Unit { number: bench.numbers[2].clone() }, Life::Stolen, true);
        bench.numbers.swap(2, 4);
    }
    let mut for_good = Bench::new(None);
    for_good.pass(4_000 * DAY);
    assert!(prune(&for_good, false).for_good);
    drop(for_good.gateway.take());
}
