//! What happens again and again: deliveries without progress, accepts that find no descriptor to give,
//! waits with a zero timeout. Each is counted in a row, and what ends a row is said here; how long a row
//! must be to mean something, a rule says.

use crate::model::delivery::Delivery;
use crate::model::ticks::Ticks;
use epshim_observe::{Io, MILLISECOND, Nanos, SECOND, bits};

/// A longer pause is not counted: the loop did something else, or the machine was busy elsewhere.
const PAUSE: Nanos = 100 * MILLISECOND;
/// A pause that is longer yet ends the row.
const END: Nanos = SECOND;
/// A thread that does nothing between two waits begins the second within this time.
const AT_ONCE: Nanos = 10 * MILLISECOND / 1000;
/// Rounds in which no descriptor was to be had are of one row for this long.
const STARVING: Ticks = Ticks::of(SECOND);
/// In a round that takes longer the program does other work, sleeps, or has paused its listener.
const ROUND: Nanos = 5 * MILLISECOND;

/// Whether a registration that is no edge was delivered only for what is reported without being asked for. To
/// ask for the same again does nothing about that.
pub(crate) const fn is_unasked(interest: u32, events: u32) -> bool {
    interest & bits::ET == 0 && events != 0 && events & interest == 0
}

/// Deliveries of one registration without progress between them.
// Packed: each registration has one.
#[derive(Debug, Clone, Copy, Default)]
#[repr(C, packed)]
pub(crate) struct Row {
    pub times: u32,
    since: Ticks,
    /// The descriptor's input calls since the row began.
    pub calls: u32,
    /// How often the kernel said that something had moved, unseen.
    pub refuted: u8,
}

impl Row {
    /// From now on there is none.
    pub fn begin(&mut self, now: Nanos) {
        (self.times, self.since) = (0, Ticks::of(now));
    }

    /// A delivery. An edge is reported again only when something has happened; a one-shot, when armed
    /// again: that counts where it has brought nothing but what nobody asked for.
    pub fn observe(&mut self, interest: u32, before: Delivery, now: Delivery) {
        let pause = now.at.saturating_sub(before.at);
        let is_level = interest & (bits::ET | bits::ONESHOT) == 0;
        let is_same = (is_level || is_unasked(interest, now.events))
            && before.round != 0
            && pause <= END
            && now.events == before.events
            && now.moved == before.moved;
        if !is_same {
            return self.begin(now.at);
        }
        let calls = if self.times == 0 { 0 } else { self.calls };
        self.calls = calls.saturating_add(u32::from(now.inputs.wrapping_sub(before.inputs)));
        if pause > PAUSE {
            self.since = self.since.later(pause);
        }
        self.times = self.times.saturating_add(1);
    }

    /// How long it has lasted, without the pauses.
    pub fn lasted(self, now: Nanos) -> Nanos {
        Ticks::of(now).since(self.since).nanos()
    }

    /// The kernel was asked, and said that something moved.
    pub fn refuted(&mut self) {
        *self = Self { times: 0, refuted: (self.refuted + 1).min(10), ..*self };
    }
}

/// Rounds in which `accept` had no descriptor to give, and since when.
// Packed: each registration has one.
#[derive(Debug, Clone, Copy, Default)]
#[repr(C, packed)]
pub(crate) struct Starved {
    since: Ticks,
    pub rounds: u8,
}

impl Starved {
    /// A listener whose last accept found no descriptor is delivered again.
    pub fn observe(&mut self, interest: u32, before: Delivery, io: Io, now: Nanos) {
        // With an edge there was something new.
        if interest & bits::ET != 0 || before.round == 0 || before.moved != io.moved() {
            self.rounds = 0;
        } else if before.inputs != io.inputs() && now.saturating_sub(before.at) <= ROUND {
            let now = Ticks::of(now);
            if self.rounds == 0 || now.since(self.since) > STARVING {
                *self = Self { since: now, rounds: 0 };
            }
            self.rounds = self.rounds.saturating_add(1);
        }
    }

    /// How long it has lasted.
    pub fn lasted(self, now: Nanos) -> Nanos {
        Ticks::of(now).since(self.since).nanos()
    }
}

/// A thread's waits with a zero timeout.
#[derive(Debug, Default)]
pub(crate) struct Zeros {
    /// The last wait with a positive timeout ran out: what is left of it may be under a millisecond.
    has_run_out: bool,
    waits: u32,
    /// Those that came at once after the one before.
    at_once: u32,
    since: Nanos,
    /// The end of the latest of them; the work after it may take any time.
    until: Nanos,
}

/// Waits with a zero timeout that returned nothing, until one with another timeout.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Run {
    pub waits: u32,
    pub lasted: Nanos,
    /// Those of the waits that came at once after the one before: the thread did nothing between them.
    pub at_once: u32,
    /// A wait with a positive timeout had run out before it, and the one that ends it has one too.
    pub is_between: bool,
}

impl Zeros {
    /// The waits of the run that a wait would end which begins now.
    pub fn in_run(&self) -> u32 {
        if self.has_run_out { self.waits } else { 0 }
    }

    /// A wait begins. Returns the run that it ends.
    pub fn begins(&mut self, timeout: i64, now: Nanos) -> Option<Run> {
        if timeout == 0 {
            if self.waits == 0 {
                (self.since, self.at_once) = (now, 0);
            } else if now.saturating_sub(self.until) <= AT_ONCE {
                self.at_once = self.at_once.saturating_add(1);
            }
            return None;
        }
        let waits = std::mem::take(&mut self.waits);
        let is_between = std::mem::take(&mut self.has_run_out) && timeout > 0;
        let lasted = self.until.saturating_sub(self.since);
        let at_once = self.at_once;
        (waits > 0).then_some(Run { waits, lasted, at_once, is_between })
    }

    /// It ended.
    pub fn ended(&mut self, timeout: i64, deliveries: usize, now: Nanos) {
        match (timeout, deliveries) {
            (0, 0) => (self.waits, self.until) = (self.waits.saturating_add(1), now),
            (1.., 0) => self.has_run_out = true,
            // A program that polls for a while before it sleeps does so after an event.
            _ => (self.has_run_out, self.waits) = (false, 0),
        }
    }
}
