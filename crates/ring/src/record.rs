//! Observations as records. `reader.rs` is the way back.
//!
//! What a program does for every message is one record: the time; the kind, an errno and a descriptor; the
//! call site; and what belongs to the kind. A wait's deliveries are a record each, `epoll_ctl` is two; waits that find
//! nothing are packed (`empty.rs`). All else
//! is rare: a record that says how many bytes follow, and the bytes (`epshim_observe::binary`).

use crate::empty::PER_RECORD;
use crate::form::{Record, kind};
use crate::reader::Written;
use crate::ring::{RECORDS, Ring};
use epshim_observe::binary::put_what;
use epshim_observe::{Delivery, Ended, Fd, Nanos, Site, Tid, What};

/// The second word: kind, a byte that belongs to it, errno, descriptor.
#[inline]
const fn word(kind: u8, extra: u8, errno: i32, fd: Fd) -> u64 {
    kind as u64 | (extra as u64) << 8 | (errno as u16 as u64) << 16 | (fd as u32 as u64) << 32
}

/// Two halves of a word.
#[inline]
const fn halves(low: u32, high: u32) -> u64 {
    low as u64 | (high as u64) << 32
}

/// A size in 32 bits. What is longer is cut, and stays longer than what it is held against.
#[inline]
fn cut(size: u64) -> u32 {
    u32::try_from(size).unwrap_or(u32::MAX)
}

#[inline]
fn moved(ended: Ended) -> (i32, u64) {
    match ended {
        Ended::Moved { bytes, asked } => {
            // A short call is short still.
            let short = cut(bytes).min(u32::MAX - u32::from(bytes < asked));
            (0, halves(short, cut(asked)))
        }
        Ended::Failed(errno) => (errno, 0),
    }
}

/// How many records it is; `None`: it is written as bytes.
#[inline]
fn count(what: &What<'_>) -> Option<usize> {
    Some(match what {
        What::Read { .. }
        | What::Write { .. }
        | What::Accept { .. }
        | What::Touch { .. }
        | What::Close { .. }
        | What::Dup { .. }
        | What::Shutdown { .. }
        | What::Poll { .. }
        | What::Polled { .. }
        | What::Wait { .. }
        | What::CtlBegins { .. }
        | What::Dropped { .. } => 1,
        What::Got { deliveries } => deliveries.len().max(1),
        What::Ctl { at: None, op: 0..=255, .. } => 2,
        _ => return None,
    })
}

/// Its record at this place.
#[inline]
fn record(at: Nanos, site: Site, what: &What<'_>, place: usize) -> Record {
    let one = |kind, errno, fd, last| [at, word(kind, 0, errno, fd), site.0, last];
    match *what {
        What::Read { fd, ended } => {
            let (errno, moved) = moved(ended);
            one(kind::READ, errno, fd, moved)
        }
        What::Write { fd, ended } => {
            let (errno, moved) = moved(ended);
            one(kind::WRITE, errno, fd, moved)
        }
        What::Accept { fd, accepted } => {
            let new = accepted.unwrap_or(0) as u32;
            one(kind::ACCEPT, accepted.err().unwrap_or(0), fd, new.into())
        }
        What::Touch { fd } => one(kind::TOUCH, 0, fd, 0),
        What::Close { fd, unread } => one(kind::CLOSE, 0, fd, unread.unwrap_or(0)),
        What::Dup { from, to } => one(kind::DUP, 0, from, (to as u32).into()),
        What::Shutdown { fd } => one(kind::SHUTDOWN, 0, fd, 0),
        What::Poll { fd, events } => one(kind::POLL, 0, fd, events.into()),
        What::Polled { fd, ready } => one(kind::POLLED, 0, fd, ready.into()),
        What::Wait { epfd, timeout } => one(kind::WAIT, 0, epfd, timeout as u64),
        What::CtlBegins { op, epfd, fd } => {
            [at, word(kind::CTL_BEGINS, op as u8, 0, fd), site.0, (epfd as u32).into()]
        }
        What::Dropped { records } => one(kind::DROPPED, 0, 0, records),
        What::Got { ref deliveries } => {
            let Delivery { events, data } = deliveries.get(place).copied().unwrap_or_default();
            if place == 0 {
                [at, word(kind::GOT, 0, 0, deliveries.len() as Fd), data, events.into()]
            } else {
                [0, word(kind::MORE, 0, 0, 0), data, events.into()]
            }
        }
        What::Ctl { op, epfd, fd, events, errno, .. } if place == 0 => {
            let begin = word(kind::CTL, op as u8, errno, fd);
            [at, begin, site.0, halves(epfd as u32, events)]
        }
        What::Ctl { data, padding, .. } => {
            let more = word(kind::MORE, u8::from(padding.is_some()), 0, 0);
            [0, more, data, padding.unwrap_or(0).into()]
        }
        _ => [0; 4],
    }
}

impl Ring {
    /// For its owner: writes an observation down. What is not written is counted. Allocates for what is rare
    /// only.
    #[inline]
    pub fn write(&self, at: Nanos, site: Site, what: &What<'_>) {
        match *what {
            What::Wait { epfd, timeout: 0 } if self.empty.begins(at, site, epfd) => return,
            What::Got { ref deliveries } if deliveries.is_empty() && self.keeps_empty(at) => return,
            _ if self.empty.is_empty() => {}
            _ => self.write_kept(),
        }
        self.write_now(at, site, what);
    }

    /// A wait returned nothing: whether it is kept, to be written with others.
    fn keeps_empty(&self, at: Nanos) -> bool {
        if !self.empty.is_held() {
            return false;
        }
        if !self.empty.ended(at) {
            self.write_run();
            // It may be too long even as the first.
            if !self.empty.ended(at) {
                return false;
            }
        }
        if self.empty.is_full() {
            self.write_run();
        }
        true
    }

    /// What was kept comes before all that is written now.
    #[cold]
    fn write_kept(&self) {
        self.write_run();
        if let Some((at, site, what)) = self.empty.take_held() {
            self.write_now(at, site, &what);
        }
    }

    fn write_run(&self) {
        let Some(run) = self.empty.take() else { return };
        let begin = [run.at, word(kind::EMPTY_WAITS, run.len() as u8, 0, run.epfd), run.site.0, 0];
        let more = run.len().div_ceil(PER_RECORD);
        let record = |place: usize| match place.checked_sub(1) {
            None => begin,
            Some(place) => std::array::from_fn(|word| run.word(4 * place + word)),
        };
        if !self.has_told_dropped() || !self.push(1 + more, record) {
            self.drop_since(run.at, 2 * run.len() as u64);
        }
    }

    /// For the reader, when the owner is gone and all was taken: what it had kept, and not written.
    pub fn take_kept(&self, mut each: impl FnMut(Written)) {
        if let Some(run) = self.empty.take() {
            each(Written::new(run.at, run.site, run.what()));
        }
        if let Some((at, site, what)) = self.empty.take_held() {
            each(Written::new(at, site, what));
        }
    }

    fn write_now(&self, at: Nanos, site: Site, what: &What<'_>) {
        if !self.has_told_dropped() {
            return self.drop_since(at, 1);
        }
        let is_written = match count(what) {
            Some(count) => self.push(count, |place| record(at, site, what, place)),
            None => self.push_bytes(at, 0, site, what),
        };
        if !is_written {
            self.drop_since(at, 1);
        }
    }

    /// The same of what another thread has done.
    pub fn write_of(&self, at: Nanos, tid: Tid, site: Site, what: &What<'_>) {
        if !self.empty.is_empty() {
            self.write_kept();
        }
        if !self.has_told_dropped() || !self.push_bytes(at, tid, site, what) {
            self.drop_since(at, 1);
        }
    }

    /// Writes down what was dropped, of the time when the first of it was. False: there is no room still.
    #[inline]
    fn has_told_dropped(&self) -> bool {
        let Some((records, since)) = self.dropped() else { return true };
        let is_told = self.push(1, |_| record(since, Site(0), &What::Dropped { records }, 0));
        if !is_told {
            self.drop_since(since, records);
        }
        is_told
    }

    #[inline(never)]
    fn push_bytes(&self, at: Nanos, tid: Tid, site: Site, what: &What<'_>) -> bool {
        let mut bytes = Vec::new();
        put_what(what, &mut bytes);
        let more = bytes.len().div_ceil(size_of::<Record>());
        more < RECORDS
            && self.push(1 + more, |place| match place.checked_sub(1) {
                None => [at, word(kind::BYTES, 0, 0, tid), site.0, bytes.len() as u64],
                Some(place) => {
                    let mut record: Record = [0; 4];
                    let rest = bytes[place * size_of::<Record>()..].chunks(size_of::<u64>());
                    for (word, chunk) in record.iter_mut().zip(rest) {
                        let mut whole = [0; 8];
                        whole[..chunk.len()].copy_from_slice(chunk);
                        *word = u64::from_le_bytes(whole);
                    }
                    record
                }
            })
    }
}
