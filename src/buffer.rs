//! [`EventBuffer`]: room for deliveries, and a view of those that are there.
//!
//! The memory is allocated once and never zeroed: the kernel writes events into it, and only what
//! the kernel wrote can be read back. A wait that fails leaves the buffer empty, so that no event
//! of the wait before is ever handled twice.

use crate::sys::Result;
use crate::{Event, memory};
use alloc::boxed::Box;
use core::fmt;
use core::mem::MaybeUninit;
use core::slice;
#[cfg(feature = "std")]
use std::io;

/// Room for the deliveries of one [`Epoll::wait`](crate::Epoll::wait).
///
/// ```
/// # use epshim::{CreateFlags, Epoll, EventBuffer};
/// # use std::time::Duration;
/// let epoll = Epoll::create(CreateFlags::CLOEXEC)?;
/// let mut events = EventBuffer::with_capacity(64);
/// assert_eq!(epoll.wait(&mut events, Some(Duration::ZERO))?, 0);
/// assert!(events.is_empty());
/// for event in &events {
///     println!("{event:?}");
/// }
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct EventBuffer {
    events: Box<[MaybeUninit<Event>]>,
    /// How many events at the front are initialised.
    len: usize,
}

impl EventBuffer {
    /// A buffer for at most `capacity` deliveries a wait.
    pub(crate) fn allocated(capacity: usize) -> Result<Self> {
        Ok(Self { events: memory::uninit_slice(capacity)?, len: 0 })
    }

    /// How many deliveries one wait can write.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.events.len()
    }

    /// How many deliveries the last wait wrote.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether the last wait wrote none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The deliveries of the last wait, in the kernel's order.
    #[must_use]
    pub fn as_slice(&self) -> &[Event] {
        // SAFETY: the first `len` events are initialised (`fill`), and borrowed as long as `self`.
        unsafe { slice::from_raw_parts(self.events.as_ptr().cast(), self.len) }
    }

    /// The deliveries of the last wait, by value.
    pub fn iter(&self) -> Events<'_> {
        Events { events: self.as_slice().iter() }
    }

    /// Forgets the deliveries of the last wait.
    pub fn clear(&mut self) {
        self.len = 0;
    }

    /// Lets `wait` write events, and makes those it counts readable. Only the waits of `sys.rs` and of
    /// `fill_with` are passed in: they return how many events at the front the kernel initialised.
    #[inline]
    pub(crate) fn fill<E>(
        &mut self,
        wait: impl FnOnce(&mut [MaybeUninit<Event>]) -> Result<usize, E>,
    ) -> Result<usize, E> {
        self.len = 0;
        let written = wait(&mut self.events)?;
        assert!(written <= self.events.len(), "epoll_wait(2) returned more than maxevents");
        self.len = written;
        Ok(written)
    }
}

/// What has errors or memory of std.
#[cfg(feature = "std")]
impl EventBuffer {
    /// A buffer for at most `capacity` deliveries a wait. With 0 every wait gives `EINVAL`.
    ///
    /// Where memory is out it ends the process, as `Vec::with_capacity` does;
    /// [`try_with_capacity`](Self::try_with_capacity) does not.
    ///
    /// # Panics
    ///
    /// If `capacity` deliveries are more than `isize::MAX` bytes.
    #[must_use]
    pub fn with_capacity(capacity: usize) -> Self {
        Self { events: Box::new_uninit_slice(capacity), len: 0 }
    }

    /// As [`with_capacity`](Self::with_capacity), but memory that is not there is an error.
    ///
    /// # Errors
    ///
    /// - `ENOMEM`: there is no memory for `capacity` deliveries.
    pub fn try_with_capacity(capacity: usize) -> io::Result<Self> {
        Ok(Self::allocated(capacity)?)
    }

    /// Lets `wait` write events, for waits that this crate does not make: a system call of one's own,
    /// or another library's. Returns what `wait` returns, and what was in the buffer before is gone.
    /// [`Epoll::wait`](crate::Epoll::wait) is what programs want nearly always: it can be cancelled, and
    /// sanitizers and the checker see it.
    ///
    /// # Errors
    ///
    /// Those of `wait`; the buffer is empty then.
    ///
    /// # Safety
    ///
    /// The number that `wait` returns is at most that of the events it was given, and that many at the
    /// front are initialised then.
    ///
    /// # Panics
    ///
    /// If the number is larger: nothing of it is read then.
    #[inline]
    pub unsafe fn fill_with(
        &mut self,
        wait: impl FnOnce(&mut [MaybeUninit<Event>]) -> io::Result<usize>,
    ) -> io::Result<usize> {
        self.fill(wait)
    }
}

impl fmt::Debug for EventBuffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventBuffer")
            .field("capacity", &self.capacity())
            .field("events", &self.as_slice())
            .finish()
    }
}

impl<'buffer> IntoIterator for &'buffer EventBuffer {
    type Item = Event;
    type IntoIter = Events<'buffer>;

    fn into_iter(self) -> Events<'buffer> {
        self.iter()
    }
}

/// The deliveries in an [`EventBuffer`], by value.
#[derive(Debug, Clone)]
pub struct Events<'buffer> {
    events: slice::Iter<'buffer, Event>,
}

impl Iterator for Events<'_> {
    type Item = Event;

    fn next(&mut self) -> Option<Event> {
        self.events.next().copied()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.events.size_hint()
    }
}

impl DoubleEndedIterator for Events<'_> {
    fn next_back(&mut self) -> Option<Event> {
        self.events.next_back().copied()
    }
}

impl ExactSizeIterator for Events<'_> {}

#[cfg(all(test, feature = "std"))]
mod tests {
    use super::EventBuffer;
    use crate::{Event, EventData, EventFlags};
    use std::mem::MaybeUninit;

    fn write(buffer: &mut EventBuffer, values: &[u64]) {
        let wait = |array: &mut [MaybeUninit<Event>]| {
            for (slot, &value) in array.iter_mut().zip(values) {
                slot.write(Event::new(EventFlags::IN, EventData::from_u64(value)));
            }
            Ok(values.len())
        };
        // SAFETY: that many events were written, or the buffer panics, as it should.
        let written = unsafe { buffer.fill_with(wait) };
        assert_eq!(written.unwrap(), values.len());
    }

    fn read(buffer: &EventBuffer) -> Vec<u64> {
        buffer.iter().map(|event| event.data().u64()).collect()
    }

    #[test]
    fn only_what_was_written_is_iterated() {
        let mut buffer = EventBuffer::with_capacity(4);
        assert_eq!(read(&buffer), []);
        write(&mut buffer, &[1, 2, 3]);
        assert_eq!(read(&buffer), [1, 2, 3]);
        write(&mut buffer, &[9]);
        assert_eq!(read(&buffer), [9]);
        assert_eq!(buffer.iter().rev().len(), 1);
    }

    #[test]
    fn more_room_than_there_can_be_is_an_error() {
        assert_eq!(EventBuffer::try_with_capacity(4).unwrap().capacity(), 4);
        let refused = EventBuffer::try_with_capacity(usize::MAX).unwrap_err();
        assert_eq!(refused.raw_os_error(), Some(libc::ENOMEM));
    }

    #[test]
    fn a_failed_wait_leaves_nothing_of_the_wait_before() {
        let mut buffer = EventBuffer::with_capacity(2);
        write(&mut buffer, &[1, 2]);
        assert_eq!(buffer.fill(|_| Err("interrupted")), Err("interrupted"));
        assert!(buffer.is_empty());
    }

    #[test]
    #[should_panic(expected = "more than maxevents")]
    fn a_count_beyond_the_capacity_is_never_believed() {
        let _ = EventBuffer::with_capacity(1).fill(|_| Ok::<_, ()>(2));
    }
}
