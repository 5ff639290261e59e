//! What the folder itself says once the program has ended: read from the log, not from the program.

use std::collections::{HashMap, HashSet};

use contract::Verdict;
use support::drive::is_stock;
use verigate::ledger::audit;
use verigate::ledger::checkpoint::{read_all, verifying_key};
use verigate::ledger::event::Event;
use verigate::ledger::folder::Folder;
use verigate::ledger::histories::{Histories as _, SqliteHistories};
use verigate::ledger::log::LogReader as _;
use verigate::ledger::segments::SegmentReader;
use verigate::secret::Secret;

use crate::load::Answered;
use crate::wire::Asked;

/// The stream of the ledger.
const STREAM: u32 = 0;
/// Rows read at a time.
const CHUNK: usize = 2_000;

/// What was found.
#[derive(Debug, Default)]
pub(crate) struct Proof {
    pub(crate) events: u64,
    pub(crate) checkpoints: usize,
    pub(crate) doubled: u64,
    pub(crate) two_firsts: u64,
    pub(crate) is_whole: bool,
    pub(crate) is_rebuilt: bool,
    pub(crate) faults: Vec<String>,
}

/// Reads the whole log and folds it anew.
pub(crate) fn prove(folder: &Folder, said: &[(Asked, Answered)]) -> anyhow::Result<Proof> {
    let mut proof = Proof::default();
    acknowledged(said, &mut proof);
    let of_stock = recorded(folder, &mut proof)?;
    if of_stock != said.len() {
        proof.faults.push(format!("{} inquiries were answered, {of_stock} stand in the log", said.len()));
    }
    let key = verifying_key(&Secret::load(&folder.master())?);
    let signed = read_all(&folder.checkpoints, STREAM, &key)?;
    match audit::verify(&folder.log(), STREAM, &signed, None, &mut |_, _| {}) {
        Ok(verified) => {
            proof.events = verified.events;
            proof.checkpoints = verified.checkpoints;
            proof.is_whole = true;
        }
        Err(error) => proof.faults.push(error.to_string()),
    }
    let live = SqliteHistories::open(&folder.histories())?.digest()?;
    audit::rebuild(&folder.log(), STREAM, &folder.histories(), &mut |_, _| {})?;
    proof.is_rebuilt = SqliteHistories::open(&folder.histories())?.digest()? == live;
    if !proof.is_rebuilt {
        proof.faults.push("histories folded anew differ from those that were written along the way".to_owned());
    }
    Ok(proof)
}

/// What the askers hold in their hands.
fn acknowledged(said: &[(Asked, Answered)], proof: &mut Proof) {
    let mut receipts: HashMap<&str, &str> = HashMap::new();
    let mut firsts: HashMap<&str, &str> = HashMap::new();
    for (asked, answer) in said {
        if let Some(other) = receipts.insert(&answer.receipt, &asked.key) {
            proof.doubled += 1;
            proof.faults.push(format!("{other} and {} hold one receipt", asked.key));
        }
        if answer.verdict == "genuine_first"
            && let Some(other) = firsts.insert(&asked.code, &asked.key)
        {
            proof.two_firsts += 1;
            proof.faults.push(format!("{other} and {} were both told genuine_first", asked.key));
        }
    }
}

/// What stands in the log: no id and no first twice; how many inquiries were about our own numbers.
pub(crate) fn recorded(folder: &Folder, proof: &mut Proof) -> anyhow::Result<usize> {
    let mut reader = SegmentReader::new(&folder.log(), STREAM);
    let mut after = 0;
    let (mut ids, mut firsts) = (HashSet::new(), HashSet::new());
    let mut of_stock = 0;
    loop {
        let rows = reader.after(after, false, CHUNK)?;
        let Some(last) = rows.last() else { break };
        after = last.sequence;
        for row in &rows {
            let Event::Inquiry(inquiry) = row.event()? else { continue };
            if let Some(id) = &inquiry.id
                && !ids.insert(*id.id)
            {
                proof.doubled += 1;
                proof.faults.push(format!("event {} has the id of an earlier one", row.sequence));
            }
            of_stock += usize::from(inquiry.checks.iter().filter_map(|check| check.unit.as_ref()).any(is_stock));
            for check in &inquiry.checks {
                if let (Verdict::GenuineFirst, Some(unit)) = (&check.verdict, check.unit)
                    && !firsts.insert(unit)
                {
                    proof.two_firsts += 1;
                    proof.faults.push(format!("event {} is a second genuine_first of its unit", row.sequence));
                }
            }
        }
    }
    Ok(of_stock)
}
