//! No asker's requests change what another is told, but for what the two share.

use contract::Asker;

use super::*;

/// What one does: asks about so many numbers, and some of them are unknown.
#[derive(Debug, Clone)]
struct Step {
    who: usize,
    wait: i64,
    checks: u32,
    missed: bool,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = (0..KINDS.len(), 0..20 * MINUTE, 0..5_u32, any::<bool>()).prop_map(|(who, wait, checks, missed)| Step {
        who,
        wait,
        checks,
        missed,
    });
    prop::collection::vec(step, 1..150)
}

/// One of each kind, and two persons.
const KINDS: [AskerKind; 5] =
    [AskerKind::Person, AskerKind::Person, AskerKind::Address, AskerKind::Terminal, AskerKind::Registered];

fn asking(who: usize, network: &dyn Fn(usize) -> u32) -> Asking {
    let kind = KINDS[who];
    let address = std::net::Ipv4Addr::from_bits(network(who)).into();
    let asker = Asker::new(Identity::Network(address), Role::Shopper);
    Asking { origin: Origin::of(&asker, &Prefix::default()), ..by(who as u64 + 1, kind) }
}

/// What each step of those that `takes_part` lets through is told.
fn told(steps: &[Step], takes_part: &dyn Fn(usize) -> bool, network: &dyn Fn(usize) -> u32) -> Vec<(usize, Admitted)> {
    // No alarms: they make the guard stricter for everyone, and say so.
    let admission =
        admission("alarm = { misses = 1000000 }\nchannel = { sms = { hour = 15 } }\nnetwork = { hour = 90 }");
    let mut now = 0;
    let mut told = Vec::new();
    for (nth, step) in steps.iter().enumerate() {
        now += step.wait;
        if !takes_part(step.who) {
            continue;
        }
        let who = asking(step.who, network);
        let admitted = admission.admit(&who, step.checks, after(now));
        told.push((step.who, admitted));
        if admitted == Admitted::Yes {
            let from = nth as u64 * 16;
            let numbers = from..from + u64::from(step.checks);
            let outcomes = if step.missed { misses(numbers) } else { hits(numbers) };
            drop(admission.learned(&who, &outcomes, after(now)));
        }
    }
    told
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn each_is_told_what_it_would_be_told_alone(steps in steps()) {
        let apart = |who: usize| 0xcb00_7100 + u32::try_from(who).unwrap() * 256;
        let all = told(&steps, &|_| true, &apart);
        for one in 0..KINDS.len() {
            let alone = told(&steps, &|who| who == one, &apart);
            let among: Vec<_> = all.iter().filter(|(who, _)| *who == one).copied().collect();
            prop_assert_eq!(among, alone);
        }
    }

    #[test]
    fn on_one_network_only_the_networks_own_causes_differ(steps in steps()) {
        let together = |_| 0xcb00_7100;
        let all = told(&steps, &|_| true, &together);
        // Up to the first word of the network everyone is told what it would be told alone.
        let shared = |(_, admitted): &(usize, Admitted)| {
            matches!(admitted, Admitted::Limited { cause: Cause::Network | Cause::Stranger, .. })
        };
        let until = all.iter().position(shared).unwrap_or(all.len());
        for one in 0..KINDS.len() {
            let alone = told(&steps, &|who| who == one, &together);
            let among: Vec<_> = all[..until].iter().filter(|(who, _)| *who == one).copied().collect();
            prop_assert_eq!(&among[..], &alone[..among.len()]);
        }
    }
}
