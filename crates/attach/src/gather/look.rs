//! One look: what is read of a process, and in which order.

use super::clock::now;
use super::epolls::{compare, epolls};
use super::files;
use super::folder::Folder;
use super::ghosts::{self, Seen};
use super::kin::{self, Stranger};
use super::memory::Memory;
use super::no_look::NoLook;
use super::options::Options;
use super::round::Round;
use super::sockets::Sockets;
use super::table::Table;
use super::threads::threads;
use super::wanted::Wanted;
use super::{copies, kcmp, permissions, process, states};
use crate::look::{Look, Process, Socket, Thread};
use crate::texts::links::Anonymous;
use crate::texts::task;
use rustc_hash::FxHashMap;
use rustix::io::Errno;

/// When the threads are read: before all else in the first of two looks, behind it in the second. What has not moved
/// between the two has not moved while the rest was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// The first look.
    ThreadsFirst,
    /// The second.
    ThreadsLast,
    /// A look that is the second of one pair and the first of the next: both. The first reading is kept for
    /// [`Target::threads_of_first`].
    ThreadsTwice,
}

/// Of more sockets than these not all are asked for their ages and counts, which cost the kernel a third more, unless
/// some thread may spin: only then it matters whether anything has moved.
const MANY: usize = 1000;

/// A process that is looked at.
#[derive(Debug)]
pub struct Target {
    pid: i32,
    /// The id that it is asked by.
    asked: i32,
    folder: Folder,
    process: Process,
    sockets: Sockets,
    memory: Option<Memory>,
    /// What the first look has seen, for the second.
    earlier: Option<Table>,
    /// Whether all sockets are asked for their age.
    has_ages: bool,
    /// The threads as they were before all else, of a look that has them twice.
    first: Vec<Thread>,
}

impl Target {
    /// The process of an id.
    pub fn of(pid: i32) -> Result<Self, NoLook> {
        let asked = process::asked_by(pid, &mut Vec::new())?;
        let folder = Folder::of(asked)?;
        let process = process::process(&folder, pid, &mut Vec::new())?;
        let (sockets, memory) = (Sockets::of(&folder), Memory::of(&folder).ok());
        let (earlier, has_ages, first) = (None, true, Vec::new());
        Ok(Self { pid, asked, folder, process, sockets, memory, earlier, has_ages, first })
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
    pub const fn memory(&self) -> Option<&Memory> {
        self.memory.as_ref()
    }

    /// The threads as they were before all else in the last look, if it has read them twice: they make that look the
    /// first of a pair.
    #[must_use]
    pub fn threads_of_first(&mut self) -> Vec<Thread> {
        std::mem::take(&mut self.first)
    }

    /// Whether a thread is still where a look has seen it.
    #[must_use]
    pub fn is_still_in(&self, thread: &Thread) -> bool {
        let mut buffer = Vec::new();
        let text = self.folder.read_short(format_args!("task/{}/syscall", thread.tid), &mut buffer);
        text.is_ok_and(|text| task::call(text) == thread.call)
    }

    /// Looks once.
    pub fn look(&mut self, order: Order, options: Options, round: &Round) -> Result<Look, NoLook> {
        let mut buffer = Vec::new();
        let stat = task::stat(self.folder.read_short("stat", &mut buffer)?).ok_or(Errno::IO)?;
        if stat.has_ended() {
            return Err(NoLook::Zombie);
        }
        let mut look = Look { at: now(), process: self.process.clone(), ..Look::default() };
        if order != Order::ThreadsLast {
            look.threads = self.threads(&mut buffer)?;
        }
        let descriptors = self.folder.below("fd")?;
        let mut table = match self.earlier.take().filter(|_| order == Order::ThreadsLast) {
            Some(earlier) => earlier.again(&self.folder, &descriptors, &mut buffer),
            None => Table::of(&self.folder, &descriptors, &mut buffer)?,
        };
        look.open = Some(files::count(&self.folder)?);
        look.has_ring = table.open.values().any(|entry| entry.anonymous == Some(Anonymous::Ring));
        let limits = self.folder.read_short("limits", &mut buffer);
        look.limit = limits.ok().and_then(task::limit_of_files);
        look.is_full = self.is_full(&look)?;
        look.bytes =
            self.folder.read_short("io", &mut buffer).ok().and_then(task::bytes_read_and_written);
        look.epolls = epolls(self.asked, &mut table);
        Self::look_up_strange(&look, &descriptors, &mut table);
        look.compared =
            look.epolls.iter().flat_map(|epoll| compare(self.asked, epoll, &table)).collect();
        let sockets = self.find_sockets(&look, &table, order, round, &mut buffer);
        Self::look_up_loud(&look, &sockets.0, &descriptors, &mut table);
        self.see_kin(&mut look, &table, &sockets, &stat, round, &mut buffer);
        if order != Order::ThreadsFirst {
            let last = self.threads(&mut buffer)?;
            self.first = std::mem::replace(&mut look.threads, last);
        }
        states::see(&self.folder, &mut look, &table, &sockets, &mut buffer);
        if options.copies {
            look.copied = copies::ask(self.asked, &look.epolls, &mut look.files);
        }
        self.earlier = Some(table);
        let can_compare = kcmp::is_same((self.asked, 0), (self.asked, 0)) != Err(Errno::PERM);
        look.missing = permissions::of(&look, &self.sockets, sockets.1, can_compare);
        Ok(look)
    }

    /// A limit that was lowered may have open numbers above it, and free ones below.
    fn is_full(&self, look: &Look) -> Result<bool, Errno> {
        let Some((_, limit)) = look.open.zip(look.limit).filter(|(open, limit)| open >= limit)
        else {
            return Ok(false);
        };
        let numbers = self.folder.below("fd")?.numbers()?;
        let below = numbers.iter().filter(|&&fd| u64::from(fd.unsigned_abs()) < limit).count();
        Ok(below as u64 >= limit)
    }

    fn threads(&self, buffer: &mut Vec<u8>) -> Result<Vec<Thread>, Errno> {
        threads(&self.folder, self.process.is_native, self.memory.as_ref(), buffer)
    }

    /// Looks at the numbers again that are not, or not any more, what is registered under them.
    fn look_up_strange(look: &Look, descriptors: &Folder, table: &mut Table) {
        for registration in look.epolls.iter().flat_map(|epoll| epoll.registered()) {
            let id = table.open.get(&registration.fd).map(|entry| entry.id);
            if id.is_none() || registration.file.is_some() && id != registration.file {
                table.look_up(descriptors, registration.fd);
            }
        }
    }

    /// And at those whose sockets a verdict may be about: none is about a number that is another file by now.
    fn look_up_loud(
        look: &Look,
        sockets: &FxHashMap<u64, Socket>,
        descriptors: &Folder,
        table: &mut Table,
    ) {
        for registration in look.epolls.iter().flat_map(|epoll| epoll.registered()) {
            let may_be_one = registration.file.is_none_or(|file| table.is_socket(file));
            let socket = registration.file.and_then(|file| sockets.get(&file.inode));
            if may_be_one && socket.is_none_or(|socket| !socket.is_quiet()) {
                table.look_up(descriptors, registration.fd);
            }
        }
    }

    /// All sockets that are registered, ghosts included, or open.
    fn find_sockets(
        &mut self,
        look: &Look,
        table: &Table,
        order: Order,
        round: &Round,
        buffer: &mut Vec<u8>,
    ) -> (FxHashMap<u64, Socket>, bool) {
        let wanted = Wanted::of(look, table);
        if wanted.inodes.is_empty() {
            return (FxHashMap::default(), true);
        }
        if let Some(found) = round.sockets(&self.sockets, &wanted.inodes) {
            return found;
        }
        if order != Order::ThreadsLast {
            let may_spin = look.threads.iter().any(|thread| thread.state == 'R');
            self.has_ages = wanted.inodes.len() <= MANY || may_spin;
        }
        self.sockets.find(&self.folder, &wanted, self.has_ages, buffer)
    }

    /// Who shares its epolls, and who keeps the files of ghosts.
    fn see_kin(
        &self,
        look: &mut Look,
        table: &Table,
        sockets: &(FxHashMap<u64, Socket>, bool),
        own: &task::Stat,
        round: &Round,
        buffer: &mut Vec<u8>,
    ) {
        if look.epolls.is_empty() {
            return;
        }
        let related: Vec<Stranger> = kin::related(self.pid, own, round.processes());
        let program = self.process.program.as_deref();
        for epoll in &mut look.epolls {
            let own = (self.asked, program);
            epoll.sharers =
                round.sharers(own, epoll).or_else(|| kin::sharers(own, epoll, &related));
        }
        let seen = Seen {
            process: &self.folder,
            pid: self.pid,
            asked: self.asked,
            table,
            sockets,
            related: &related,
            all: round.processes(),
        };
        for epoll in &look.epolls {
            let places = ghosts::places(epoll, table, &look.compared);
            look.keepers.extend(ghosts::keepers(&seen, epoll, &places, buffer));
        }
    }
}
