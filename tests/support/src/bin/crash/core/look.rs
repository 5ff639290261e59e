//! Looking for everything in the book, and proving log and histories, before any new work.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use contract::{Channel, EventTime, Given, InquiryId, Life, LifeReport, Role, Timestamp, Verify as _};
use verigate::ledger::audit;
use verigate::ledger::backup::{Places, restore};
use verigate::ledger::checkpoint::{read_all, verifying_key};
use verigate::ledger::folder::Folder;
use verigate::ledger::histories::{Histories as _, SqliteHistories};
use verigate::ledger::writer::Order;
use verigate::secret::Secret;

use super::{Core, VALID_FOR, digits, lists, tell};
use crate::book::Line;
use crate::proof;

/// An owed reply is of use for so long, in milliseconds, with an hour to spare.
const OWED_FOR: i64 = 47 * 3_600_000;

/// Looks for all of it and tells what is wrong; an error where something cannot even be asked.
pub(super) async fn all(core: &Arc<Core>) -> anyhow::Result<()> {
    let looked_for =
        answers(core).await + catalogue(core).await + lists::look(core).await + sales(core).await + owed(core).await?;
    backups(core)?;
    core.gateway.order(Order::Checkpoint).await?;
    let (events, checkpoints) = whole(core)?;
    for question in core.book.open.values() {
        match core.ask(question).await {
            Ok((told, _)) => tell(&Line::Told(question.clone(), told)),
            Err(refusal) => tell(&Line::Fault(format!("{} is refused: {refusal}", question.key))),
        }
    }
    tell(&Line::Proven { events, checkpoints, looked_for });
    Ok(())
}

async fn answers(core: &Core) -> u64 {
    let mut looked_for = 0;
    for (question, before) in &core.book.told {
        looked_for += 1;
        match core.ask(question).await {
            Ok((now, true)) if now == *before => {}
            other => tell(&Line::Lost(format!("{question:?} was told {before:?}, and now {other:?}"))),
        }
    }
    looked_for
}

async fn catalogue(core: &Core) -> u64 {
    let catalogue = core.gateway.catalogue();
    let mut looked_for = 0;
    for (batch, numbers) in &core.book.batches {
        looked_for += 1;
        let found = catalogue.batch(*batch).map(|batch| catalogue.numbers(&batch, 0).collect::<Vec<_>>());
        if found.as_ref() != Some(numbers) {
            tell(&Line::Lost(format!("batch {batch} held {numbers:?}, and now {found:?}")));
        }
    }
    for batch in &core.book.recalled {
        looked_for += 1;
        let Some(number) = core.book.batches.get(batch).and_then(|numbers| numbers.first()) else { continue };
        let given = Given::alone(digits(number));
        let verdict = core.gateway.inspect(&given).await.map(|(inspected, _)| inspected.verdict);
        if verdict.as_deref() != Ok("recalled") {
            tell(&Line::Lost(format!("batch {batch} was recalled, and its first number is {verdict:?}")));
        }
    }
    for product in &core.book.products {
        looked_for += 1;
        if catalogue.product(product).is_none() {
            tell(&Line::Lost(format!("product {product}")));
        }
    }
    looked_for
}

/// A report that the same key makes the same.
pub(super) fn sale(key: &str, code: &str, at: i64) -> LifeReport {
    LifeReport {
        id: InquiryId { scope: "crash/sales".to_owned(), key: key.to_owned(), valid_for: VALID_FOR },
        client: "till".to_owned(),
        role: Role::Trade,
        life: Life::Sold,
        lifted: false,
        numbers: vec![digits(code)],
        at: EventTime::exact(Timestamp(at)),
        place: None,
        reason: None,
    }
}

async fn sales(core: &Core) -> u64 {
    let mut looked_for = 0;
    for (key, code, at, sequence) in &core.book.sold {
        looked_for += 1;
        match core.gateway.report(sale(key, code, *at)).await {
            Ok(reported) if reported.replayed && reported.position.sequence == *sequence => {}
            other => tell(&Line::Lost(format!("sale {key} stood at {sequence}, and now {other:?}"))),
        }
    }
    looked_for
}

async fn owed(core: &Core) -> anyhow::Result<u64> {
    let now = core.clock.now().0;
    let owed = core.gateway.owed(Channel::Sms, usize::MAX).await?;
    let owed: BTreeSet<u64> = owed.into_iter().map(|owed| owed.position.sequence).collect();
    let delivered: BTreeSet<u64> = core.book.delivered.iter().copied().collect();
    for sequence in owed.intersection(&delivered) {
        tell(&Line::Doubled(format!("the reply of event {sequence} was delivered and is owed again")));
    }
    let mut looked_for = u64::try_from(delivered.len()).unwrap_or(0);
    for (question, told) in &core.book.told {
        let is_due = question.is_routed && now < told.at + OWED_FOR && !delivered.contains(&told.sequence);
        looked_for += u64::from(is_due);
        // A delivery that was not acknowledged may have been recorded.
        if is_due && !owed.contains(&told.sequence) && !core.book.is_delivering(told.sequence) {
            tell(&Line::Lost(format!("the reply of event {} is owed no longer", told.sequence)));
        }
    }
    Ok(looked_for)
}

fn places(folder: &Folder) -> Places {
    Places {
        log: folder.log(),
        histories: folder.histories(),
        checkpoints: folder.checkpoints.clone(),
        keys: folder.keys.clone(),
        sets: folder.data.join("sets"),
    }
}

/// Makes a backup of the running core in a folder beside its data; the last event in it.
pub(super) fn back_up(core: &Core, name: &str) -> Result<u64, String> {
    let from = places(core.gateway.folder());
    let made = verigate::ledger::backup::backup(&from, &beside(core, name), core.clock.now(), &mut |_| {});
    made.map(|made| made.head_sequence).map_err(|error| error.to_string())
}

fn beside(core: &Core, name: &str) -> std::path::PathBuf {
    core.task.dir.with_file_name(name)
}

/// Every backup that was finished can be brought back; it is removed then.
fn backups(core: &Core) -> anyhow::Result<()> {
    for (name, head) in &core.book.backups {
        let into = core.task.scratch.join("restored");
        remove(&into)?;
        match restore(&beside(core, name), &places(&Folder::all_in(&into))) {
            Ok(made) if made.head_sequence == *head => {}
            other => tell(&Line::Lost(format!("backup {name} up to event {head}: {other:?}"))),
        }
        remove(&into)?;
    }
    Ok(())
}

fn remove(folder: &Path) -> std::io::Result<()> {
    if folder.exists() { std::fs::remove_dir_all(folder) } else { Ok(()) }
}

/// The chain with its checkpoints, no id and no first twice, and histories folded anew.
fn whole(core: &Core) -> anyhow::Result<(u64, usize)> {
    let folder = core.gateway.folder();
    let key = verifying_key(&Secret::load(&folder.master())?);
    let signed = match read_all(&folder.checkpoints, 0, &key) {
        Ok(signed) => signed,
        Err(error) => {
            tell(&Line::Fault(error.to_string()));
            Vec::new()
        }
    };
    if signed.last().map_or(0, |last| last.sequence) < core.book.checkpointed {
        tell(&Line::Lost(format!("the checkpoint of event {}", core.book.checkpointed)));
    }
    let (events, checkpoints) = match audit::verify(&folder.log(), 0, &signed, None, &mut |_, _| {}) {
        Ok(verified) => (verified.events, verified.checkpoints),
        Err(error) => {
            tell(&Line::Fault(error.to_string()));
            (0, 0)
        }
    };
    let mut proof = proof::Proof::default();
    proof::recorded(folder, &mut proof)?;
    for fault in proof.faults {
        tell(&if proof.two_firsts > 0 { Line::TwoFirsts(fault) } else { Line::Doubled(fault) });
    }
    let anew = core.task.scratch.join("anew.db");
    audit::rebuild(&folder.log(), 0, &anew, &mut |_, _| {})?;
    let (live, anew) = (SqliteHistories::open(&folder.histories())?.digest()?, SqliteHistories::open(&anew)?.digest()?);
    if live != anew {
        tell(&Line::Fault("histories folded anew differ from those that were written along the way".to_owned()));
    }
    Ok((events, checkpoints))
}
