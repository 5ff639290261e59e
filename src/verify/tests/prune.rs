//! A kill at every step of dropping what is too old: the log is whole, nothing is lost, and the next run ends what was begun.
//!
//! Each step is left as the files of a folder stand after it, with whatever a running gateway has not written yet.

use std::fs;
use std::path::PathBuf;

use super::*;
use crate::ledger::audit;
use crate::ledger::checkpoint::{read_all, signing_key, verifying_key};
use crate::ledger::event::Event;
use crate::ledger::log::LogReader as _;
use crate::ledger::retention::Retention;
use crate::ledger::retention::reduce::{Due, due, reduce};
use crate::ledger::retention::whole::archive;
use crate::ledger::segments::SegmentReader;

const KEPT: Duration = Duration::from_secs(62 * 24 * 60 * 60);

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let (kind, to) = (entry.file_type().unwrap(), to.join(entry.file_name()));
        if kind.is_dir() {
            copy(&entry.path(), &to);
        } else if kind.is_file() {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

/// What a kill leaves now.
fn killed(folder: &Path) -> tempfile::TempDir {
    let image = tempfile::tempdir().unwrap();
    copy(folder, image.path());
    image
}

fn log_of(dir: &Path) -> PathBuf {
    Folder::all_in(dir).log()
}

fn files(dir: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn master(dir: &Path) -> Secret {
    Secret::load(&Folder::all_in(dir).master()).unwrap()
}

/// A unit asked about a hundred days ago, and two today.
struct Old {
    bench: Bench,
    receipt: Receipt,
    /// The file of the old segment.
    whole: String,
    /// Its last event.
    last: u64,
}

impl Old {
    fn new() -> Self {
        let bench = Bench::new(None);
        bench.kind(0, "861");
        bench.pass(100 * DAY);
        // Of the first event after a reduced segment nothing tells which receipt it gave out.
        bench.kind(2, "863");
        let receipt = bench.ask(bench.inquiry(1, "862", None)).unwrap().receipt.unwrap();
        let whole = files(&log_of(bench.dir.path())).into_iter().find(|name| name.ends_with(".db")).unwrap();
        let mut old = Self { bench, receipt, whole, last: 0 };
        old.last = old.due(old.bench.dir.path()).last;
        old
    }

    fn due(&self, image: &Path) -> Due {
        let now = Timestamp(self.bench.time.load(Ordering::SeqCst));
        due(&log_of(image), 0, KEPT, now).unwrap().remove(0)
    }

    fn up(&self, image: tempfile::TempDir, log_days: Option<u64>) -> Bench {
        let archive = Some(image.path().join("archive"));
        let mut bench = Bench {
            dir: image,
            time: Arc::new(AtomicI64::new(self.bench.time.load(Ordering::SeqCst))),
            log: None,
            quotas: Quotas::wide(),
            gateway: None,
            runtime: tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap(),
            numbers: self.bench.numbers.clone(),
        };
        bench.open_with(Retention { log_days, archive, ..Retention::default() });
        bench
    }

    fn stands(&self, bench: &Bench) {
        assert_eq!(bench.kind(0, "861"), VerdictKind::GenuineAgain);
        assert_eq!(bench.kind(1, "862"), VerdictKind::GenuineAgain);
        let asker = Asker::new(Identity::Phone("869".to_owned()), Role::Shopper);
        assert!(bench.runtime.block_on(bench.gateway().receipt(self.receipt, asker)).unwrap().is_some());
    }

    /// Comes up from what was left, and ends what was begun.
    fn goes_on(&self, image: tempfile::TempDir, step: &str) {
        let mut bench = self.up(image, Some(62));
        self.stands(&bench);
        let pruned = bench.runtime.block_on(bench.gateway().prune("test", false, 9)).unwrap();
        assert_eq!(pruned.left, 0, "{step}");
        self.stands(&bench);
        assert_eq!(bench.kind(0, "869"), VerdictKind::GenuineSeen, "{step}");
        bench.same_when_rebuilt();
        let dir = bench.dir.path();
        let names = files(&log_of(dir));
        assert!(!names.iter().any(|name| name.starts_with(&self.whole) || name.contains(".new")), "{step}: {names:?}");
        assert_eq!(names.iter().filter(|name| name.ends_with("kept.db")).count(), 1, "{step}: {names:?}");
        let mut reader = SegmentReader::new(&log_of(dir), 0);
        let rare = reader.after(0, true, usize::MAX).unwrap();
        let told = rare.iter().filter(|row| matches!(row.event(), Ok(Event::Reduced(_)))).count();
        assert_eq!(told, 1, "{step}: the log says so once");
        let key = verifying_key(&master(dir));
        let signed = read_all(&Folder::all_in(dir).checkpoints, 0, &key).unwrap();
        let proven = audit::verify(&log_of(dir), 0, &signed, Some(&key), &mut |_, _| {}).unwrap();
        assert_eq!(proven.reduced.0, 1, "{step}");
        assert_eq!(files(&dir.join("archive")), [self.whole.as_str()], "{step}");
        let archived = SegmentReader::new(&dir.join("archive"), 0).last().unwrap();
        assert_eq!(archived, Some(self.last), "{step}: the archive has it whole");
    }
}

#[test]
fn a_kill_at_any_step_of_dropping_a_segment_loses_nothing_and_the_next_run_ends_it() {
    let old = Old::new();
    let before = killed(old.bench.dir.path());
    // The histories on disk stand at nothing yet: nobody stopped this gateway well.
    old.goes_on(killed(before.path()), "before anything");

    let running = old.up(killed(before.path()), Some(62));
    running.runtime.block_on(running.gateway().prune("test", false, 9)).unwrap();
    let ended = killed(running.dir.path());
    drop(running);
    old.goes_on(killed(ended.path()), "after everything");

    old.bench.order(Order::Checkpoint);
    let begun = killed(old.bench.dir.path());
    let left = |files: &dyn Fn(&Path)| {
        let image = killed(begun.path());
        files(image.path());
        image
    };
    let half = |from: &Path, to: &Path| {
        let bytes = fs::read(from).unwrap();
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::write(to, &bytes[..bytes.len() / 2]).unwrap();
    };
    let copied = |at: &Path| archive(&old.due(at), &at.join("archive")).unwrap();
    let stem = old.whole.strip_suffix(".db").unwrap();
    let kept = log_of(ended.path()).join(format!("{stem}.kept.db"));

    old.goes_on(left(&|_| {}), "the histories are on disk");
    let copying = |at: &Path| half(&log_of(at).join(&old.whole), &at.join(format!("archive/{}.new", old.whole)));
    old.goes_on(left(&copying), "half copied into the archive");
    old.goes_on(left(&copied), "copied into the archive");
    let reducing = |at: &Path| {
        copied(at);
        half(&kept, &log_of(at).join(format!("{stem}.kept.new")));
        half(&kept, &log_of(at).join(format!("{stem}.kept.new-wal")));
    };
    old.goes_on(left(&reducing), "half reduced");
    let reduced = |at: &Path| {
        copied(at);
        reduce(&log_of(at), 0, &old.due(at), &signing_key(&master(at))).unwrap();
    };
    old.goes_on(left(&reduced), "reduced and not recorded");
    let after = |what: &[&str]| {
        let image = killed(ended.path());
        for end in what {
            let name = format!("{}{end}", old.whole);
            // Where the running gateway had moved all of it into the database there is no WAL to leave.
            drop(fs::copy(log_of(begun.path()).join(&name), log_of(image.path()).join(&name)));
            fs::OpenOptions::new().create(true).append(true).open(log_of(image.path()).join(&name)).unwrap();
        }
        image
    };
    old.goes_on(after(&["", "-wal", "-shm"]), "recorded and not removed");
    old.goes_on(after(&["-wal", "-shm"]), "half removed");
}

#[test]
fn what_was_begun_is_ended_though_the_log_is_now_kept_for_good() {
    let old = Old::new();
    old.bench.order(Order::Checkpoint);
    let image = killed(old.bench.dir.path());
    reduce(&log_of(image.path()), 0, &old.due(image.path()), &signing_key(&master(image.path()))).unwrap();
    assert!(log_of(image.path()).join(&old.whole).exists());
    let bench = old.up(image, None);
    let prune = |dry| bench.runtime.block_on(bench.gateway().prune("test", dry, 9)).unwrap();
    assert!(prune(true).done.is_empty(), "a dry run changes nothing");
    assert!(log_of(bench.dir.path()).join(&old.whole).exists());
    let pruned = prune(false);
    assert_eq!((pruned.for_good, pruned.done.len()), (true, 1));
    assert!(!log_of(bench.dir.path()).join(&old.whole).exists());
    old.stands(&bench);
}
