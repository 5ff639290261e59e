//! A model of the ledger, held against the real one under any interleaving of checks, orders, restarts and failed commits.

use std::collections::HashMap;

use contract::VerdictKind;
use proptest::prelude::*;

use super::*;

/// One step of a history as the model knows it.
#[derive(Debug, Clone)]
enum Step {
    Ask { unit: usize, asker: u8, key: Option<u8> },
    Fail(Fault),
    Restart,
    Recall { lifted: bool },
    Pass,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (0..3_usize, 0..3_u8, proptest::option::of(0..6_u8)).prop_map(|(unit, asker, key)| Step::Ask { unit, asker, key }),
        1 => Just(Step::Fail(Fault::Lost)),
        1 => Just(Step::Fail(Fault::Kept)),
        1 => Just(Step::Restart),
        1 => any::<bool>().prop_map(|lifted| Step::Recall { lifted }),
        1 => Just(Step::Pass),
    ]
}

/// What the gateway should know: sessions per unit, answers by key, whether the product is recalled.
#[derive(Debug, Default)]
struct Model {
    askers: HashMap<usize, Vec<u8>>,
    keys: HashMap<u8, (usize, u8, VerdictKind)>,
    recalled: bool,
}

impl Model {
    fn answer(&mut self, unit: usize, asker: u8, key: Option<u8>) -> VerdictKind {
        let askers = self.askers.entry(unit).or_default();
        let kind = match (self.recalled, askers.as_slice()) {
            (true, _) => VerdictKind::Recalled,
            (false, []) => VerdictKind::GenuineFirst,
            (false, known) if known.iter().all(|known| *known == asker) => VerdictKind::GenuineAgain,
            (false, _) => VerdictKind::GenuineSeen,
        };
        if !askers.contains(&asker) {
            askers.push(asker);
        }
        if let Some(key) = key {
            self.keys.insert(key, (unit, asker, kind));
        }
        kind
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_gateway_says_what_the_model_says_under_any_interleaving_of_failures(steps in proptest::collection::vec(step(), 1..40)) {
        let log = MemoryLog::default();
        let mut bench = Bench::new(Some(log.clone()));
        let mut model = Model::default();
        let mut fault = None;
        for step in steps {
            match step {
                Step::Fail(next) => {
                    log.fail(fault.is_none().then_some(Some(next)));
                    fault = fault.or(Some(next));
                }
                Step::Restart => bench.open(),
                Step::Pass => bench.pass(60_000),
                Step::Recall { lifted } => {
                    let order = Order::Live {
                        target: Selector::Product { product: "p".to_owned() },
                        life: Life::Recalled,
                        lifted,
                        at: None,
                        by: "test".to_owned(),
                        city: None,
                        reason: None,
                    };
                    let ordered = bench.runtime.block_on(bench.gateway().order(order));
                    prop_assert_eq!(ordered.is_ok(), fault.is_none());
                    if fault != Some(Fault::Lost) {
                        model.recalled = !lifted;
                    }
                    fault = None;
                }
                Step::Ask { unit, asker, key } => {
                    let name = key.map(|key| format!("{key}"));
                    let reply = bench.ask(bench.inquiry(unit, &format!("86{asker}"), name.as_deref()));
                    match key.and_then(|key| model.keys.get(&key).copied()) {
                        Some((known, _, _)) if known != unit => prop_assert_eq!(reply, Err(Refusal::Conflict)),
                        Some((_, _, kind)) => {
                            let reply = reply.unwrap();
                            prop_assert!(reply.replayed);
                            prop_assert_eq!(reply.answers[0].verdict.kind(), kind);
                        }
                        None => match fault.take() {
                            None => {
                                let reply = reply.unwrap();
                                prop_assert!(!reply.replayed);
                                prop_assert_eq!(reply.answers[0].verdict.kind(), model.answer(unit, asker, key));
                            }
                            Some(Fault::Lost) => prop_assert!(reply.is_err()),
                            Some(Fault::Kept) => {
                                prop_assert!(reply.is_err());
                                model.answer(unit, asker, key);
                            }
                        },
                    }
                }
            }
        }
    }
}
