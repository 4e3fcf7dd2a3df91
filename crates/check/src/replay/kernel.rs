//! The kernel of a replayed trace: descriptor numbers, the files that they are open on, and interest
//! lists, as the calls of the trace leave them.
//!
//! It is the observer too: [`TraceKernel`] answers both of the model's traits. It is as simple as can be:
//! a file is ready from a delivery on until a read or a write met its end, and nothing becomes ready by
//! itself. A trace may contradict all of that with `kernel ...` lines, and a line that was said wins over
//! what was derived. It never calls the model.

use super::Answer;
use crate::checker::{ADD, Ctl, DEL, MOD};
use crate::io::{Io, Outcome};
use crate::ports::{Descriptor, Descriptors, Fd, Kernel, Kind, Listed, Partner, Site, Tid, bits};
use std::cell::RefCell;
use std::collections::{HashMap, HashSet};

/// A file: anything that is open.
type File = u64;

/// A descriptor number: what the observer remembers of it, and the file that it is open on.
#[derive(Debug, Clone, Copy, Default)]
struct Number {
    known: Descriptor,
    file: Option<File>,
}

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

impl Descriptor {
    /// A read or an accept ended.
    const fn called(&mut self, outcome: Outcome, errno: i32, site: Site) {
        if !matches!(outcome, Outcome::Interrupted) {
            (self.read, self.error) = (site, errno);
        }
    }
}

/// What the trace has come to: the observer's memory, and the kernel that it asks.
#[derive(Debug, Default)]
pub(super) struct TraceKernel {
    numbers: RefCell<HashMap<Fd, Number>>,
    files: HashMap<File, Open>,
    /// The interest lists.
    entries: Vec<Entry>,
    held: HashMap<Fd, File>,
    waits: HashMap<Tid, Fd>,
    /// What each thread has read last.
    sources: HashMap<Tid, Fd>,
    /// The threads that wait for room outside of epoll.
    for_room: HashMap<Tid, Fd>,
    fdinfo: HashMap<Fd, Option<Vec<Listed>>>,
    unread: HashMap<Fd, u64>,
    traffic: HashMap<Fd, u64>,
    both_ends: HashSet<Fd>,
    dead: HashSet<Tid>,
    on_its_way: HashSet<Tid>,
    epfds: HashMap<Fd, Option<bool>>,
    latest: File,
}

impl TraceKernel {
    fn number(&self, fd: Fd) -> Number {
        self.numbers.borrow().get(&fd).copied().unwrap_or_default()
    }

    fn change(&self, fd: Fd, change: impl FnOnce(&mut Number)) {
        change(self.numbers.borrow_mut().entry(fd).or_default());
    }

    fn file_of(&self, fd: Fd) -> Option<File> {
        self.number(fd).file
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

    pub fn open(&mut self, fd: Fd, kind: Kind) {
        if self.is_open(fd) {
            self.close(fd, Site::default());
        }
        self.latest += 1;
        let file = self.latest;
        self.files.insert(file, Open { kind, references: 1, ready: 0 });
        self.change(fd, |number| {
            number.file = Some(file);
            number.known.io = Io::default();
        });
    }

    /// Opens a descriptor that the trace names without having opened it; but an epoll that was closed
    /// stays closed.
    pub fn mention(&mut self, fd: Fd, kind: Kind) {
        let was_closed = self.number(fd).known.generation > 0;
        if fd >= 0 && !self.is_open(fd) && !(kind == Kind::Epoll && was_closed) {
            self.open(fd, kind);
        }
    }

    pub fn close(&mut self, fd: Fd, site: Site) {
        let file = self.file_of(fd);
        self.change(fd, |number| {
            let generation = number.known.generation.wrapping_add(1);
            let duplicated = number.known.duplicated;
            // Its counts stay until the number is used again.
            let io = number.known.io;
            let known =
                Descriptor { generation, io, closed: site, duplicated, ..Descriptor::default() };
            *number = Number { known, file: None };
        });
        self.unread.remove(&fd);
        for number in self.numbers.borrow_mut().values_mut() {
            let mut partners = number.known.partners.iter_mut().flatten();
            if let Some(partner) = partners.find(|partner| partner.fd == fd) {
                partner.is_closed = true;
            }
        }
        if let Some(file) = file {
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

    pub fn duplicate(&mut self, from: Fd, to: Fd, site: Site) {
        self.mention(from, Kind::Stream);
        let Some(file) = self.file_of(from).filter(|_| from != to) else { return };
        if let Some(open) = self.files.get_mut(&file) {
            open.references += 1;
        }
        self.change(from, |number| number.known.duplicated = site);
        self.change(to, |number| {
            number.file = Some(file);
            number.known.io = Io::default();
        });
    }

    pub fn hold(&mut self, fd: Fd, is_held: bool) {
        if is_held {
            let Some(file) = self.file_of(fd) else { return };
            if self.held.insert(fd, file).is_none() {
                self.files.entry(file).and_modify(|open| open.references += 1);
            }
        } else if let Some(file) = self.held.remove(&fd) {
            self.drop_reference(file);
        }
    }

    pub fn registered(&mut self, ctl: &Ctl) {
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

    pub fn waits(&mut self, tid: Tid, epfd: Fd) {
        self.waits.insert(tid, epfd);
    }

    pub fn waiting(&self, tid: Tid) -> Option<Fd> {
        self.waits.get(&tid).copied()
    }

    /// What was delivered is ready; a one-shot has fired.
    pub fn delivered(&mut self, tid: Tid, deliveries: &[(u32, u64)]) {
        let epoll = self.waits.get(&tid).and_then(|&epfd| self.file_of(epfd));
        for &(events, data) in deliveries {
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

    pub fn read(&mut self, tid: Tid, fd: Fd, outcome: Outcome, errno: i32, site: Site) {
        if matches!(outcome, Outcome::Moved { bytes: 1.., .. }) {
            self.sources.insert(tid, fd);
        }
        self.mention(fd, Kind::Stream);
        let is_whole = self.kind(fd) == Kind::Counter;
        let is_drained = match outcome {
            Outcome::Moved { bytes, asked } => is_whole || (bytes != 0 && bytes < asked),
            Outcome::WouldBlock => true,
            _ => false,
        };
        if is_drained {
            self.set_ready(fd, bits::IN, false);
        }
        self.change(fd, |number| {
            number.known.io = number.known.io.after_input(outcome);
            number.known.called(outcome, errno, site);
        });
    }

    pub fn accepted(&mut self, fd: Fd, outcome: Outcome, errno: i32, site: Site) {
        self.mention(fd, Kind::Listener);
        if outcome == Outcome::WouldBlock {
            self.set_ready(fd, bits::IN, false);
        }
        self.change(fd, |number| {
            number.known.io = number.known.io.after_accept(outcome);
            number.known.called(outcome, errno, site);
        });
    }

    fn exchanged(&self, fd: Fd, with: Fd) {
        if fd != with {
            self.change(fd, |number| {
                let [latest, _] = number.known.partners;
                let partner = Some(Partner { fd: with, is_closed: false });
                if latest != partner {
                    number.known.partners = [partner, latest];
                }
            });
        }
    }

    /// Returns whether that left something unwritten that was not before.
    pub fn wrote(&mut self, tid: Tid, fd: Fd, outcome: Outcome, site: Site) -> bool {
        if let (Outcome::Moved { bytes: 1.., .. }, Some(&source)) =
            (outcome, self.sources.get(&tid))
        {
            self.exchanged(source, fd);
            self.exchanged(fd, source);
        }
        self.mention(fd, Kind::Stream);
        let before = self.number(fd).known.io;
        let after = before.after_output(outcome);
        if after.is_unwritten() {
            self.set_ready(fd, bits::OUT, false);
        }
        self.change(fd, |number| {
            number.known.io = after;
            if after.is_unwritten() {
                number.known.written = site;
            }
        });
        after.is_unwritten() && !before.is_unwritten()
    }

    pub fn polls(&mut self, tid: Tid, fd: Fd, events: u32) {
        if events & bits::OUT != 0 {
            self.for_room.insert(tid, fd);
            self.change(fd, |number| number.known.io = number.known.io.waited_for_room());
        }
    }

    pub fn polled(&mut self, tid: Tid, fd: Fd, ready: u32) {
        if self.for_room.remove(&tid).is_some() {
            self.change(fd, |number| number.known.io = number.known.io.waited_for_room());
        }
        if ready & bits::IN != 0 {
            self.change(fd, |number| number.known.io = number.known.io.polled());
        }
    }

    pub fn shut_down(&self, fd: Fd) {
        self.change(fd, |number| number.known.io = number.known.io.shut_down());
    }

    /// The bytes that are lost if it is closed now.
    pub fn may_lose(&mut self, fd: Fd) -> u64 {
        let may_lose = self.number(fd).known.io.may_lose_input();
        if may_lose { self.unread(fd).unwrap_or(0) } else { 0 }
    }

    pub fn says(&mut self, answer: Answer) {
        match answer {
            Answer::Poll(fd, ready) => {
                self.mention(fd, Kind::Stream);
                self.set_ready(fd, u32::MAX, false);
                self.set_ready(fd, ready, true);
            }
            Answer::Fdinfo(epfd, listed) => drop(self.fdinfo.insert(epfd, listed)),
            Answer::Unread(fd, bytes) => drop(self.unread.insert(fd, bytes)),
            Answer::Traffic(fd, traffic) => drop(self.traffic.insert(fd, traffic)),
            Answer::BothEnds(fd) => drop(self.both_ends.insert(fd)),
            Answer::Dead(tid) => drop(self.dead.insert(tid)),
            Answer::OnItsWay(tid) => drop(self.on_its_way.insert(tid)),
            Answer::Epfd(epfd, state) => drop(self.epfds.insert(epfd, state)),
        }
    }

    /// An epoll is ready if a level-triggered registration is; an edge was delivered already.
    fn is_pending(&self, epoll: File) -> bool {
        let is_level = |entry: &&Entry| entry.epoll == epoll && entry.interest & bits::ET == 0;
        let is_ready = |entry: &Entry| self.files[&entry.file].ready & entry.events != 0;
        self.entries.iter().filter(is_level).any(is_ready)
    }
}

impl Descriptors for TraceKernel {
    fn state(&self, fd: Fd) -> (u32, Io) {
        let known = self.number(fd).known;
        (known.generation, known.io)
    }

    fn get(&self, fd: Fd) -> Descriptor {
        self.number(fd).known
    }

    fn kind(&self, fd: Fd) -> Kind {
        self.file_of(fd).map_or(Kind::Unknown, |file| self.files[&file].kind)
    }

    fn may_block(&self, _: Fd) -> bool {
        false
    }

    fn is_room_awaited(&self, fd: Fd) -> bool {
        self.for_room.values().any(|&one| one == fd)
    }

    fn hung_up(&self, fd: Fd) {
        self.change(fd, |number| number.known.io = number.known.io.hung_up());
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
        let numbers = self.numbers.borrow();
        let keeps = |number: &Number| number.file.map(|file| (file, 1)) == Some(ghost.file);
        numbers.iter().find(|&(&fd, number)| fd != ghost.fd && keeps(number)).map(|(&fd, _)| fd)
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

    fn was_closed(&mut self, _: Fd) -> bool {
        false
    }
}
