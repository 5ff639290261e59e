//! What admitting one check costs: `scripts/bench admission`.
//!
//! An asker out of a million at random asks, and what came of it is taken in, each time a tenth of a millisecond later. To look
//! at; what must hold is a row of `scripts/bench guard`.

use contract::Timestamp;
use criterion::{Criterion, criterion_group, criterion_main};
use support::admitting::{ASKERS, Admitting};
use support::drive::Chance;

/// 2026-11-23T00:00:00Z.
const START: i64 = 1_795_392_000_000;

fn admission(criterion: &mut Criterion) {
    let admitting = Admitting::new().expect("the section [quotas] takes a number of askers");
    admitting.fill(Timestamp(START));
    let (mut chance, mut asked) = (Chance::new(7), 0_i64);
    criterion.bench_function("admission of one check", |bencher| {
        bencher.iter(|| {
            asked += 1;
            let n = chance.below(usize::try_from(ASKERS).unwrap_or(0)) as u64;
            admitting.ask(n, 2, Timestamp(START + 3_600_000 + asked / 10))
        });
    });
}

criterion_group!(benches, admission);
criterion_main!(benches);
