//! Edges that are armed again: after a fault the program has been told that nothing is left, and the kernel will
//! not say otherwise by itself. `EPOLL_CTL_MOD` with a registration's own events and data does (epoll(7), Q8; the
//! kernel polls the file and queues it: fs/eventpoll.c, ep_modify).
//!
//! Only under the lock of the books, in which the program's own `epoll_ctl` is made too.

use crate::chaos::books::Books;
use crate::chaos::known::Registration;
use crate::chaos::monitor;
use crate::questions::fd::FdNumber;
use epshim_observe::bits;
use rustix::event::epoll::{EventData, EventFlags, modify};
use rustix::io::Errno;
use std::ffi::c_int;

/// Arms all edges of a descriptor again.
pub fn arm(books: &mut Books, fd: c_int) {
    let registrations =
        books.known(fd).map(|known| known.registrations.clone()).unwrap_or_default();
    for registration in registrations {
        arm_one(fd, &registration);
    }
}

/// Arms an edge again, if it is one that can be.
pub fn arm_one(fd: c_int, registration: &Registration) {
    let Registration { epfd, events, data, .. } = *registration;
    if events & bits::ET == 0 || events & (bits::ONESHOT | bits::EXCLUSIVE) != 0 {
        return;
    }
    let (Some(epoll), Some(file)) = (FdNumber::new(epfd), FdNumber::new(fd)) else { return };
    let flags = EventFlags::from_bits_retain(events);
    match modify(epoll, file, EventData::new_u64(data), flags) {
        // Another thread has closed one of the two meanwhile: the edge is gone with it.
        Ok(()) | Err(Errno::NOENT | Errno::BADF) => {}
        Err(_) => monitor::violated("an edge was not armed again"),
    }
}
