//! What the hooks report of `connect`, and of `SO_ERROR`, by which a program asks what has become of one.
//!
//! A connect that goes on, or has failed, is known before the socket is registered: the descriptor is watched from
//! then on. One that has succeeded at once is of no interest.

use crate::books::slots::{Table, known, slot, update};
use crate::books::{model, recording, stacks};
use crate::entry::epoll::anew;
use crate::entry::guard::record_change;
use epshim_observe::{Descriptors, Io, Kind, What};
use libc::{c_int, c_void};

pub extern "C" fn connected(fd: c_int, error: c_int, site: *const c_void) {
    // EINTR: it goes on, in a socket that blocks.
    if matches!(error, libc::EBADF | libc::ENOTSOCK | libc::EFAULT | libc::EINTR) {
        return;
    }
    record_change(|| {
        let Some(slot) = slot(fd) else { return };
        let is_known = slot.get().is_known();
        let kind = if is_known { Table.kind(fd) } else { anew(fd, slot) };
        if kind != Kind::Stream {
            return;
        }
        if !is_known {
            update(fd, |state| state.is_connecting = true);
        }
        slot.did(Io::asked);
        model::observe(stacks::capture(site), What::Connect { fd, errno: error });
    });
}

pub extern "C" fn error_taken(fd: c_int, site: *const c_void) {
    record_change(|| {
        if let Some(slot) = known(fd) {
            slot.did(Io::asked);
            recording::write(stacks::only(site), &What::ErrorTaken { fd });
        }
    });
}
