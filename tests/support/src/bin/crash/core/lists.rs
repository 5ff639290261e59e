//! Imported lists under load: taken in, asked about, recalled and taken out again.
//!
//! Owns the lists and their orders. A list is written outside the disk whose power is cut; sorting it, the file that comes
//! out and the taking over are on that disk. Most lists span several blocks of a set file.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use contract::{Given, Life, Number};
use verigate::index::Index as _;
use verigate::index::catalogue::Selector;
use verigate::index::import::row::Fixed;
use verigate::index::import::source::Encoding;
use verigate::index::import::{self, Begun, Progress, Watch, Workshop};
use verigate::index::sets::hex;
use verigate::ledger::writer::{ImportOrder, Order, OrderError, Outcome};

use super::{Core, digits, tell};
use crate::book::Line;
use crate::disk::Luck;

/// More sets than this do not stand: one is taken out.
const STANDING: usize = 3;
/// The most numbers of a list.
const LONGEST: usize = 700;
/// Of so many of a list's numbers one is looked for.
const LOOKED_FOR: usize = 37;

/// Hears nothing.
struct Silent;

impl Watch for Silent {
    fn begun(&mut self, _: &Begun) {}

    fn progress(&mut self, _: Progress) -> bool {
        true
    }

    fn rejected(&mut self, _: u64, _: &str) -> std::io::Result<()> {
        Ok(())
    }
}

/// Takes a list in and tells it, or takes one out; the numbers that can be asked about now.
pub(super) async fn change(core: &Arc<Core>, nth: u64, luck: &mut Luck) -> Result<Vec<String>, OrderError> {
    let standing = core.gateway.register().sets().snapshot();
    if let Some(oldest) = standing.sets.first().filter(|_| standing.sets.len() > STANDING) {
        let set = oldest.set;
        tell(&Line::Removing(set));
        core.gateway.order(Order::Remove { set, by: "crash".to_owned(), reason: None }).await?;
        tell(&Line::Removed(set));
    }
    let products = core.gateway.catalogue().products();
    let Some(product) = products.get(luck.below(products.len())) else { return Ok(Vec::new()) };
    let numbers: Vec<String> = (0..=luck.below(LONGEST)).map(|of| number(core.task.seed, nth, of)).collect();
    let (own, product, listed) = (Arc::clone(core), product.id.clone(), numbers.clone());
    let sorted = tokio::task::spawn_blocking(move || sort(&own, nth, product, &listed)).await;
    let (workshop, order) = match sorted {
        Ok(Ok(sorted)) => sorted,
        // A disk that is failing or full.
        Ok(Err(_)) => {
            tell(&Line::Refused);
            return Ok(Vec::new());
        }
        Err(error) => {
            tell(&Line::Fault(format!("an import panicked: {error}")));
            return Ok(Vec::new());
        }
    };
    let outcome = core.gateway.order(Order::Import(order)).await;
    drop(workshop);
    // The same list again where the last core was cut before it could tell: it stands already.
    let (Outcome::Imported { set, .. } | Outcome::Known { set }) = outcome? else { return Ok(Vec::new()) };
    tell(&Line::Imported { set, numbers: numbers.clone() });
    core.gateway.order(live(set, Life::Activated)).await?;
    if luck.below(4) == 0 {
        core.gateway.order(live(set, Life::Recalled)).await?;
        tell(&Line::SetRecalled(set));
    }
    Ok(numbers)
}

fn live(set: u64, life: Life) -> Order {
    let (by, reason) = ("crash".to_owned(), None);
    Order::Live { target: Selector::Set { set }, life, lifted: false, at: None, by, city: None, reason }
}

/// The n-th number of the n-th list of a core: sixteen digits, which none of our own has, and no GTIN in them.
fn number(seed: u64, nth: u64, of: usize) -> String {
    let mut luck = Luck::new(seed ^ (nth << 32));
    format!("9{:03}{:05}{of:07}", luck.below(1_000), luck.below(100_000))
}

/// As the command does: read, sorted and compared beside the gateway.
fn sort(core: &Core, nth: u64, product: String, numbers: &[String]) -> anyhow::Result<(Workshop, ImportOrder)> {
    let list: PathBuf = core.task.scratch.join(format!("list-{nth}"));
    std::fs::write(&list, numbers.join("\n"))?;
    let order = import::Order {
        list,
        columns: None,
        fixed: Fixed { product: Some(product), ..Fixed::default() },
        encoding: Encoding::Utf8,
        // Some two hundred rows: a list of more makes several runs.
        memory: 8_192,
    };
    let sets = core.gateway.register().sets();
    let against = sets.last();
    let known: Vec<_> =
        sets.snapshot().sets.iter().filter_map(|set| Some((set.set, Arc::clone(set.file()?)))).collect();
    let workshop = Workshop::open(&core.gateway.folder().sets())?;
    let made = import::import(&order, &workshop, &known, true, &mut Silent)?.made.context("a list makes a file")?;
    let (source, by) = (format!("list-{nth}"), "crash".to_owned());
    Ok((workshop, ImportOrder { hash: hex(&made.hash), against, source, by }))
}

/// Every set that was told of is there, whole and to the last number, and every one that was taken out is not; how many.
pub(super) async fn look(core: &Core) -> u64 {
    let register = core.gateway.register();
    let standing = register.sets().snapshot();
    let mut looked_for = 0;
    for set in &standing.sets {
        let whole = set.file().map(|file| file.verify(&set.hash, &mut |_| true));
        if !matches!(whole, Some(Ok(()))) {
            tell(&Line::Lost(format!("the file of set {}: {whole:?}", set.set)));
        }
    }
    for (set, numbers) in &core.book.sets {
        looked_for += 1;
        let stands = standing.set(*set).is_some();
        if core.book.removed.contains(set) {
            if stands {
                tell(&Line::Lost(format!("set {set} was taken out, and stands")));
            }
            continue;
        }
        // A removal that was not acknowledged may have been recorded.
        if !stands && core.book.removing.contains(set) {
            continue;
        }
        let last = numbers.len().saturating_sub(1);
        let held = numbers.iter().step_by(LOOKED_FOR).chain(numbers.get(last));
        let missing = held.filter(|number| register.find(&digits(number)).unit().is_none()).count();
        if !stands || missing > 0 {
            tell(&Line::Lost(format!("set {set} stands: {stands}; {missing} of its numbers are not found")));
        } else if core.book.recalled_sets.contains(set) {
            recalled(core, *set, numbers.first()).await;
        }
    }
    looked_for
}

async fn recalled(core: &Core, set: u64, number: Option<&String>) {
    let given = Given::alone(Number::Digits(number.cloned().unwrap_or_default()));
    let verdict = core.gateway.inspect(&given).await.map(|(inspected, _)| inspected.verdict);
    if verdict.as_deref() != Ok("recalled") {
        tell(&Line::Lost(format!("set {set} was recalled, and its first number is {verdict:?}")));
    }
}
