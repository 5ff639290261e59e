//! A disk in memory whose power can be cut: names and files as the process sees them, and what of it is on the platter.
//!
//! Harsher than most real ones, within what POSIX allows: a file's sync makes its content durable and not its name, a
//! folder's sync its names. At a cut each sector, length and change of a name that was not synced happened or did not,
//! each by itself. Owns what survives; `mount.rs` shows it to the system, and decides when something fails.

mod file;
pub(crate) mod mount;

use std::collections::{BTreeMap, HashMap};
use std::ffi::{OsStr, OsString};
use std::path::Path;

use fuser::Errno;
use support::drive::Chance;

use self::file::File;

/// The root's node, as the kernel numbers it.
pub(super) const ROOT: u64 = 1;

/// What chance brings.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Luck(Chance);

impl Luck {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(Chance::new(seed))
    }

    pub(crate) fn below(&mut self, below: usize) -> usize {
        self.0.below(below)
    }

    fn half(&mut self) -> bool {
        self.below(2) == 0
    }

    /// 0: never, 1: every other time, 2: always.
    fn share(&mut self, share: usize) -> bool {
        self.below(2) < share
    }

    pub(crate) fn permille(&mut self, permille: usize) -> bool {
        permille > 0 && self.below(1_000) < permille
    }
}

#[derive(Debug, Clone)]
pub(crate) enum Body {
    File(File),
    Folder(Names),
    Socket,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Names {
    now: BTreeMap<OsString, u64>,
    kept: BTreeMap<OsString, u64>,
}

#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(super) body: Body,
    pub(super) mode: u32,
    pub(super) owner: (u32, u32),
}

/// A name in a folder.
pub(super) type Place = (u64, OsString);

/// A change of names that is not on the platter yet.
#[derive(Debug, Clone)]
enum Change {
    Named(Place, u64),
    Gone(Place),
    Moved(Place, Place, u64),
}

impl Change {
    fn touches(&self, is: impl Fn(&Place) -> bool) -> bool {
        match self {
            Self::Named(place, _) | Self::Gone(place) => is(place),
            Self::Moved(from, to, _) => is(from) || is(to),
        }
    }
}

/// The disk.
#[derive(Debug)]
pub(super) struct Disk {
    nodes: HashMap<u64, Node>,
    next: u64,
    pending: Vec<Change>,
}

impl Disk {
    pub(super) fn new() -> Self {
        let root = Node { body: Body::Folder(Names::default()), mode: 0o755, owner: (0, 0) };
        Self { nodes: HashMap::from([(ROOT, root)]), next: ROOT + 1, pending: Vec::new() }
    }

    pub(super) fn node(&self, node: u64) -> Result<&Node, Errno> {
        self.nodes.get(&node).ok_or(Errno::ESTALE)
    }

    pub(super) fn node_mut(&mut self, node: u64) -> Result<&mut Node, Errno> {
        self.nodes.get_mut(&node).ok_or(Errno::ESTALE)
    }

    pub(super) fn file(&mut self, node: u64) -> Result<&mut File, Errno> {
        match &mut self.node_mut(node)?.body {
            Body::File(file) => Ok(file),
            Body::Folder(_) => Err(Errno::EISDIR),
            Body::Socket => Err(Errno::EINVAL),
        }
    }

    pub(super) fn names(&self, folder: u64) -> Result<&BTreeMap<OsString, u64>, Errno> {
        match &self.node(folder)?.body {
            Body::Folder(names) => Ok(&names.now),
            Body::File(_) | Body::Socket => Err(Errno::ENOTDIR),
        }
    }

    fn folder(&mut self, folder: u64) -> Result<&mut Names, Errno> {
        match &mut self.node_mut(folder)?.body {
            Body::Folder(names) => Ok(names),
            Body::File(_) | Body::Socket => Err(Errno::ENOTDIR),
        }
    }

    pub(super) fn find(&self, folder: u64, name: &OsStr) -> Result<u64, Errno> {
        self.names(folder)?.get(name).copied().ok_or(Errno::ENOENT)
    }

    /// Bytes in all files that have a name.
    pub(super) fn used(&self) -> usize {
        let mut used = 0;
        let mut folders = vec![ROOT];
        while let Some(folder) = folders.pop() {
            for node in self.names(folder).into_iter().flat_map(BTreeMap::values) {
                match self.nodes.get(node).map(|node| &node.body) {
                    Some(Body::File(file)) => used += file.length(),
                    Some(Body::Folder(_)) => folders.push(*node),
                    Some(Body::Socket) | None => {}
                }
            }
        }
        used
    }

    pub(super) fn make(&mut self, place: Place, node: Node) -> Result<u64, Errno> {
        let number = self.next;
        let names = self.folder(place.0)?;
        if names.now.contains_key(&place.1) {
            return Err(Errno::EEXIST);
        }
        names.now.insert(place.1.clone(), number);
        self.nodes.insert(number, node);
        self.next += 1;
        self.pending.push(Change::Named(place, number));
        Ok(number)
    }

    pub(super) fn remove(&mut self, place: Place) -> Result<(), Errno> {
        let node = self.find(place.0, &place.1)?;
        if self.names(node).is_ok_and(|names| !names.is_empty()) {
            return Err(Errno::ENOTEMPTY);
        }
        self.folder(place.0)?.now.remove(&place.1);
        self.pending.push(Change::Gone(place));
        Ok(())
    }

    pub(super) fn rename(&mut self, from: Place, to: Place) -> Result<(), Errno> {
        let node = self.find(from.0, &from.1)?;
        if let Ok(there) = self.find(to.0, &to.1)
            && self.names(there).is_ok_and(|names| !names.is_empty())
        {
            return Err(Errno::ENOTEMPTY);
        }
        self.folder(from.0)?.now.remove(&from.1);
        self.folder(to.0)?.now.insert(to.1.clone(), node);
        self.pending.push(Change::Moved(from, to, node));
        Ok(())
    }

    /// Makes a folder's names durable, with every earlier change of a name that one of them builds upon.
    pub(super) fn sync_names(&mut self, folder: u64) {
        let mut wanted: Vec<Place> = Vec::new();
        let mut now = Vec::new();
        let mut later = Vec::new();
        for change in std::mem::take(&mut self.pending).into_iter().rev() {
            if change.touches(|place| place.0 == folder || wanted.contains(place)) {
                match &change {
                    Change::Named(place, _) | Change::Gone(place) => wanted.push(place.clone()),
                    Change::Moved(from, to, _) => wanted.extend([from.clone(), to.clone()]),
                }
                now.push(change);
            } else {
                later.push(change);
            }
        }
        now.into_iter().rev().for_each(|change| self.settle(change));
        self.pending = later.into_iter().rev().collect();
    }

    fn settle(&mut self, change: Change) {
        let mut set = |(folder, name): Place, node: Option<u64>| {
            // A folder that is gone by now keeps no names.
            let Ok(names) = self.folder(folder) else { return };
            match node {
                Some(node) => drop(names.kept.insert(name, node)),
                None => drop(names.kept.remove(&name)),
            }
        };
        match change {
            Change::Named(place, node) => set(place, Some(node)),
            Change::Gone(place) => set(place, None),
            Change::Moved(from, to, node) => {
                set(from, None);
                set(to, Some(node));
            }
        }
    }

    /// The power goes: what is left, under numbers that the kernel has not seen yet.
    pub(super) fn cut(&mut self, luck: &mut Luck) {
        // Mostly half of what was not synced, now and then all or nothing.
        let share = [0, 1, 1, 1, 1, 1, 1, 2].get(luck.below(8)).copied().unwrap_or(1);
        for change in std::mem::take(&mut self.pending) {
            if luck.share(share) {
                self.settle(change);
            }
        }
        let before = std::mem::take(&mut self.nodes);
        let mut folders = vec![(ROOT, ROOT)];
        while let Some((old, new)) = folders.pop() {
            let Some(node) = before.get(&old) else { continue };
            let body = match &node.body {
                Body::File(file) => Body::File(file.clone().cut(luck, share)),
                Body::Socket => Body::Socket,
                Body::Folder(names) => {
                    let mut left = BTreeMap::new();
                    for (name, old) in &names.kept {
                        left.insert(name.clone(), self.next);
                        folders.push((*old, self.next));
                        self.next += 1;
                    }
                    Body::Folder(Names { now: left.clone(), kept: left })
                }
            };
            self.nodes.insert(new, Node { body, ..node.clone() });
        }
    }

    /// Everything is durable, as on a disk that has been at rest.
    pub(super) fn settle_all(&mut self) {
        for change in std::mem::take(&mut self.pending) {
            self.settle(change);
        }
        for node in self.nodes.values_mut() {
            if let Body::File(file) = &mut node.body {
                file.sync();
            }
        }
    }

    /// Takes in a folder of the machine's own.
    pub(super) fn import(&mut self, folder: u64, from: &Path) -> anyhow::Result<()> {
        use std::os::unix::fs::PermissionsExt as _;
        for entry in std::fs::read_dir(from)? {
            let entry = entry?;
            let found = entry.metadata()?;
            let body = if found.is_dir() {
                Body::Folder(Names::default())
            } else if found.is_file() {
                Body::File(File::settled(std::fs::read(entry.path())?))
            } else {
                continue;
            };
            let node = Node { body, mode: found.permissions().mode() & 0o7777, owner: (0, 0) };
            let made = self.make((folder, entry.file_name()), node);
            let made = made.map_err(|error| anyhow::anyhow!("cannot take in {}: {error:?}", entry.path().display()))?;
            if found.is_dir() {
                self.import(made, &entry.path())?;
            }
        }
        Ok(())
    }

    /// Writes a folder out to the machine's own disk.
    pub(super) fn export(&self, folder: u64, to: &Path) -> anyhow::Result<()> {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::create_dir_all(to)?;
        for (name, number) in self.names(folder).into_iter().flatten() {
            let Some(node) = self.nodes.get(number) else { continue };
            let path = to.join(name);
            match &node.body {
                Body::File(file) => {
                    std::fs::write(&path, file.now())?;
                    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(node.mode))?;
                }
                Body::Folder(_) => self.export(*number, &path)?,
                Body::Socket => {}
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file() -> Node {
        Node { body: Body::File(File::default()), mode: 0o600, owner: (0, 0) }
    }

    fn place(name: &str) -> Place {
        (ROOT, name.into())
    }

    #[test]
    fn a_name_is_there_for_sure_only_once_its_folder_was_synced() {
        let (mut there, mut gone) = (0, 0);
        for seed in 0..64 {
            let mut luck = Luck::new(seed);
            let mut disk = Disk::new();
            disk.make(place("a.new"), file()).unwrap();
            disk.rename(place("a.new"), place("a")).unwrap();
            disk.sync_names(ROOT);
            disk.make(place("b"), file()).unwrap();
            disk.cut(&mut luck);
            assert!(disk.find(ROOT, OsStr::new("a")).is_ok() && disk.find(ROOT, OsStr::new("a.new")).is_err());
            match disk.find(ROOT, OsStr::new("b")) {
                Ok(_) => there += 1,
                Err(_) => gone += 1,
            }
        }
        assert!(there > 0 && gone > 0, "{there} {gone}");
    }

    #[test]
    fn a_synced_name_brings_the_names_it_was_made_from() {
        let mut disk = Disk::new();
        let folder = Node { body: Body::Folder(Names::default()), mode: 0o700, owner: (0, 0) };
        let inner = disk.make(place("d"), folder).unwrap();
        disk.make((inner, "x".into()), file()).unwrap();
        disk.rename((inner, "x".into()), place("x")).unwrap();
        disk.sync_names(ROOT);
        disk.sync_names(inner);
        disk.cut(&mut Luck::new(1));
        let inner = disk.find(ROOT, OsStr::new("d")).unwrap();
        assert!(disk.find(ROOT, OsStr::new("x")).is_ok() && disk.find(inner, OsStr::new("x")).is_err());
    }
}
