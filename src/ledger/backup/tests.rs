//! What a backup brings back, and which ones are refused.

use std::sync::atomic::{AtomicBool, Ordering};

use contract::{Identity, InquiryId};

use super::*;
use crate::ledger::checkpoint::Checkpoints;
use crate::ledger::histories::Changes;
use crate::ledger::keys::Keys;
use crate::ledger::log::Log as _;
use crate::ledger::memory;
use crate::ledger::segments::SegmentLog;

/// 2026-11-23T12:00:00Z; three hundred hours later it is December.
const START: Timestamp = Timestamp(1_795_435_200_000);

fn places(root: &Path) -> Places {
    Places {
        log: root.join("log"),
        histories: root.join("history.db"),
        checkpoints: root.join("second/checkpoints"),
        keys: root.join("keys"),
        sets: root.join("sets"),
    }
}

/// A ledger with its writers still open.
struct Living {
    dir: tempfile::TempDir,
    places: Places,
    log: SegmentLog,
    histories: SqliteHistories,
    keys: Keys,
}

fn living(events: u64) -> Living {
    let dir = tempfile::tempdir().unwrap();
    let places = places(dir.path());
    private_folder(&places.keys).unwrap();
    let master = Secret::create(&places.keys.join(MASTER)).unwrap();
    let keys = Keys::open(&places.keys, &master, START).unwrap();
    let mut log = SegmentLog::open(&places.log, STREAM).unwrap();
    memory::write(&mut log, START, events);
    audit::rebuild(&places.log, STREAM, &places.histories, &mut |_, _| {}).unwrap();
    let histories = SqliteHistories::open(&places.histories).unwrap();
    Checkpoints::open(&places.checkpoints, STREAM, &master).unwrap().sign(&log.head(), log.head().at).unwrap();
    fs::create_dir(&places.sets).unwrap();
    fs::write(places.sets.join("0abc.set"), b"an imported list").unwrap();
    Living { dir, places, log, histories, keys }
}

fn asker(keys: &Keys) -> u64 {
    let id = InquiryId { scope: String::new(), key: String::new(), valid_for: std::time::Duration::ZERO };
    keys.peppers().asker(&Identity::Phone("8613800138000".to_owned()), &id).current
}

fn made(living: &Living, to: &Path) -> Backup {
    backup(&living.places, to, START, &mut |_| {}).unwrap()
}

#[test]
fn a_backup_taken_beside_the_writer_brings_back_the_same_ledger() {
    let mut living = living(300);
    let digest = living.histories.digest().unwrap();
    let head = living.log.head();
    let to = living.dir.path().join("backups/today");
    let mut told = Vec::new();
    let backed_up = backup(&living.places, &to, START, &mut |name| told.push(name.to_owned())).unwrap();
    assert_eq!((backed_up.head_sequence, backed_up.head_hash.as_str()), (300, hex(&head.hash).as_str()));
    assert_eq!(told, backed_up.files.iter().map(|file| file.path.clone()).collect::<Vec<_>>());
    assert_eq!(told.iter().filter(|name| name.starts_with("log/")).count(), 2, "{told:?}");
    // What happens after the backup is no part of it.
    memory::write(&mut living.log, head.at, 5);

    let target = tempfile::tempdir().unwrap();
    let back = places(target.path());
    assert_eq!(restore(&to, &back).unwrap(), backed_up);
    assert_eq!(SegmentLog::open(&back.log, STREAM).unwrap().head(), head);
    let mut histories = SqliteHistories::open(&back.histories).unwrap();
    assert_eq!((histories.position().unwrap(), histories.digest().unwrap()), (300, digest));
    let master = Secret::load(&back.keys.join(MASTER)).unwrap();
    assert_eq!(asker(&Keys::open(&back.keys, &master, START).unwrap()), asker(&living.keys));
    let checkpoints = checkpoint::read_all(&back.checkpoints, STREAM, &checkpoint::verifying_key(&master)).unwrap();
    assert_eq!(audit::verify(&back.log, STREAM, &checkpoints, None, &mut |_, _| {}).unwrap().checkpoints, 1);
    assert_eq!(fs::read(back.sets.join("0abc.set")).unwrap(), b"an imported list");
    for (path, mode) in [(back.keys.clone(), 0o700), (back.keys.join(MASTER), 0o600), (to.join("keys"), 0o700)] {
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, mode, "{}", path.display());
    }
    for folder in [&back.log, &back.keys, &back.checkpoints, &back.sets] {
        let left = fs::read_dir(folder).unwrap().any(|entry| entry.unwrap().path().is_dir());
        assert!(!left, "{} holds what was staged", folder.display());
    }
}

#[test]
fn histories_of_which_a_run_is_missing_cannot_be_backed_up() {
    let living = living(300);
    let run = fs::read_dir(living.dir.path().join("history.runs")).unwrap().next().unwrap().unwrap().path();
    fs::remove_file(&run).unwrap();
    let to = living.dir.path().join("backup");
    let error = backup(&living.places, &to, START, &mut |_| {}).unwrap_err();
    assert!(matches!(&error, BackupError::Io { path, .. } if *path == run), "{error:?}");
}

#[test]
fn backups_fit_together_while_everything_is_being_written() {
    let Living { dir, places: from, mut log, mut histories, .. } = living(1);
    let master = Secret::load(&from.keys.join(MASTER)).unwrap();
    let mut checkpoints = Checkpoints::open(&from.checkpoints, STREAM, &master).unwrap();
    let done = AtomicBool::new(false);
    let backups = std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                // Seven hours each: months begin while backups are made.
                let at = log.head().at;
                memory::write(&mut log, at, 7);
                checkpoints.sign(&log.head(), log.head().at).unwrap();
                let position = log.head().sequence;
                histories.apply(&Changes { position, at: log.head().at, ..Changes::default() }).unwrap();
            }
        });
        let mut backups = Vec::new();
        let moved = |backups: &[Backup]| {
            backups.first().map(|one| one.head_sequence) != backups.last().map(|one| one.head_sequence)
        };
        while backups.len() < 8 || (!moved(&backups) && backups.len() < 200) {
            match backup(&from, &dir.path().join(format!("b{}", backups.len())), START, &mut |_| {}) {
                Ok(made) => backups.push(made),
                Err(error) => {
                    done.store(true, Ordering::Relaxed);
                    panic!("{error}: {error:?}");
                }
            }
        }
        done.store(true, Ordering::Relaxed);
        backups
    });
    let heads: Vec<u64> = backups.iter().map(|made| made.head_sequence).collect();
    assert!(heads.is_sorted() && heads.first() < heads.last(), "{heads:?}");
    for (n, made) in backups.iter().enumerate() {
        let to = dir.path().join(format!("r{n}"));
        assert_eq!(restore(&dir.path().join(format!("b{n}")), &places(&to)).unwrap(), *made);
    }
}

#[test]
fn a_ledger_that_was_never_asked_anything_can_be_backed_up() {
    let living = living(0);
    fs::remove_dir_all(&living.places.sets).unwrap();
    sqlite::remove(&living.places.histories).unwrap();
    let to = living.dir.path().join("backup");
    assert_eq!(made(&living, &to).head_sequence, 0);
    let target = tempfile::tempdir().unwrap();
    restore(&to, &places(target.path())).unwrap();
    assert_eq!(SegmentLog::open(&places(target.path()).log, STREAM).unwrap().head().sequence, 0);
}

#[test]
fn one_flipped_bit_in_any_file_is_refused_and_leaves_nothing_behind() {
    let living = living(20);
    let to = living.dir.path().join("backup");
    let backed_up = made(&living, &to);
    let target = tempfile::tempdir().unwrap();
    let back = places(target.path());
    for file in &backed_up.files {
        let path = to.join(&file.path);
        let sound = fs::read(&path).unwrap();
        for at in [0, sound.len() / 2, sound.len() - 1] {
            let mut broken = sound.clone();
            broken[at] ^= 1;
            fs::write(&path, &broken).unwrap();
            let error = restore(&to, &back).unwrap_err();
            assert!(matches!(&error, BackupError::Changed { path: named, .. } if *named == path), "{error}");
        }
        fs::write(&path, &sound[1..]).unwrap();
        assert!(matches!(restore(&to, &back), Err(BackupError::Changed { .. })), "{} is short", file.path);
        fs::remove_file(&path).unwrap();
        assert!(matches!(restore(&to, &back), Err(BackupError::Io { .. })), "{} is missing", file.path);
        fs::write(&path, &sound).unwrap();
    }
    assert_eq!(fs::read_dir(target.path()).unwrap().count(), 0);
    assert_eq!(restore(&to, &back).unwrap(), backed_up, "every change was taken back");
}

#[test]
fn a_changed_manifest_is_refused_or_tells_another_time_at_most() {
    let living = living(3);
    let to = living.dir.path().join("backup");
    let backed_up = made(&living, &to);
    let sound = fs::read(to.join(MANIFEST)).unwrap();
    for at in (0..sound.len()).step_by(5) {
        let mut broken = sound.clone();
        broken[at] ^= 1;
        fs::write(to.join(MANIFEST), &broken).unwrap();
        let target = tempfile::tempdir().unwrap();
        if let Ok(read) = restore(&to, &places(target.path())) {
            assert_eq!(Backup { made_at: START, ..read }, backed_up, "byte {at}");
        }
    }
}

#[test]
fn a_manifest_that_leads_out_of_the_backup_is_refused() {
    let living = living(3);
    let to = living.dir.path().join("backup");
    let backed_up = made(&living, &to);
    for path in ["../master.key", "log/../../x", "/etc/passwd", "log/", "keys/..", "other/x", "keys/master.key"] {
        let mut hostile = backed_up.clone();
        hostile.files.push(BackupFile { path: path.to_owned(), size: 0, sha256: String::new() });
        manifest::write(&to, &hostile).unwrap();
        let error = restore(&to, &places(&living.dir.path().join("back"))).unwrap_err();
        assert!(matches!(error, BackupError::Manifest { .. }), "{path}: {error}");
    }
    let keyless = Backup { files: Vec::new(), ..backed_up.clone() };
    manifest::write(&to, &keyless).unwrap();
    assert!(matches!(restore(&to, &places(to.as_path())), Err(BackupError::Manifest { .. })));
    let newer = Backup { schema: 2, ..backed_up };
    manifest::write(&to, &newer).unwrap();
    let error = restore(&to, &places(to.as_path())).unwrap_err();
    assert!(error.to_string().contains("expected schema 1, found 2"), "{error}");
}

#[test]
fn a_backup_whose_log_was_cut_with_its_manifest_is_found_by_its_checkpoint() {
    let living = living(20);
    let to = living.dir.path().join("backup");
    let mut forged = made(&living, &to);
    let file = forged.files.iter_mut().find(|file| file.path.starts_with("log/")).unwrap();
    let segment = to.join(&file.path);
    let connection = sqlite::open(&segment, sqlite::Durability::Log, &[""]).unwrap();
    connection.execute("DELETE FROM event WHERE sequence > 18", []).unwrap();
    drop(connection);
    (file.size, file.sha256) = hashed(&segment).unwrap();
    (forged.head_sequence, forged.head_hash) =
        head_of(&to.join("log")).map(|(sequence, hash)| (sequence, hex(&hash))).unwrap();
    manifest::write(&to, &forged).unwrap();
    let target = tempfile::tempdir().unwrap();
    let back = places(target.path());
    let error = restore(&to, &back).unwrap_err();
    assert!(matches!(error, BackupError::Log(LogError::Damaged { sequence: 19, .. })), "{error:?}");
    assert!(!back.histories.exists());
    assert_eq!(fs::read_dir(&back.log).unwrap().count(), 0, "nothing was put in place");
    let good = living.dir.path().join("good");
    made(&living, &good);
    restore(&good, &back).unwrap();
}

#[test]
fn histories_that_know_more_than_the_log_are_refused() {
    let living = living(3);
    let to = living.dir.path().join("backup");
    let mut forged = made(&living, &to);
    let path = to.join("history.db");
    SqliteHistories::open(&path).unwrap().apply(&Changes { position: 4, ..Changes::default() }).unwrap();
    let file = forged.files.iter_mut().find(|file| file.path == "history.db").unwrap();
    (file.size, file.sha256) = hashed(&path).unwrap();
    manifest::write(&to, &forged).unwrap();
    let error = restore(&to, &places(&living.dir.path().join("back"))).unwrap_err();
    assert!(error.to_string().contains("its histories know event 4, its log ends with 3"), "{error}");
}

#[test]
fn nothing_is_ever_written_over() {
    let living = living(3);
    let to = living.dir.path().join("backup");
    fs::create_dir(&to).unwrap();
    fs::write(to.join("x"), b"").unwrap();
    let refused = backup(&living.places, &to, START, &mut |_| {});
    assert!(matches!(refused, Err(BackupError::NotEmpty { path }) if path == to));
    fs::remove_file(to.join("x")).unwrap();
    made(&living, &to);
    for taken in ["log/x", "history.db", "history.db-wal", "second/checkpoints/x", "keys/x", "sets/x"] {
        let target = tempfile::tempdir().unwrap();
        let path = target.path().join(taken);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, b"theirs").unwrap();
        let error = restore(&to, &places(target.path())).unwrap_err();
        assert!(matches!(error, BackupError::NotEmpty { .. }), "{taken}: {error}");
        assert_eq!(fs::read(&path).unwrap(), b"theirs");
    }
}

#[test]
fn a_backup_that_was_never_finished_is_refused() {
    let living = living(3);
    let to = living.dir.path().join("backup");
    made(&living, &to);
    fs::remove_file(to.join(MANIFEST)).unwrap();
    let error = restore(&to, &places(&living.dir.path().join("back"))).unwrap_err();
    assert!(matches!(error, BackupError::Incomplete { .. }), "{error}");
}

#[test]
fn a_key_that_is_being_destroyed_is_left_out_but_the_master_key_is_needed() {
    let living = living(3);
    fs::write(living.places.keys.join("route-2026-11-22.key"), [0; 65]).unwrap();
    let backed_up = made(&living, &living.dir.path().join("backup"));
    assert!(backed_up.files.iter().all(|file| !file.path.contains("route-")));
    assert!(backed_up.files.iter().any(|file| file.path.starts_with("keys/pepper-")));
    fs::remove_file(living.places.keys.join(MASTER)).unwrap();
    let to = living.dir.path().join("keyless");
    let refused = backup(&living.places, &to, START, &mut |_| {});
    assert!(matches!(refused, Err(BackupError::Key(_))));
    assert!(matches!(restore(&to, &places(&living.dir.path().join("back"))), Err(BackupError::Incomplete { .. })));
}
