//! The kernel of a replayed trace: descriptor numbers, the files that they are open on, and interest
//! lists, as the calls of the trace leave them.
//!
//! It is the observer too: [`TraceKernel`] answers both of the model's traits. It is as simple as can be:
//! a file is ready from a delivery on until a read or a write met its end, and nothing becomes ready by
//! itself. A trace may contradict all of that with `kernel ...` lines, and a line that was said wins over
//! what was derived. It never calls the model.

use epshim_observe::bits;
use epshim_observe::{
    ADD, Answer, Ctl, DEL, Delivery, Ended, MOD, Observation, Outcome, Table, What,
};
use epshim_observe::{Descriptor, Descriptors, Fd, Io, Kernel, Kind, Listed, Nanos};
use epshim_observe::{Pid, Site, Tid};
use std::collections::{HashMap, HashSet};

/// A file: anything that is open.
type File = u64;

#[derive(Debug, Clone, Copy)]
struct Open {
    kind: Kind,
    /// Descriptors, and other processes that hold it.
    references: usize,
    /// What poll(2) says of it.
    ready: u32,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    epoll: File,
    file: File,
    fd: Fd,
    interest: u32,
    events: u32,
    data: u64,
}

/// What the trace has come to: the observer's memory, and the kernel that it asks.
#[derive(Debug, Default)]
pub(crate) struct TraceKernel {
    table: Table,
    /// The files that descriptors are open on.
    numbers: HashMap<Fd, File>,
    files: HashMap<File, Open>,
    /// The interest lists.
    entries: Vec<Entry>,
    held: HashMap<Fd, File>,
    waits: HashMap<Tid, Fd>,
    fdinfo: HashMap<Fd, Option<Vec<Listed>>>,
    unread: HashMap<Fd, u64>,
    traffic: HashMap<Fd, u64>,
    both_ends: HashSet<Fd>,
    dead: HashSet<Tid>,
    on_its_way: HashSet<Tid>,
    epfds: HashMap<Fd, Option<bool>>,
    processor: HashMap<Tid, u64>,
    deaf: HashMap<Fd, (Tid, u64)>,
    holders: HashMap<u64, (Pid, Fd)>,
    latest: File,
}

impl TraceKernel {
    fn file_of(&self, fd: Fd) -> Option<File> {
        self.numbers.get(&fd).copied()
    }

    pub fn is_open(&self, fd: Fd) -> bool {
        self.file_of(fd).is_some()
    }

    pub fn is_an_epoll(&self, fd: Fd) -> Option<bool> {
        if let Some(&said) = self.epfds.get(&fd) {
            return said;
        }
        self.file_of(fd).map(|file| self.files[&file].kind == Kind::Epoll)
    }

    /// What the call does to the descriptors and the files. Returns what the model is to be told for it.
    pub fn observe(&mut self, it: &Observation<'_>) -> Option<What<'static>> {
        match &it.what {
            &What::Create { epfd } => self.open(epfd, Kind::Epoll),
            &What::Open { fd, kind, .. } => self.open(fd, kind),
            What::Ctl { epfd, fd, errno, .. } => {
                self.mention(*epfd, Kind::Epoll);
                if let Some(ctl) = it.ctl().filter(|_| *errno == 0) {
                    self.mention(*fd, Kind::Stream);
                    self.registered(&ctl);
                }
            }
            &What::CtlBegins { fd, .. } => self.mention(fd, Kind::Stream),
            &What::Wait { epfd, .. } => drop(self.waits.insert(it.tid, epfd)),
            What::Got { deliveries } => self.delivered(it.tid, deliveries),
            &What::Read { fd, ended } => {
                self.mention(fd, Kind::Stream);
                self.read(fd, ended);
            }
            &What::Accept { fd, accepted } => {
                self.mention(fd, Kind::Listener);
                let outcome = accepted.err().map(Outcome::of_errno);
                if outcome == Some(Outcome::WouldBlock) {
                    self.set_ready(fd, bits::IN, false);
                }
            }
            &What::Write { fd, .. } | &What::Connect { fd, .. } => self.mention(fd, Kind::Stream),
            &What::Dup { from, to } => self.duplicate(from, to),
            &What::Hold { fd } => self.hold(fd, true),
            &What::LetGo { fd } => self.hold(fd, false),
            What::Kernel(answer) => self.says(answer.clone()),
            _ => {}
        }
        let follows = self.table.observe(it);
        match it.what {
            What::Write { fd, .. } if self.table.state(fd).1.is_unwritten() => {
                self.set_ready(fd, bits::OUT, false);
            }
            What::Close { fd, .. } => self.closed(fd),
            _ => {}
        }
        follows
    }

    fn open(&mut self, fd: Fd, kind: Kind) {
        if self.is_open(fd) {
            self.close(fd);
        }
        self.latest += 1;
        self.files.insert(self.latest, Open { kind, references: 1, ready: 0 });
        self.numbers.insert(fd, self.latest);
        self.table.begin_anew(fd);
    }

    /// Opens a descriptor that the trace names without having opened it; but an epoll that was closed
    /// stays closed.
    fn mention(&mut self, fd: Fd, kind: Kind) {
        let was_closed = self.table.state(fd).0 > 0;
        if fd >= 0 && !self.is_open(fd) && !(kind == Kind::Epoll && was_closed) {
            self.open(fd, kind);
        }
    }

    /// The number is open on another file now, and was not seen to be closed.
    fn close(&mut self, fd: Fd) {
        let what = What::Close { fd, unread: None };
        self.table.observe(&Observation { at: 0, pid: 0, tid: 0, site: Site(0), what });
        self.closed(fd);
    }

    fn closed(&mut self, fd: Fd) {
        self.unread.remove(&fd);
        if let Some(file) = self.numbers.remove(&fd) {
            self.drop_reference(file);
        }
    }

    fn drop_reference(&mut self, file: File) {
        let Some(open) = self.files.get_mut(&file) else { return };
        open.references -= 1;
        if open.references == 0 {
            self.files.remove(&file);
            self.entries.retain(|entry| entry.file != file && entry.epoll != file);
        }
    }

    fn duplicate(&mut self, from: Fd, to: Fd) {
        self.mention(from, Kind::Stream);
        let Some(file) = self.file_of(from).filter(|_| from != to) else { return };
        if let Some(open) = self.files.get_mut(&file) {
            open.references += 1;
        }
        self.numbers.insert(to, file);
    }

    fn hold(&mut self, fd: Fd, is_held: bool) {
        if is_held {
            let Some(file) = self.file_of(fd) else { return };
            if self.held.insert(fd, file).is_none() {
                self.files.entry(file).and_modify(|open| open.references += 1);
            }
        } else if let Some(file) = self.held.remove(&fd) {
            self.drop_reference(file);
        }
    }

    fn registered(&mut self, ctl: &Ctl) {
        let (Some(epoll), Some(file)) = (self.file_of(ctl.epfd), self.file_of(ctl.fd)) else {
            return;
        };
        let events = ctl.events | bits::ERR | bits::HUP;
        let is_it = |entry: &Entry| (entry.epoll, entry.file, entry.fd) == (epoll, file, ctl.fd);
        match ctl.op {
            ADD => {
                let (fd, data) = (ctl.fd, ctl.data);
                self.entries.retain(|entry| !is_it(entry));
                self.entries.push(Entry { epoll, file, fd, interest: events, events, data });
            }
            MOD => {
                for entry in self.entries.iter_mut().filter(|entry| is_it(entry)) {
                    (entry.interest, entry.events, entry.data) = (events, events, ctl.data);
                }
            }
            DEL => self.entries.retain(|entry| !is_it(entry)),
            _ => {}
        }
    }

    pub fn waiting(&self, tid: Tid) -> Option<Fd> {
        self.waits.get(&tid).copied()
    }

    /// What was delivered is ready; a one-shot has fired.
    fn delivered(&mut self, tid: Tid, deliveries: &[Delivery]) {
        let epoll = self.waits.get(&tid).and_then(|&epfd| self.file_of(epfd));
        for &Delivery { events, data } in deliveries {
            let is_it = |entry: &&mut Entry| Some(entry.epoll) == epoll && entry.data == data;
            for entry in self.entries.iter_mut().filter(is_it) {
                if let Some(open) = self.files.get_mut(&entry.file) {
                    open.ready |= events;
                }
                if entry.interest & bits::ONESHOT != 0 {
                    entry.events = entry.interest & bits::PRIVATE;
                }
            }
        }
    }

    fn set_ready(&mut self, fd: Fd, bit: u32, is_ready: bool) {
        let file = self.file_of(fd).and_then(|file| self.files.get_mut(&file));
        if let Some(open) = file {
            open.ready = if is_ready { open.ready | bit } else { open.ready & !bit };
        }
    }

    fn read(&mut self, fd: Fd, ended: Ended) {
        let is_whole = self.kind(fd) == Kind::Counter;
        let is_drained = match ended.outcome() {
            Outcome::Moved { bytes, asked } => is_whole || (bytes != 0 && bytes < asked),
            Outcome::WouldBlock => true,
            _ => false,
        };
        if is_drained {
            self.set_ready(fd, bits::IN, false);
        }
    }

    /// The bytes that are lost if it is closed now.
    pub fn may_lose(&mut self, fd: Fd) -> u64 {
        let may_lose = self.table.state(fd).1.may_lose_input();
        if may_lose { self.unread(fd).unwrap_or(0) } else { 0 }
    }

    fn says(&mut self, answer: Answer) {
        match answer {
            Answer::Poll { fd, ready } => {
                self.mention(fd, Kind::Stream);
                self.set_ready(fd, u32::MAX, false);
                self.set_ready(fd, ready.unwrap_or(0), true);
            }
            Answer::Fdinfo { epfd, listed } => drop(self.fdinfo.insert(epfd, listed)),
            Answer::Unread { fd, bytes } => drop(self.unread.insert(fd, bytes.unwrap_or(0))),
            Answer::Traffic { fd, traffic } => drop(self.traffic.insert(fd, traffic)),
            Answer::BothEnds { fd, has } => set(&mut self.both_ends, fd, has),
            Answer::Alive { tid, is } => set(&mut self.dead, tid, !is),
            Answer::OnItsWay { tid, is } => set(&mut self.on_its_way, tid, is),
            Answer::ProcessorTime { tid, nanos } => {
                self.processor.insert(tid, nanos.unwrap_or(0));
            }
            Answer::Deaf { fd, thread } => match thread {
                Some((tid, signals)) => drop(self.deaf.insert(fd, (tid as Tid, signals))),
                None => drop(self.deaf.remove(&fd)),
            },
            Answer::Holder { inode, holder } => match holder {
                Some((pid, fd)) => drop(self.holders.insert(inode, (pid as Pid, fd as Fd))),
                None => drop(self.holders.remove(&inode)),
            },
            Answer::Epfd { epfd, is_epoll } => drop(self.epfds.insert(epfd, is_epoll)),
            // What these say is derived.
            Answer::File { .. } | Answer::Keeper { .. } | Answer::WasClosed { .. } => {}
        }
    }

    /// An epoll is ready if a level-triggered registration is; an edge was delivered already.
    fn is_pending(&self, epoll: File) -> bool {
        let is_level = |entry: &&Entry| entry.epoll == epoll && entry.interest & bits::ET == 0;
        let is_ready = |entry: &Entry| self.files[&entry.file].ready & entry.events != 0;
        self.entries.iter().filter(is_level).any(is_ready)
    }
}

fn set<T: Eq + std::hash::Hash>(all: &mut HashSet<T>, one: T, is_in: bool) {
    if is_in {
        all.insert(one);
    } else {
        all.remove(&one);
    }
}

impl Descriptors for TraceKernel {
    fn state(&self, fd: Fd) -> (u32, Io) {
        self.table.state(fd)
    }

    fn get(&self, fd: Fd) -> Descriptor {
        self.table.get(fd)
    }

    fn kind(&self, fd: Fd) -> Kind {
        self.file_of(fd).map_or(Kind::Unknown, |file| self.files[&file].kind)
    }

    fn may_block(&self, _: Fd) -> bool {
        false
    }

    fn is_room_awaited(&self, fd: Fd) -> bool {
        self.table.is_room_awaited(fd)
    }

    fn hung_up(&self, fd: Fd) {
        self.table.hung_up(fd);
    }

    fn tell_reads(&self, fd: Fd, tell: bool) {
        self.table.tell_reads(fd, tell);
    }

    fn in_batch(&self, fd: Fd, tid: Tid) {
        self.table.in_batch(fd, tid);
    }
}

impl Kernel for TraceKernel {
    fn registrations(&mut self, epfd: Fd) -> Option<Vec<Listed>> {
        if let Some(said) = self.fdinfo.get(&epfd) {
            return said.clone();
        }
        let epoll = self.file_of(epfd)?;
        let listed = |entry: &Entry| Listed {
            fd: entry.fd,
            events: entry.events,
            data: entry.data,
            file: (entry.file, 1),
        };
        Some(self.entries.iter().filter(|entry| entry.epoll == epoll).map(listed).collect())
    }

    fn readiness(&mut self, fd: Fd, events: u32) -> Option<u32> {
        let file = self.file_of(fd)?;
        let open = self.files[&file];
        let pending = open.kind == Kind::Epoll && self.is_pending(file);
        let ready = if pending { open.ready | bits::IN } else { open.ready };
        Some(ready & (events | bits::ERR | bits::HUP))
    }

    fn unread(&mut self, fd: Fd) -> Option<u64> {
        self.unread.get(&fd).copied()
    }

    fn traffic(&mut self, fd: Fd) -> u64 {
        self.traffic.get(&fd).copied().unwrap_or(0)
    }

    fn file(&mut self, fd: Fd) -> Option<(u64, u64)> {
        self.file_of(fd).map(|file| (file, 1))
    }

    fn keeper(&mut self, _: Fd, ghost: &Listed) -> Option<Fd> {
        let keeps = |file: File| (file, 1) == ghost.file;
        let mut numbers = self.numbers.iter().map(|(&fd, &file)| (fd, file));
        numbers.find(|&(fd, file)| fd != ghost.fd && keeps(file)).map(|(fd, _)| fd)
    }

    fn has_both_ends(&mut self, fd: Fd) -> bool {
        self.both_ends.contains(&fd)
    }

    fn is_alive(&mut self, tid: Tid) -> bool {
        !self.dead.contains(&tid)
    }

    fn is_on_its_way(&mut self, tid: Tid) -> bool {
        self.on_its_way.contains(&tid)
    }

    fn processor_time(&mut self, tid: Tid) -> Option<Nanos> {
        self.processor.get(&tid).copied()
    }

    fn deaf(&mut self, fd: Fd) -> Option<(Tid, u64)> {
        self.deaf.get(&fd).copied()
    }

    fn holder(&mut self, inode: u64) -> Option<(Pid, Fd)> {
        self.holders.get(&inode).copied()
    }

    fn was_closed(&mut self, _: Fd) -> bool {
        false
    }
}
