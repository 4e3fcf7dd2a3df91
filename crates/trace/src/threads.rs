//! The threads of a process: when each was last heard of, and in what those are that are not heard of.
//!
//! Only ends of calls are recorded, so that a thread in a long wait, or blocked in a read, is silent. It is looked at
//! in /proc then, first after 20 ms, and less and less often while it is in the same call.

use crate::calls::{is_wait, timeout};
use crate::record::Place;
use epshim_attach::calls::{self, Shape};
use epshim_attach::gather::Questions;
use epshim_attach::look::{Call as Looked, Thread};
use epshim_observe::{Call, Fd, MILLISECOND, Nanos, Tid};
use rustc_hash::FxHashMap;

/// A thread that was silent for this long is looked at.
const SILENT: Nanos = 20 * MILLISECOND;
/// It is looked at no less often than this.
const SELDOM: Nanos = 320 * MILLISECOND;

/// A thread.
#[derive(Debug, Default)]
struct Known {
    /// When a call of it ended last.
    heard: Nanos,
    /// The model was told that it waits.
    waits: bool,
    /// The model was told that it blocks.
    blocks: bool,
    /// When it is to be looked at, and after how much longer again.
    due: Nanos,
    pause: Nanos,
    /// What it was in at the look before.
    before: Option<Thread>,
}

/// What a look at a silent thread has found.
#[derive(Debug, PartialEq, Eq)]
pub enum Silent {
    /// It waits.
    Waits {
        /// The epoll's descriptor.
        epfd: Fd,
        /// In nanoseconds; -1: none.
        timeout: i64,
        /// When a call of it ended last; 0: never.
        since: Nanos,
        /// Where.
        place: Place,
    },
    /// It is blocked in a call on a descriptor that has no O_NONBLOCK.
    Blocked {
        /// The descriptor.
        fd: Fd,
        /// The call.
        call: Call,
        /// For how long at least.
        nanos: Nanos,
        /// Where.
        place: Place,
    },
    /// It has ended.
    Ended,
}

/// The threads of a process.
#[derive(Debug, Default)]
pub struct Threads {
    all: FxHashMap<Tid, Known>,
    /// When those were looked for that were never heard of.
    listed: Nanos,
}

impl Threads {
    /// A call of a thread has ended. Returns when one did before; 0: never.
    pub fn heard(&mut self, tid: Tid, at: Nanos) -> Nanos {
        let known = self.all.entry(tid).or_default();
        (known.blocks, known.before) = (false, None);
        (known.due, known.pause) = (at + SILENT, SILENT);
        std::mem::replace(&mut known.heard, at)
    }

    /// A wait of a thread has ended. Returns whether the model knew that it waits.
    pub fn waited(&mut self, tid: Tid) -> bool {
        self.all.get_mut(&tid).is_some_and(|known| std::mem::take(&mut known.waits))
    }

    /// All of them executed another program but one.
    pub fn clear(&mut self) {
        self.all.clear();
        self.listed = 0;
    }

    /// Looks at those that are silent. A look sees what a thread has come to since its last record that was taken, so
    /// `is_silent` is asked after it: whether no record of the thread is on its way.
    pub fn look(
        &mut self,
        questions: &Questions,
        now: Nanos,
        mut is_silent: impl FnMut(Tid) -> bool,
    ) -> Vec<(Tid, Silent)> {
        if now.saturating_sub(self.listed) >= SELDOM {
            self.listed = now;
            for tid in questions.threads() {
                self.all.entry(tid).or_default();
            }
        }
        let is_due = |known: &Known| known.due <= now && !known.waits && !known.blocks;
        let due = self.all.iter().filter(|(_, known)| is_due(known)).map(|(&tid, _)| tid);
        let mut found = Vec::new();
        for tid in due.collect::<Vec<_>>() {
            let thread = questions.thread(tid);
            if !is_silent(tid) {
                continue;
            }
            let Some(thread) = thread else {
                self.all.remove(&tid);
                found.push((tid, Silent::Ended));
                continue;
            };
            let Some(known) = self.all.get_mut(&tid) else { continue };
            known.pause = (known.pause * 2).clamp(SILENT, SELDOM);
            known.due = now + known.pause;
            let before = known.before.take();
            let silent = waits(&thread, known.heard, questions)
                .or_else(|| blocked(&thread, before.as_ref()?, questions));
            match &silent {
                Some(Silent::Waits { .. }) => known.waits = true,
                Some(_) => known.blocks = true,
                // What may block is looked at again soon.
                None if call_on(&thread.call).is_some() => known.due = now + SILENT,
                None => {}
            }
            known.before = Some(thread);
            found.extend(silent.map(|silent| (tid, silent)));
        }
        found
    }

    /// All threads are looked at in the next look.
    pub fn look_soon(&mut self) {
        self.listed = 0;
        self.all.values_mut().for_each(|known| known.due = 0);
    }

    /// The threads that the model was told of as waiting have to be told anew.
    pub fn forget_waits(&mut self) {
        for known in self.all.values_mut() {
            (known.waits, known.blocks, known.due, known.before) = (false, false, 0, None);
        }
    }
}

fn waits(thread: &Thread, since: Nanos, questions: &Questions) -> Option<Silent> {
    let Looked::In { number, arguments, sp, pc } = thread.call else { return None };
    let number = u32::try_from(number).ok().filter(|&number| is_wait(number))?;
    let timeout = timeout(number, &arguments, time_at(questions, arguments[3]));
    let (epfd, place) = (arguments[0] as Fd, place(questions, pc, sp));
    Some(Silent::Waits { epfd, timeout, since, place })
}

/// The nanoseconds of a `struct timespec` in the process; all ones: there is none.
fn time_at(questions: &Questions, address: u64) -> u64 {
    let bytes = questions.memory().filter(|_| address != 0);
    let bytes = bytes.and_then(|memory| memory.bytes(address, 16));
    let word = |bytes: &[u8]| bytes.try_into().map_or(0, u64::from_le_bytes);
    bytes.map_or(u64::MAX, |bytes| {
        word(&bytes[..8]).saturating_mul(1_000_000_000).saturating_add(word(&bytes[8..]))
    })
}

/// The stack of a thread that is blocked.
pub fn place(questions: &Questions, ip: u64, sp: u64) -> Place {
    const MUCH: usize = 1024;
    let mut stack = vec![0; MUCH];
    let length = questions.memory().map_or(0, |memory| memory.read(sp, &mut stack));
    stack.truncate(length);
    Place { ip, sp, bp: 0, stack }
}

/// It has not moved since, and its descriptor is one that blocks.
fn blocked(thread: &Thread, before: &Thread, questions: &Questions) -> Option<Silent> {
    const NONBLOCK: u32 = 0o4000;
    let (fd, call, is_willing) = call_on(&thread.call)?;
    let Looked::In { sp, pc, .. } = thread.call else { return None };
    if !is_willing || !thread.is_unmoved_since(before) || questions.flags(fd)? & NONBLOCK != 0 {
        return None;
    }
    let nanos = thread.at.saturating_sub(before.at);
    Some(Silent::Blocked { fd, call, nanos, place: place(questions, pc, sp) })
}

/// The descriptor that a thread reads or writes, in what call, and whether that may wait (it has no MSG_DONTWAIT).
fn call_on(call: &Looked) -> Option<(Fd, Call, bool)> {
    const DONTWAIT: u64 = 0x40;
    let &Looked::In { number, arguments, .. } = call else { return None };
    let known = calls::known(number)?;
    let (call, flags) = match (known.name, known.shape) {
        ("accept" | "accept4", _) => (Call::Accept, 0),
        ("recvfrom", _) => (Call::Recv, arguments[3]),
        ("recvmsg", _) => (Call::Recv, arguments[2]),
        ("sendto", _) => (Call::Send, arguments[3]),
        ("sendmsg", _) => (Call::Send, arguments[2]),
        ("read" | "readv", Shape::Reads) => (Call::Read, 0),
        ("write" | "writev" | "sendfile", Shape::Writes) => (Call::Write, 0),
        _ => return None,
    };
    Some((arguments[0] as Fd, call, flags & DONTWAIT == 0))
}
