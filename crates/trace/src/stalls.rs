//! Threads that have left their loop for long: each is looked at every 100 ms, from the end of its wait to the next.
//!
//! A stall is told when the thread waits again: one that never does may have left its loop for good, with events in an epoll that
//! it has not closed.

use crate::record::Place;
use crate::threads;
use epshim_attach::calls::{self, Shape};
use epshim_attach::gather::Questions;
use epshim_attach::look::{Call, Thread};
use epshim_observe::{Fd, MILLISECOND, Nanos, Site, Tid, What};
use rustc_hash::FxHashMap;

/// Between two looks.
const PAUSE: Nanos = 100 * MILLISECOND;
/// A look counts for no more than this, on a machine that stands still.
const MOST: Nanos = 150 * MILLISECOND;
/// It is told from here on.
const LONG: Nanos = 500 * MILLISECOND;

/// A thread that has returned from a wait.
#[derive(Debug)]
struct Away {
    epfd: Fd,
    /// The look before, and for how long it was asleep in the same call by then.
    before: Option<Thread>,
    nanos: Nanos,
    /// The longest such sleep, from [`LONG`] on: in which call, and where that was made.
    longest: Nanos,
    call: String,
    site: Site,
}

/// A stall that has ended, and where the call was made: found while it lasted, for the process may end with it.
pub struct Stall {
    pub what: What<'static>,
    pub site: Site,
}

/// The threads of a process.
#[derive(Debug, Default)]
pub struct Stalls {
    away: FxHashMap<Tid, Away>,
    looked: Nanos,
}

impl Stalls {
    /// A wait of a thread has ended.
    pub fn returned(&mut self, tid: Tid, epfd: Fd) {
        let (before, nanos, longest) = (None, 0, 0);
        let (call, site) = (String::new(), Site(0));
        self.away.insert(tid, Away { epfd, before, nanos, longest, call, site });
    }

    /// A thread waits. Returns its stall before, if it was one.
    pub fn waits(&mut self, tid: Tid, epfd: Fd) -> Option<Stall> {
        // Another thread may serve the epoll of one that is away.
        if self.away.len() > 1 {
            self.away.retain(|&other, away| other == tid || away.epfd != epfd);
        }
        let away = self.away.remove(&tid).filter(|it| it.longest >= LONG && it.epfd == epfd)?;
        let (nanos, call, is_over) = (away.longest, away.call, true);
        let (write_end, read_end) = (-1, -1);
        let what = What::Stalled { epfd, nanos, call, is_over, write_end, read_end };
        Some(Stall { what, site: away.site })
    }

    /// All of them begin anew.
    pub fn clear(&mut self) {
        self.away.clear();
    }

    /// Looks at all that are away. Those that find nothing ready do not count.
    pub fn look(
        &mut self,
        questions: &Questions,
        now: Nanos,
        mut locate: impl FnMut(&Place) -> Site,
    ) {
        if now.saturating_sub(self.looked) < PAUSE {
            return;
        }
        self.looked = now;
        self.away.retain(|&tid, away| {
            let Some(thread) = questions.thread(tid) else { return false };
            away.look(thread, questions, &mut locate);
            true
        });
    }
}

impl Away {
    fn look(
        &mut self,
        thread: Thread,
        questions: &Questions,
        locate: &mut dyn FnMut(&Place) -> Site,
    ) {
        let before = self.before.take();
        let still = before.filter(|before| thread.is_unmoved_since(before));
        let lasted = still.map(|before| thread.at.saturating_sub(before.at).min(MOST));
        let counts = |number: i64, fd: u64| {
            let registrations = || questions.registrations(self.epfd);
            // What it does with a descriptor of its epoll is another rule's.
            let is_on_registered = || {
                registrations().is_none_or(|all| calls::is_on_registered(number, fd as Fd, &all))
            };
            !serves(number)
                && questions.has_something(self.epfd) == Some(true)
                && !is_on_registered()
        };
        self.nanos = match (&thread.call, lasted) {
            (&Call::In { number, arguments: [fd, ..], .. }, Some(lasted)) if counts(number, fd) => {
                self.nanos + lasted
            }
            _ => 0,
        };
        if let Call::In { number, arguments, sp, pc } = thread.call {
            if self.nanos >= LONG && self.nanos > self.longest {
                if self.longest == 0 {
                    self.site = locate(&threads::place(questions, pc, sp));
                    let name = calls::known(number).map(|known| known.name.to_owned());
                    self.call = name.unwrap_or_else(|| calls::words(number, arguments));
                }
                self.longest = self.nanos;
            }
        }
        self.before = Some(thread);
    }
}

/// Whether a thread that sleeps in a call may serve something there.
fn serves(number: i64) -> bool {
    let shape = calls::known(number).map(|known| known.shape);
    matches!(shape, Some(Shape::Wait | Shape::Poll | Shape::Select | Shape::Ring))
}
