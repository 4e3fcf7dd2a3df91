//! Single questions about a process's descriptors and threads, for who knows what to ask: the event stream's rules.
//!
//! Each is asked anew; nothing is remembered from one to the next, since two answers are compared to see what has
//! changed. Nothing is stopped. No descriptor is copied but an epoll's, and that is held for a microsecond: poll(2) on
//! it is the only way to know whether it has something to report, and takes nothing away. Never is it waited on.

use super::folder::Folder;
use super::memory::Memory;
use super::no_look::NoLook;
use super::sockets::Sockets;
use super::table::{self, Entry};
use super::wanted::Wanted;
use super::{files, kcmp, process, threads};
use crate::look::{File, FileId, Process, Thread};
use crate::texts::{fdinfo, task};
use epshim_observe::{Fd, Listed, Tid, proc};
use rustc_hash::{FxHashMap, FxHashSet};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::FileType;
use rustix::process::{Pid, PidfdFlags, PidfdGetfdFlags, pidfd_getfd, pidfd_open};
use std::cell::RefCell;
use std::rc::Rc;

/// A process that can be asked.
#[derive(Debug)]
pub struct Questions {
    asked: i32,
    folder: Folder,
    process: Process,
    sockets: Sockets,
    memory: Option<Rc<Memory>>,
    buffer: RefCell<Vec<u8>>,
}

impl Questions {
    /// The process of an id.
    pub fn of(pid: i32) -> Result<Self, NoLook> {
        let mut buffer = Vec::new();
        let asked = process::asked_by(pid, &mut buffer)?;
        let folder = Folder::of(asked)?;
        let process = process::process(&folder, pid, &mut buffer)?;
        let (sockets, memory) = (Sockets::of(&folder), Memory::of(&folder).ok().map(Rc::new));
        folder.below("fd")?;
        Ok(Self { asked, folder, process, sockets, memory, buffer: RefCell::new(buffer) })
    }

    /// Who it is.
    #[must_use]
    pub const fn process(&self) -> &Process {
        &self.process
    }

    /// Its folder of /proc.
    #[must_use]
    pub const fn folder(&self) -> &Folder {
        &self.folder
    }

    /// Its memory, where it may be read.
    #[must_use]
    pub const fn memory(&self) -> Option<&Rc<Memory>> {
        self.memory.as_ref()
    }

    /// The numbers that are open. `None`: it has ended.
    #[must_use]
    pub fn open(&self) -> Option<Vec<Fd>> {
        self.folder.below("fd").and_then(|fds| fds.numbers()).ok()
    }

    /// The path that a number is open on, if it has one.
    #[must_use]
    pub fn path(&self, fd: Fd) -> Option<String> {
        let mut space = [0; 4096];
        let link = self.folder.link(format_args!("fd/{fd}"), &mut space).ok()?;
        link.starts_with(b"/").then(|| String::from_utf8_lossy(link).into_owned())
    }

    /// The numbers that are sockets.
    #[must_use]
    pub fn sockets(&self) -> Vec<Fd> {
        let is_socket =
            |&fd: &Fd| self.entry(fd).is_some_and(|entry| entry.kind == FileType::Socket);
        self.open().unwrap_or_default().into_iter().filter(is_socket).collect()
    }

    /// Whether a number is an epoll; `None`: it is not open.
    #[must_use]
    pub fn is_epoll(&self, fd: Fd) -> Option<bool> {
        self.entry(fd).map(|entry| entry.is_epoll())
    }

    /// What is registered with an epoll.
    #[must_use]
    pub fn registrations(&self, epfd: Fd) -> Option<Vec<Listed>> {
        self.is_epoll(epfd).filter(|&is_epoll| is_epoll)?;
        let mut buffer = self.buffer.borrow_mut();
        let text = self.folder.read(&format!("fdinfo/{epfd}"), &mut buffer).ok()?;
        Some(proc::registrations(text))
    }

    /// The file that a number is open to.
    #[must_use]
    pub fn file(&self, fd: Fd) -> Option<FileId> {
        self.entry(fd).map(|entry| entry.id)
    }

    /// What a number is, and its state. `None`: it is not open.
    #[must_use]
    pub fn state(&self, fd: Fd) -> Option<File> {
        let entry = self.entry(fd)?;
        let mut buffer = self.buffer.borrow_mut();
        let sockets = if entry.kind == FileType::Socket {
            let inodes = FxHashSet::from_iter([entry.id.inode]);
            let wanted = Wanted { inodes, open: vec![fd] };
            self.sockets.find(&self.folder, &wanted, true, &mut buffer)
        } else {
            (FxHashMap::default(), true)
        };
        Some(files::file(&self.folder, fd, &entry, &sockets, true, &mut buffer))
    }

    /// What a number is, without its state: of a socket its protocol by the kernel's name. `None`: it is not open.
    #[must_use]
    pub fn kind(&self, fd: Fd) -> Option<(crate::look::Kind, Option<String>)> {
        let entry = self.entry(fd)?;
        let nowhere = (FxHashMap::default(), false);
        let mut buffer = self.buffer.borrow_mut();
        let file = files::file(&self.folder, fd, &entry, &nowhere, false, &mut buffer);
        let is_socket = entry.kind == FileType::Socket;
        let protocol = is_socket.then(|| files::protocol(&self.folder, fd)).flatten();
        Some((file.kind, protocol))
    }

    /// The flags of an open file.
    #[must_use]
    pub fn flags(&self, fd: Fd) -> Option<u32> {
        files::flags(&self.folder, fd, &mut self.buffer.borrow_mut())
    }

    /// Whether an epoll has something to report: poll(2) on a copy of it.
    #[must_use]
    pub fn has_something(&self, epfd: Fd) -> Option<bool> {
        self.is_epoll(epfd).filter(|&is_epoll| is_epoll)?;
        let process = pidfd_open(Pid::from_raw(self.asked)?, PidfdFlags::empty()).ok()?;
        let copy = pidfd_getfd(&process, epfd, PidfdGetfdFlags::empty()).ok()?;
        let mut polled = [PollFd::new(&copy, PollFlags::IN)];
        poll(&mut polled, Some(&Timespec::default())).ok()?;
        Some(polled[0].revents().contains(PollFlags::IN))
    }

    /// Another number that is open to the file of a registration.
    #[must_use]
    pub fn keeper(&self, epfd: Fd, ghost: &Listed) -> Option<Fd> {
        let file = FileId { inode: ghost.file.0, device: ghost.file.1 };
        let is_anonymous = self.file(epfd) == Some(file);
        let is_it = |&fd: &Fd| {
            let is_same_file = fd != ghost.fd && self.file(fd) == Some(file);
            let same = || kcmp::is_registered((self.asked, fd), (self.asked, epfd), ghost.fd, 0);
            is_same_file && (!is_anonymous || same() == Ok(true))
        };
        self.open()?.into_iter().find(is_it)
    }

    /// Whether a pipe's other end is open in the process too: both are one inode.
    #[must_use]
    pub fn has_both_ends(&self, fd: Fd) -> bool {
        let Some(entry) = self.entry(fd).filter(|entry| entry.kind == FileType::Fifo) else {
            return false;
        };
        let others = self.open().unwrap_or_default().into_iter().filter(|&other| other != fd);
        others.filter_map(|other| self.file(other)).any(|other| other == entry.id)
    }

    /// A thread, as it is now. `None`: it has ended.
    #[must_use]
    pub fn thread(&self, tid: Tid) -> Option<Thread> {
        let tasks = self.folder.below("task").ok()?;
        let memory = self.memory.as_deref();
        threads::one(&tasks, tid, self.process.is_native, memory, &mut self.buffer.borrow_mut())
    }

    /// The numbers of its threads.
    #[must_use]
    pub fn threads(&self) -> Vec<Tid> {
        self.folder.below("task").and_then(|tasks| tasks.numbers()).unwrap_or_default()
    }

    /// Of a signalfd, a thread that does not block some of its signals, and which.
    #[must_use]
    pub fn deaf(&self, signalfd: Fd) -> Option<(Tid, u64)> {
        let mut buffer = self.buffer.borrow_mut();
        let text = self.folder.read_short(format_args!("fdinfo/{signalfd}"), &mut buffer).ok()?;
        let asked = fdinfo::info(text).signals?;
        let mut deaf = |tid: Tid| {
            let path = format_args!("task/{tid}/status");
            let blocked = task::blocked_signals(self.folder.read_short(path, &mut buffer).ok()?)?;
            Some((tid, asked & !blocked)).filter(|&(_, signals)| signals != 0)
        };
        self.threads().into_iter().find_map(&mut deaf)
    }

    fn entry(&self, fd: Fd) -> Option<Entry> {
        table::entry(&self.folder, format_args!("fd/{fd}"))
    }
}
