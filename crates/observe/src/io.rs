//! What a descriptor's input and output has come to, in one word. Its transitions are pure, so that
//! an observer can keep the word in an atomic, and needs no lock where the program reads, writes and
//! closes.

use crate::errno;

/// How the latest input call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Input {
    /// There was none.
    None,
    /// The buffer was filled: there may be more.
    Full,
    /// Fewer bytes than there was room for. A stream is drained then, a datagram socket is not.
    Short,
    /// `EAGAIN`.
    WouldBlock,
    /// End of file.
    End,
    /// Any other error.
    Failed,
    /// A connection was accepted: there may be more.
    Accepted,
    /// `accept` found no descriptor to give: `EMFILE`, `ENFILE`, `ENOBUFS`, `ENOMEM`.
    Exhausted,
}

impl Input {
    const ALL: [Self; 8] = [
        Self::None,
        Self::Full,
        Self::Short,
        Self::WouldBlock,
        Self::End,
        Self::Failed,
        Self::Accepted,
        Self::Exhausted,
    ];
}

/// How an input or output call ended, as the program saw it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Some of the bytes that were asked for, or all; 0 of at least 1 is the end of the file.
    Moved {
        /// What the call returned.
        bytes: u64,
        /// The size of the buffer.
        asked: u64,
    },
    /// `EAGAIN`.
    WouldBlock,
    /// `EMFILE`, `ENFILE`, `ENOBUFS` or `ENOMEM`.
    Exhausted,
    /// `EINTR`: as if it had not been called.
    Interrupted,
    /// Any other error.
    Failed,
}

impl Outcome {
    /// Of a call that failed.
    #[must_use]
    pub const fn of_errno(errno: i32) -> Self {
        match errno {
            errno::EAGAIN => Self::WouldBlock,
            errno::EINTR => Self::Interrupted,
            errno::EMFILE | errno::ENFILE | errno::ENOBUFS | errno::ENOMEM => Self::Exhausted,
            _ => Self::Failed,
        }
    }

    /// Whether all that was asked for was moved.
    #[must_use]
    pub const fn is_whole(self) -> bool {
        matches!(self, Self::Moved { bytes, asked } if bytes >= asked)
    }
}

/// The word: 16 bits each count the calls, those that moved something, and the input calls, 8 bits the
/// waits for room; and flags. The counts wrap: compare them for equality only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Io(u64);

const CALLS: u64 = 0xffff;
const MOVED: u64 = 0xffff << 16;
const INPUTS: u64 = 0xffff << 48;
const INPUT: u64 = 0x7 << 32;
const UNWRITTEN: u64 = 1 << 35;
const ENDED: u64 = 1 << 36;
const SHUT_DOWN: u64 = 1 << 37;
const HUNG_UP: u64 = 1 << 38;
const POLLED: u64 = 1 << 39;
const FOR_ROOM: u64 = 0xff << 40;

impl Io {
    /// The word as it is kept.
    #[must_use]
    pub const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    /// The word, to keep.
    #[must_use]
    pub const fn bits(self) -> u64 {
        self.0
    }

    /// How many calls were made, modulo 2^16.
    #[must_use]
    pub const fn calls(self) -> u16 {
        (self.0 & CALLS) as u16
    }

    /// How many calls moved something, modulo 2^16.
    #[must_use]
    pub const fn moved(self) -> u16 {
        ((self.0 & MOVED) >> 16) as u16
    }

    /// How many input calls were made, modulo 2^16.
    #[must_use]
    pub const fn inputs(self) -> u16 {
        ((self.0 & INPUTS) >> 48) as u16
    }

    /// How many other calls were made, modulo 2^16: the output calls.
    #[must_use]
    pub const fn outputs(self) -> u16 {
        self.calls().wrapping_sub(self.inputs())
    }

    /// Output calls, and waits for room that began or ended: what the program does about the rest of
    /// a write.
    #[must_use]
    pub const fn attempts(self) -> u16 {
        self.outputs().wrapping_add((((self.0 & FOR_ROOM) >> 40) as u16) << 8)
    }

    /// poll(2) or select(2) said that it has input: the program does not only count on epoll for it.
    #[must_use]
    pub const fn is_polled(self) -> bool {
        self.0 & POLLED != 0
    }

    /// A hang-up was delivered, and the program neither read to the end nor finished with it
    /// itself: a close now may lose what is unread.
    #[must_use]
    pub const fn may_lose_input(self) -> bool {
        self.0 & (HUNG_UP | ENDED | SHUT_DOWN) == HUNG_UP
    }

    /// The latest input call returned 0, and the program has not shut it down: on a datagram socket, for an empty
    /// datagram.
    #[must_use]
    pub const fn received_nothing(self) -> bool {
        matches!(self.input(), Input::End) && self.0 & SHUT_DOWN == 0
    }

    /// The program has shut down its writing: the peer is told of the end by that.
    #[must_use]
    pub const fn is_shut_down(self) -> bool {
        self.0 & SHUT_DOWN != 0
    }

    /// How the latest input call ended.
    #[must_use]
    pub const fn input(self) -> Input {
        Input::ALL[((self.0 & INPUT) >> 32) as usize]
    }

    /// The latest write was short, or found no room, and nothing was written since.
    #[must_use]
    pub const fn is_unwritten(self) -> bool {
        self.0 & UNWRITTEN != 0
    }

    /// The end of the file was read, or an error other than `EAGAIN`.
    #[must_use]
    pub const fn has_ended(self) -> bool {
        self.0 & ENDED != 0
    }

    /// A delivery said `EPOLLHUP` or `EPOLLRDHUP`.
    #[must_use]
    pub const fn is_hung_up(self) -> bool {
        self.0 & HUNG_UP != 0
    }

    /// After a delivery of `EPOLLHUP` or `EPOLLRDHUP`.
    #[must_use]
    pub const fn hung_up(self) -> Self {
        Self(self.0 | HUNG_UP)
    }

    /// After `shutdown` for writing: nothing will be written.
    #[must_use]
    pub const fn shut_down(self) -> Self {
        Self((self.0 | SHUT_DOWN) & !UNWRITTEN)
    }

    /// After a thread began to wait for room, in poll(2) or select(2), or ended such a wait.
    #[must_use]
    pub const fn waited_for_room(self) -> Self {
        let waits = self.0.wrapping_add(1 << 40) & FOR_ROOM;
        Self(self.0 & !FOR_ROOM | waits)
    }

    /// After poll(2) or select(2) said that it has input.
    #[must_use]
    pub const fn polled(self) -> Self {
        Self(self.0 | POLLED)
    }

    /// After a call that may have taken or given anything: an ioctl, a read of what lies beside the
    /// data.
    #[must_use]
    pub const fn touched(self) -> Self {
        self.counted(true)
    }

    /// After a call that asked how it is and moved nothing: `connect`, or `SO_ERROR`.
    #[must_use]
    pub const fn asked(self) -> Self {
        self.counted(false)
    }

    /// After a read or a receive.
    #[must_use]
    pub const fn after_input(self, outcome: Outcome) -> Self {
        match outcome {
            Outcome::Interrupted | Outcome::Moved { asked: 0, .. } => self,
            Outcome::Moved { bytes: 0, .. } => self.counted(false).with(Input::End).flagged(ENDED),
            Outcome::Moved { bytes, asked } if bytes < asked => {
                self.counted(true).with(Input::Short)
            }
            Outcome::Moved { .. } => self.counted(true).with(Input::Full),
            Outcome::WouldBlock => self.counted(false).with(Input::WouldBlock),
            Outcome::Exhausted | Outcome::Failed => {
                self.counted(false).with(Input::Failed).flagged(ENDED)
            }
        }
    }

    /// After an `accept`.
    #[must_use]
    pub const fn after_accept(self, outcome: Outcome) -> Self {
        match outcome {
            Outcome::Interrupted => self,
            Outcome::Moved { .. } => self.counted(true).with(Input::Accepted),
            Outcome::WouldBlock => self.counted(false).with(Input::WouldBlock),
            Outcome::Exhausted => self.counted(false).with(Input::Exhausted),
            // ECONNABORTED and its like took a connection from the queue.
            Outcome::Failed => self.counted(true).with(Input::Failed),
        }
    }

    /// After a write or a send. An error ends the writing: nothing of it is lost by the program.
    #[must_use]
    pub const fn after_output(self, outcome: Outcome) -> Self {
        match outcome {
            Outcome::Interrupted | Outcome::Moved { asked: 0, .. } => self,
            Outcome::Moved { bytes, asked } if bytes < asked => {
                self.counted(true).flagged(UNWRITTEN)
            }
            Outcome::Moved { .. } => Self(self.counted(true).0 & !UNWRITTEN),
            Outcome::WouldBlock if self.0 & SHUT_DOWN == 0 => {
                self.counted(false).flagged(UNWRITTEN)
            }
            Outcome::WouldBlock | Outcome::Exhausted | Outcome::Failed => {
                Self(self.counted(false).0 & !UNWRITTEN)
            }
        }
    }

    const fn counted(self, moved: bool) -> Self {
        let calls = self.0.wrapping_add(1) & CALLS;
        let moves = if moved { self.0.wrapping_add(1 << 16) & MOVED } else { self.0 & MOVED };
        Self(self.0 & !(CALLS | MOVED) | calls | moves)
    }

    const fn with(self, input: Input) -> Self {
        // The count is in the highest bits: it wraps by itself.
        Self(self.0.wrapping_add(1 << 48) & !INPUT | (input as u64) << 32)
    }

    const fn flagged(self, flag: u64) -> Self {
        Self(self.0 | flag)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FULL: Outcome = Outcome::Moved { bytes: 8, asked: 8 };
    const SHORT: Outcome = Outcome::Moved { bytes: 3, asked: 8 };

    #[test]
    fn the_counts_wrap_without_touching_each_other_or_the_flags() {
        let mut io = Io::default().after_output(SHORT);
        for _ in 0..0x1_0000 {
            io = io.after_input(FULL);
        }
        assert_eq!((io.calls(), io.moved(), io.inputs()), (1, 1, 0));
        assert!(io.is_unwritten());
        assert_eq!(io.input(), Input::Full);
    }

    #[test]
    fn a_write_in_full_or_an_error_ends_what_was_unwritten() {
        let short = Io::default().after_output(SHORT);
        assert!(short.is_unwritten());
        assert!(short.after_output(Outcome::WouldBlock).is_unwritten());
        assert!(!short.after_output(FULL).is_unwritten());
        assert!(!short.after_output(Outcome::Failed).is_unwritten());
        assert!(!short.shut_down().is_unwritten());
        assert_eq!(short.after_output(Outcome::Interrupted), short);
    }

    #[test]
    fn waits_for_room_are_counted_beside_the_calls_and_touch_nothing_else() {
        let short = Io::default().after_output(SHORT);
        let waited = short.waited_for_room();
        assert_ne!(waited.attempts(), short.attempts());
        assert_ne!(waited.attempts(), short.after_output(SHORT).attempts());
        assert_eq!((waited.calls(), waited.inputs()), (1, 0));
        assert!(waited.is_unwritten() && !waited.is_polled() && waited.polled().is_polled());
        let around = (0..0x100).fold(short.polled(), |io, _| io.waited_for_room());
        assert_eq!(around, short.polled());
    }

    #[test]
    fn end_of_file_and_errors_are_remembered_and_move_nothing() {
        let end = Io::default().after_input(Outcome::Moved { bytes: 0, asked: 8 });
        assert!(end.has_ended());
        assert_eq!((end.calls(), end.moved()), (1, 0));
        assert_eq!(Io::default().after_input(Outcome::Moved { bytes: 0, asked: 0 }), Io::default());
        assert!(!Io::default().after_input(Outcome::WouldBlock).has_ended());
    }
}
