//! No asker's requests change what another is told, but for what the two share.

use std::collections::BTreeSet;

use contract::Asker;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;

use super::*;

/// What one does: asks about so many numbers, and some of them are unknown.
#[derive(Debug, Clone)]
struct Step {
    who: usize,
    wait: i64,
    checks: u32,
    missed: bool,
}

/// Mostly in bursts, so that limits are reached, and now and then after a while, so that they are left again; some of them
/// guess.
fn steps() -> impl Strategy<Value = Vec<Step>> {
    let wait = prop_oneof![12 => 0..MINUTE, 1 => 0..3 * HOUR];
    let step = (0..KINDS.len(), wait, 0..5_u32, 0..10_u8);
    (prop::array::uniform5(any::<bool>()), prop::collection::vec(step, 1..150)).prop_map(|(guess, steps)| {
        let step =
            |(who, wait, checks, luck)| Step { who, wait, checks, missed: luck < if guess[who] { 9 } else { 1 } };
        steps.into_iter().map(step).collect()
    })
}

/// One of each kind, and two persons.
const KINDS: [AskerKind; 5] =
    [AskerKind::Person, AskerKind::Person, AskerKind::Address, AskerKind::Terminal, AskerKind::Registered];

fn asking(who: usize, network: u32) -> Asking {
    let address = std::net::Ipv4Addr::from_bits(network).into();
    let asker = Asker::new(Identity::Network(address), Role::Shopper);
    Asking { origin: Origin::of(&asker, &Prefix::default()), ..by(who as u64 + 1, KINDS[who]) }
}

/// Each from a network of its own.
fn apart(who: usize) -> Asking {
    asking(who, 0xcb00_7100 + u32::try_from(who).unwrap() * 256)
}

/// All from one.
fn together(who: usize) -> Asking {
    asking(who, 0xcb00_7100)
}

/// What each step of those that `takes_part` lets through is told.
fn told(
    steps: &[Step],
    takes_part: &dyn Fn(usize) -> bool,
    asking: &dyn Fn(usize) -> Asking,
) -> Vec<(usize, Admitted)> {
    // No alarms: they make the guard stricter for everyone, and say so.
    let admission =
        admission("alarm = { misses = 1000000 }\nchannel = { sms = { hour = 15 } }\nnetwork = { hour = 40 }");
    let mut now = 0;
    let mut told = Vec::new();
    for (nth, step) in steps.iter().enumerate() {
        now += step.wait;
        if !takes_part(step.who) {
            continue;
        }
        let who = asking(step.who);
        let admitted = admission.admit(&who, step.checks, after(now));
        told.push((step.who, admitted));
        if admitted == Admitted::Yes {
            let from = nth as u64 * 16;
            let numbers = from..from + u64::from(step.checks);
            let outcomes = if step.missed { misses(numbers) } else { hits(numbers) };
            if let Some(flag) = admission.learned(&who, &outcomes, after(now)).flag {
                admission.flags().insert(flag.asker, flag.until);
            }
        }
    }
    told
}

/// Whether somebody among the others is told anything else than alone.
fn is_influenced(steps: &[Step], asking: &dyn Fn(usize) -> Asking) -> bool {
    let all = told(steps, &|_| true, asking);
    (0..KINDS.len()).any(|one| {
        let among: Vec<_> = all.iter().filter(|(who, _)| *who == one).copied().collect();
        among != told(steps, &|who| who == one, asking)
    })
}

/// The same crowds at every run.
fn crowds() -> impl Iterator<Item = Vec<Step>> {
    let mut runner = TestRunner::deterministic();
    std::iter::repeat_with(move || steps().new_tree(&mut runner).unwrap().current()).take(100)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn each_is_told_what_it_would_be_told_alone(steps in steps()) {
        prop_assert!(!is_influenced(&steps, &apart));
    }

    #[test]
    fn on_one_network_only_the_networks_own_causes_differ(steps in steps()) {
        let all = told(&steps, &|_| true, &together);
        // Up to the first word of the network, to all of them or to one alone, everyone is told what it would be told alone.
        let shared = |(_, admitted): &(usize, Admitted)| {
            matches!(admitted, Admitted::Limited { cause: Cause::Network | Cause::Stranger, .. })
        };
        let until = all.iter().position(shared).unwrap_or(all.len());
        for one in 0..KINDS.len() {
            let alone = told(&steps, &|who| who == one, &together);
            let among: Vec<_> = all[..until].iter().filter(|(who, _)| *who == one).copied().collect();
            let until = alone.iter().position(shared).unwrap_or(alone.len()).min(among.len());
            prop_assert_eq!(&among[..until], &alone[..until]);
        }
    }
}

/// What holds of crowds that reach no limit would hold for nothing.
#[test]
fn the_crowds_meet_every_limit() {
    let causes = |asking: &dyn Fn(usize) -> Asking| -> BTreeSet<&'static str> {
        let told = crowds().flat_map(|steps| told(&steps, &|_| true, asking));
        told.filter_map(|(_, admitted)| match admitted {
            Admitted::Limited { cause, .. } => Some(cause.name()),
            Admitted::Yes => None,
        })
        .collect()
    };
    assert!(causes(&apart).is_superset(&BTreeSet::from(["guessing", "quota"])));
    assert_eq!(Vec::from_iter(causes(&together)), ["guessing", "network", "quota", "stranger"]);
}

#[test]
fn two_who_share_a_name_or_a_network_are_found_to_influence_each_other() {
    assert!(crowds().any(|steps| is_influenced(&steps, &|who| apart(who.max(1)))));
    assert!(crowds().any(|steps| is_influenced(&steps, &together)));
}
