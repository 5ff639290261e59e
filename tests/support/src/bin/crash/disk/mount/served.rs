//! The file system's operations as the kernel asks for them: each is one call of the state's, and its reply.
//!
//! Decides nothing.

use std::ffi::OsStr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use fuser::{
    BsdFileFlags, Errno, FileAttr, FileHandle, FileType, Filesystem, Generation, INodeNo, LockOwner, OpenFlags,
    RenameFlags, ReplyAttr, ReplyCreate, ReplyData, ReplyDirectory, ReplyEmpty, ReplyEntry, ReplyOpen, ReplyStatfs,
    ReplyWrite, Request, TimeOrNow, WriteFlags,
};

use super::super::file::{File, SECTOR};
use super::super::{Body, Names, ROOT};
use super::{Kind, SIZE, State};

/// The kernel asks every time.
const TTL: Duration = Duration::ZERO;

/// What the kernel talks to.
pub(super) struct Served(pub(super) Arc<Mutex<State>>);

impl Served {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn entry(made: Result<FileAttr, Errno>, reply: ReplyEntry) {
    match made {
        Ok(attributes) => reply.entry(&TTL, &attributes, Generation(0)),
        Err(error) => reply.error(error),
    }
}

fn attr(found: Result<FileAttr, Errno>, reply: ReplyAttr) {
    match found {
        Ok(attributes) => reply.attr(&TTL, &attributes),
        Err(error) => reply.error(error),
    }
}

fn empty(done: Result<(), Errno>, reply: ReplyEmpty) {
    match done {
        Ok(()) => reply.ok(),
        Err(error) => reply.error(error),
    }
}

impl Filesystem for Served {
    fn lookup(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEntry) {
        let state = self.state();
        entry(state.disk.find(parent.0, name).and_then(|node| state.attributes(node)), reply);
    }

    fn getattr(&self, _: &Request, node: INodeNo, _: Option<FileHandle>, reply: ReplyAttr) {
        attr(self.state().attributes(node.0), reply);
    }

    fn setattr(
        &self,
        _: &Request,
        node: INodeNo,
        mode: Option<u32>,
        _: Option<u32>,
        _: Option<u32>,
        size: Option<u64>,
        _: Option<TimeOrNow>,
        _: Option<TimeOrNow>,
        _: Option<SystemTime>,
        _: Option<FileHandle>,
        _: Option<SystemTime>,
        _: Option<SystemTime>,
        _: Option<SystemTime>,
        _: Option<BsdFileFlags>,
        reply: ReplyAttr,
    ) {
        let mut state = self.state();
        let set = |state: &mut State| {
            if let Some(size) = size {
                state.pass(&Kind::Change, |state| format!("resize {} {size}", state.called(node.0)))?;
                state.disk.file(node.0)?.resize(usize::try_from(size).map_err(|_| Errno::EINVAL)?);
            }
            if let Some(mode) = mode {
                state.disk.node_mut(node.0)?.mode = mode & 0o7777;
            }
            state.attributes(node.0)
        };
        attr(set(&mut state), reply);
    }

    fn mknod(
        &self,
        request: &Request,
        parent: INodeNo,
        name: &OsStr,
        mode: u32,
        umask: u32,
        _: u32,
        reply: ReplyEntry,
    ) {
        // S_IFMT and S_IFSOCK of stat(2).
        let body = if mode & 0o170_000 == 0o140_000 { Body::Socket } else { Body::File(File::default()) };
        entry(self.state().make(request, (parent, name), mode & !umask, body), reply);
    }

    fn mkdir(&self, request: &Request, parent: INodeNo, name: &OsStr, mode: u32, umask: u32, reply: ReplyEntry) {
        entry(self.state().make(request, (parent, name), mode & !umask, Body::Folder(Names::default())), reply);
    }

    fn unlink(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        let mut state = self.state();
        let passed = state.pass(&Kind::Change, |_| format!("remove {}/{}", parent.0, name.display()));
        empty(passed.and_then(|()| state.disk.remove((parent.0, name.to_owned()))), reply);
    }

    fn rmdir(&self, request: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        self.unlink(request, parent, name, reply);
    }

    fn rename(
        &self,
        _: &Request,
        parent: INodeNo,
        name: &OsStr,
        new_parent: INodeNo,
        new_name: &OsStr,
        _: RenameFlags,
        reply: ReplyEmpty,
    ) {
        let mut state = self.state();
        let (from, to) = ((parent.0, name.to_owned()), (new_parent.0, new_name.to_owned()));
        let what = format!("rename {}/{} {}/{}", from.0, from.1.display(), to.0, to.1.display());
        empty(state.pass(&Kind::Change, |_| what).and_then(|()| state.disk.rename(from, to)), reply);
    }

    fn open(&self, _: &Request, node: INodeNo, _: OpenFlags, reply: ReplyOpen) {
        reply.opened(FileHandle(0), self.state().flags(node.0));
    }

    fn create(
        &self,
        request: &Request,
        parent: INodeNo,
        name: &OsStr,
        mode: u32,
        umask: u32,
        _: i32,
        reply: ReplyCreate,
    ) {
        let mut state = self.state();
        match state.make(request, (parent, name), mode & !umask, Body::File(File::default())) {
            Ok(made) => reply.created(&TTL, &made, Generation(0), FileHandle(0), state.flags(made.ino.0)),
            Err(error) => reply.error(error),
        }
    }

    fn read(
        &self,
        _: &Request,
        node: INodeNo,
        _: FileHandle,
        offset: u64,
        size: u32,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyData,
    ) {
        match self.state().read(node.0, offset, size) {
            Ok(data) => reply.data(&data),
            Err(error) => reply.error(error),
        }
    }

    fn write(
        &self,
        _: &Request,
        node: INodeNo,
        _: FileHandle,
        offset: u64,
        data: &[u8],
        _: WriteFlags,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyWrite,
    ) {
        match self.state().write(node.0, offset, data) {
            Ok(written) => reply.written(written),
            Err(error) => reply.error(error),
        }
    }

    fn flush(&self, _: &Request, _: INodeNo, _: FileHandle, _: LockOwner, reply: ReplyEmpty) {
        reply.ok();
    }

    fn fsync(&self, _: &Request, node: INodeNo, _: FileHandle, _: bool, reply: ReplyEmpty) {
        let done = self.state().sync(node.0);
        if let Ok(slow) = done {
            std::thread::sleep(slow);
        }
        empty(done.map(drop), reply);
    }

    fn fsyncdir(&self, _: &Request, node: INodeNo, _: FileHandle, _: bool, reply: ReplyEmpty) {
        empty(self.state().sync_names(node.0), reply);
    }

    fn readdir(&self, _: &Request, node: INodeNo, _: FileHandle, offset: u64, mut reply: ReplyDirectory) {
        let state = self.state();
        let names = match state.disk.names(node.0) {
            Ok(names) => names,
            Err(error) => return reply.error(error),
        };
        let own = [(OsStr::new("."), node.0), (OsStr::new(".."), ROOT)];
        let all = own.into_iter().chain(names.iter().map(|(name, node)| (name.as_os_str(), *node)));
        let skipped = usize::try_from(offset).unwrap_or(usize::MAX);
        for (nth, (name, node)) in (1..).zip(all).skip(skipped) {
            let kind = state.attributes(node).map_or(FileType::Directory, |found| found.kind);
            if reply.add(INodeNo(node), nth, kind, name) {
                break;
            }
        }
        reply.ok();
    }

    fn statfs(&self, _: &Request, _: INodeNo, reply: ReplyStatfs) {
        let state = self.state();
        let blocks = |bytes: usize| u64::try_from(bytes / SECTOR).unwrap_or(u64::MAX);
        let free = blocks(state.room.saturating_sub(state.disk.used()));
        reply.statfs(blocks(SIZE), free, free, 1 << 20, 1 << 20, 512, 255, 512);
    }
}
