//! What happens on the descriptors of all processes.
//!
//! Of those that are open a limited number is followed, and of those that are closed the busiest are kept.

use super::call::{Called, Which};
use super::columns::{MOST, halved};
use super::recent::Recent;
use crate::document::DescriptorRow;
use epshim_observe::{Fd, Kind, Nanos, Pid, Tid};

/// At most as many open ones are followed.
const MOST_OPEN: usize = 16_384;
/// At most as many are in the document.
const MOST_ROWS: usize = 1000;
/// Sites of a descriptor.
const MOST_SITES: usize = 8;
/// Threads that were told of a descriptor and have not served it.
const MOST_PENDING: usize = 64;
/// Parts of its activity.
const PARTS: usize = 32;

/// A delivery that nothing was called about yet.
#[derive(Debug, Clone, Copy)]
pub struct Pending {
    pub at: Nanos,
    pub tid: Tid,
    pub turn: u64,
    pub wake: u64,
    /// How long it had been ready by then, at most.
    pub lag: Nanos,
}

/// A descriptor that is open.
#[derive(Debug, Clone)]
pub struct Open {
    pub row: DescriptorRow,
    pub kind: Kind,
    /// One a thread at most.
    pending: Vec<Pending>,
    /// When a call saw last that it was not ready.
    pub not_ready: Nanos,
    /// The turn of its latest delivery.
    pub turn: u64,
    /// The row of the thread that was told of it last.
    pub told: Option<usize>,
    /// Since when a write waits for room.
    no_room: Option<Nanos>,
    /// The latest call or delivery.
    last: Nanos,
}

/// Those of all processes.
#[derive(Debug, Clone, Default)]
pub struct Descriptors {
    open: Recent<(Pid, Fd), Open>,
    closed: Vec<DescriptorRow>,
    pub left_out: u64,
}

impl Open {
    fn new(pid: Pid, fd: Fd, at: Nanos) -> Self {
        let row = DescriptorRow { pid, fd, from: at, ..DescriptorRow::default() };
        let kind = Kind::Unknown;
        Self {
            row,
            kind,
            pending: Vec::new(),
            not_ready: 0,
            turn: 0,
            told: None,
            no_room: None,
            last: at,
        }
    }

    /// Something happened on it.
    fn used(&mut self, at: Nanos) {
        self.row.idle_max = self.row.idle_max.max(at.saturating_sub(self.last));
        self.last = at;
    }

    pub fn delivered(&mut self, at: Nanos, lag: Nanos) {
        self.used(at);
        self.row.deliveries += 1;
        self.row.lag_max = self.row.lag_max.max(lag);
    }

    /// A call has ended. Returns for how long the peer took nothing, if it has again.
    pub fn called(&mut self, call: &Called, site: usize, part: Nanos) -> Nanos {
        self.used(call.at);
        let row = &mut self.row;
        row.again += u64::from(call.is_again());
        match call.which {
            Which::Read => (row.reads, row.bytes_in) = (row.reads + 1, row.bytes_in + call.bytes()),
            Which::Write => {
                (row.writes, row.bytes_out) = (row.writes + 1, row.bytes_out + call.bytes());
                row.short_writes += u64::from(call.is_short());
            }
            Which::Accept => row.accepts += 1,
            Which::Ctl => row.ctl_calls += 1,
            _ => {}
        }
        if call.bytes() > 0 {
            row.activity.resize(PARTS, 0);
            let place = ((call.at / part) as usize).min(PARTS - 1);
            row.activity[place] += call.bytes();
        }
        if row.sites.len() < MOST_SITES && !row.sites.contains(&site) {
            row.sites.push(site);
        }
        if call.saw_not_ready() {
            self.not_ready = call.at;
        }
        self.waited_for_room(call)
    }

    fn waited_for_room(&mut self, call: &Called) -> Nanos {
        if call.which != Which::Write {
            return 0;
        }
        let mut waited = 0;
        if call.bytes() > 0 {
            waited = self.no_room.take().map_or(0, |since| call.at.saturating_sub(since));
            self.row.peer_blocked += waited;
        }
        if call.saw_not_ready() {
            self.no_room.get_or_insert(call.at);
        }
        waited
    }

    /// It was delivered. Returns what the thread had not served until then.
    pub fn pend(&mut self, new: Pending) -> Option<Pending> {
        if let Some(own) = self.pending.iter_mut().find(|one| one.tid == new.tid) {
            return Some(std::mem::replace(own, new));
        }
        if self.pending.len() < MOST_PENDING {
            self.pending.push(new);
        }
        None
    }

    /// The deliveries that a call of this thread serves: its own, or where it has none those of all others.
    pub fn serve(&mut self, tid: Tid) -> (Option<Pending>, Vec<Pending>) {
        match self.pending.iter().position(|one| one.tid == tid) {
            Some(own) => (Some(self.pending.swap_remove(own)), Vec::new()),
            None if self.pending.is_empty() => (None, Vec::new()),
            None => (None, std::mem::take(&mut self.pending)),
        }
    }

    fn weight(row: &DescriptorRow) -> u64 {
        row.deliveries + row.reads + row.writes + row.accepts
    }
}

impl Descriptors {
    /// The one of this number, which is followed from now on, if it was not, and there is room.
    pub fn get(&mut self, pid: Pid, fd: Fd, at: Nanos) -> Option<&mut Open> {
        if fd < 0 {
            return None;
        }
        if self.open.len() >= MOST_OPEN && self.open.get_mut((pid, fd)).is_none() {
            self.left_out += 1;
            return None;
        }
        Some(self.open.get_or_insert((pid, fd), || Open::new(pid, fd, at)))
    }

    /// Whether it is one whose reads and writes count something: an eventfd, a timer, signals.
    pub fn counts(&mut self, pid: Pid, fd: Fd) -> bool {
        let open = self.known(pid, fd);
        open.is_some_and(|open| matches!(open.kind, Kind::Counter | Kind::Queue))
    }

    /// Those that are open.
    pub fn each(&self) -> impl Iterator<Item = ((Pid, Fd), &Open)> {
        self.open.iter()
    }

    /// The one of this number, if it is followed.
    pub fn known(&mut self, pid: Pid, fd: Fd) -> Option<&mut Open> {
        self.open.get_mut((pid, fd))
    }

    pub fn closed(&mut self, pid: Pid, fd: Fd, at: Nanos) {
        if let Some(open) = self.open.remove((pid, fd)) {
            self.keep(open, Some(at));
        }
    }

    /// Those of a process are not followed any more.
    pub fn forget(&mut self, pid: Pid) {
        let of_it: Vec<_> = self.open.keys().filter(|key| key.0 == pid).collect();
        for key in of_it {
            if let Some(open) = self.open.remove(key) {
                self.keep(open, None);
            }
        }
    }

    fn keep(&mut self, open: Open, closed: Option<Nanos>) {
        let Open { mut row, kind, .. } = open;
        // What was registered or closed, and no more, is not worth a row.
        if Open::weight(&row) == 0 {
            return;
        }
        (row.closed, row.kind) = (closed, name(kind).to_owned());
        row.activity.resize(PARTS, 0);
        self.closed.push(row);
        if self.closed.len() >= 2 * MOST_ROWS {
            self.cut();
        }
    }

    fn cut(&mut self) {
        let weight = |row: &DescriptorRow| std::cmp::Reverse((row.deliveries, Open::weight(row)));
        self.closed.sort_by_key(weight);
        self.left_out += self.closed.len().saturating_sub(MOST_ROWS) as u64;
        self.closed.truncate(MOST_ROWS);
    }

    /// The columns of the timeline have twice the width.
    pub fn widened(&mut self) {
        let open = self.open.values_mut().map(|open| &mut open.row);
        for row in open.chain(&mut self.closed).filter(|row| !row.activity.is_empty()) {
            row.activity = halved(&row.activity, false);
            row.activity.resize(PARTS, 0);
        }
    }

    pub fn document(mut self) -> (Vec<DescriptorRow>, u64) {
        for open in std::mem::take(&mut self.open).into_values() {
            self.keep(open, None);
        }
        self.cut();
        (self.closed, self.left_out)
    }
}

/// How long a part of the activity is, for columns of this width.
pub const fn part(width: Nanos) -> Nanos {
    width * (MOST / PARTS) as u64
}

const fn name(kind: Kind) -> &'static str {
    match kind {
        Kind::Unknown => "unknown",
        Kind::Stream => "stream",
        Kind::Listener => "listener",
        Kind::Datagram => "datagram",
        Kind::Pipe => "pipe",
        Kind::Counter => "counter",
        Kind::Queue => "queue",
        Kind::Epoll => "epoll",
    }
}
