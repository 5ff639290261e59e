//! The disk as a file system of the machine's (FUSE), which fails when it is told to and whose power goes at a chosen
//! operation: the process that writes to it is killed before that operation has an outcome.
//!
//! Files are read and written without the kernel's page cache, so that nothing is durable or readable but what `disk.rs`
//! says; only the WAL index (`-shm`), which SQLite maps into memory, goes through it. Nothing here may be read or mapped
//! by the process that serves it. Knows nothing of what is stored.

mod served;

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, UNIX_EPOCH};

use fuser::{BackgroundSession, Config, Errno, FileAttr, FileType, FopenFlags, INodeNo, MountOption, Request};

use self::served::Served;
use super::{Body, Disk, Luck, Node, ROOT};

/// What an empty disk holds.
const SIZE: usize = 1 << 34;
/// The longest that a slow sync takes, in milliseconds.
const SLOW: usize = 20;
/// Most operations that are noted.
const NOTED: usize = 100_000;

/// What goes wrong, by chance in a thousand operations of its kind.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Faults {
    /// A sync fails with EIO; what it should have written is half there, and counts as clean.
    pub(crate) sync: usize,
    /// A write fails with EIO.
    pub(crate) write: usize,
    /// A write finds no room.
    pub(crate) room: usize,
    /// A sync takes up to 20 ms.
    pub(crate) slow: usize,
    /// Reads of files with this ending fail.
    pub(crate) unreadable: Option<&'static str>,
}

/// What kills the process that writes.
pub(crate) type Kill = Box<dyn Fn() + Send>;

struct State {
    disk: Disk,
    luck: Luck,
    faults: Faults,
    /// No more bytes than this.
    room: usize,
    /// Operations until the power goes.
    left: Option<(u64, Kill)>,
    is_dead: bool,
    /// What was done since it was last armed, for whoever looks for the cause of a fault.
    done: Vec<String>,
}

/// The disk where processes find it.
pub(crate) struct Mounted {
    path: PathBuf,
    state: Arc<Mutex<State>>,
    session: Option<BackgroundSession>,
}

impl Mounted {
    pub(crate) fn at(path: &Path, seed: u64) -> anyhow::Result<Self> {
        std::fs::create_dir_all(path)?;
        let state = State {
            disk: Disk::new(),
            luck: Luck::new(seed),
            faults: Faults::default(),
            room: SIZE,
            left: None,
            is_dead: false,
            done: Vec::new(),
        };
        let state = Arc::new(Mutex::new(state));
        let mut config = Config::default();
        config.mount_options = vec![MountOption::FSName("verigate-crash".to_owned()), MountOption::NoAtime];
        let session = fuser::spawn_mount(Served(Arc::clone(&state)), path, &config)?;
        Ok(Self { path: path.to_owned(), state, session: Some(session) })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn faults(&self, faults: Faults) {
        self.state().faults = faults;
    }

    /// Leaves so much room beyond what is used; `None` empties the rest of the machine.
    pub(crate) fn room(&self, room: Option<usize>) {
        let mut state = self.state();
        state.room = room.map_or(SIZE, |room| state.disk.used() + room);
    }

    /// The power goes at this many changes from now.
    pub(crate) fn arm(&self, changes: u64, kill: Kill) {
        let mut state = self.state();
        state.left = Some((changes, kill));
        state.done.clear();
    }

    /// What was done since then, a line for every operation.
    pub(crate) fn done(&self) -> String {
        self.state().done.join("\n")
    }

    /// Whether it has gone.
    pub(crate) fn is_dead(&self) -> bool {
        self.state().is_dead
    }

    /// The process is gone and the power never was: what the kernel holds is still to be read, synced or not.
    pub(crate) fn revive(&self) {
        let mut state = self.state();
        state.left = None;
        state.is_dead = false;
        state.faults = Faults::default();
        state.room = SIZE;
    }

    /// The power is back, with what was left of the disk; the process is gone.
    pub(crate) fn restore(&self) {
        let mut state = self.state();
        let State { disk, luck, .. } = &mut *state;
        disk.cut(luck);
        drop(state);
        self.revive();
    }

    /// Takes in a folder of the machine's own, as on a disk at rest.
    pub(crate) fn import(&self, from: &Path) -> anyhow::Result<()> {
        let mut state = self.state();
        state.disk.import(ROOT, from)?;
        state.disk.settle_all();
        Ok(())
    }

    pub(crate) fn export(&self, to: &Path) -> anyhow::Result<()> {
        self.state().disk.export(ROOT, to)
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        if let Some(session) = self.session.take() {
            // Whoever still has a file open there keeps it mounted; the next boot does not.
            drop(session.umount_and_join());
        }
    }
}

/// What an operation does to the disk.
enum Kind {
    Change,
    Write,
    Sync,
}

impl State {
    /// Whether an operation may go on; the power may go at it. It is noted as `what` was done.
    fn pass(&mut self, kind: &Kind, what: impl FnOnce(&Self) -> String) -> Result<(), Errno> {
        let passed = self.weigh(kind);
        if self.done.len() < NOTED {
            let what = what(self);
            self.done.push(format!(
                "{what} {}",
                passed.as_ref().map_or_else(|error| format!("{error:?}"), |()| String::new())
            ));
        }
        passed
    }

    fn weigh(&mut self, kind: &Kind) -> Result<(), Errno> {
        if self.is_dead {
            return Err(Errno::EIO);
        }
        if let Some((left, kill)) = &mut self.left {
            *left = left.saturating_sub(1);
            if *left == 0 {
                kill();
                self.is_dead = true;
                return Err(Errno::EIO);
            }
        }
        let Faults { write, room, .. } = self.faults;
        let fault = match kind {
            Kind::Change | Kind::Sync => None,
            Kind::Write if self.luck.permille(write) => Some(Errno::EIO),
            Kind::Write if self.luck.permille(room) => Some(Errno::ENOSPC),
            Kind::Write => None,
        };
        if let Some(fault) = fault {
            return Err(fault);
        }
        Ok(())
    }

    fn attributes(&self, node: u64) -> Result<FileAttr, Errno> {
        let found = self.disk.node(node)?;
        let (kind, size) = match &found.body {
            Body::File(file) => (FileType::RegularFile, file.length()),
            Body::Folder(_) => (FileType::Directory, 0),
            Body::Socket => (FileType::Socket, 0),
        };
        let size = u64::try_from(size).unwrap_or(u64::MAX);
        Ok(FileAttr {
            ino: INodeNo(node),
            size,
            blocks: size.div_ceil(512),
            atime: UNIX_EPOCH,
            mtime: UNIX_EPOCH,
            ctime: UNIX_EPOCH,
            crtime: UNIX_EPOCH,
            kind,
            perm: u16::try_from(found.mode & 0o7777).unwrap_or(0o600),
            nlink: 1,
            uid: found.owner.0,
            gid: found.owner.1,
            rdev: 0,
            blksize: 4096,
            flags: 0,
        })
    }

    fn make(&mut self, request: &Request, place: (INodeNo, &OsStr), mode: u32, body: Body) -> Result<FileAttr, Errno> {
        self.pass(&Kind::Change, |_| format!("make {}/{}", place.0.0, place.1.display()))?;
        if self.disk.used() >= self.room {
            return Err(Errno::ENOSPC);
        }
        let node = Node { body, mode: mode & 0o7777, owner: (request.uid(), request.gid()) };
        let made = self.disk.make((place.0.0, place.1.to_owned()), node)?;
        self.note(format!("  as {made}"));
        self.attributes(made)
    }

    fn write(&mut self, node: u64, at: u64, data: &[u8]) -> Result<u32, Errno> {
        self.pass(&Kind::Write, |state| format!("write {} {at} {}", state.called(node), data.len()))?;
        let at = usize::try_from(at).map_err(|_| Errno::EINVAL)?;
        let length = self.disk.file(node)?.length();
        let mut end = at + data.len();
        if end > length && self.disk.used() + (end - length) > self.room {
            end = self.room.saturating_sub(self.disk.used()) + length;
        }
        let Some(data) = data.get(..end.saturating_sub(at)).filter(|data| !data.is_empty()) else {
            return Err(Errno::ENOSPC);
        };
        self.disk.file(node)?.write(at, data);
        u32::try_from(data.len()).map_err(|_| Errno::EINVAL)
    }

    /// A sync of a file's content; how long it takes besides.
    fn sync(&mut self, node: u64) -> Result<Duration, Errno> {
        self.pass(&Kind::Sync, |state| format!("sync {}", state.called(node)))?;
        let Self { disk, luck, faults, done, .. } = self;
        let file = disk.file(node)?;
        if luck.permille(faults.sync) {
            file.sync_in_vain(luck);
            done.push("  in vain".to_owned());
            return Err(Errno::EIO);
        }
        file.sync();
        let slow = if luck.permille(faults.slow) { luck.below(SLOW) } else { 0 };
        Ok(Duration::from_millis(u64::try_from(slow).unwrap_or(0)))
    }

    fn sync_names(&mut self, folder: u64) -> Result<(), Errno> {
        self.pass(&Kind::Sync, |state| format!("sync names {}", state.called(folder)))?;
        if self.luck.permille(self.faults.sync) {
            self.note("  in vain".to_owned());
            return Err(Errno::EIO);
        }
        self.disk.sync_names(folder);
        Ok(())
    }

    fn read(&mut self, node: u64, at: u64, size: u32) -> Result<Vec<u8>, Errno> {
        if self.is_dead {
            return Err(Errno::EIO);
        }
        let is_unreadable = |ending| self.name_of(node).is_some_and(|name| name.to_string_lossy().ends_with(ending));
        if self.faults.unreadable.is_some_and(is_unreadable) {
            return Err(Errno::EIO);
        }
        let at = usize::try_from(at).map_err(|_| Errno::EINVAL)?;
        Ok(self.disk.file(node)?.read(at, usize::try_from(size).unwrap_or(0)).to_vec())
    }

    fn note(&mut self, what: String) {
        if self.done.len() < NOTED {
            self.done.push(what);
        }
    }

    /// A node as a note calls it.
    fn called(&self, node: u64) -> String {
        self.name_of(node).map_or_else(|| node.to_string(), |name| format!("{node}:{}", name.display()))
    }

    fn name_of(&self, node: u64) -> Option<OsString> {
        let mut folders = vec![ROOT];
        while let Some(folder) = folders.pop() {
            for (name, known) in self.disk.names(folder).into_iter().flatten() {
                if *known == node {
                    return Some(name.clone());
                }
                folders.push(*known);
            }
        }
        None
    }

    /// How a file is opened: without the page cache, but for what is mapped.
    fn flags(&self, node: u64) -> FopenFlags {
        let is_mapped = self.name_of(node).is_some_and(|name| name.to_string_lossy().ends_with("-shm"));
        if is_mapped { FopenFlags::empty() } else { FopenFlags::FOPEN_DIRECT_IO }
    }
}
