//! What else the hooks report of watched descriptors: a copy, flags that may have changed, a
//! shutdown; of sockets that are new, in programs whose lines are known; and rings, whose calls they cannot follow.

use crate::books::slots::{known, update};
use crate::books::{belongings, counts, family, model, recording, stacks};
use crate::entry::guard::{if_checking, record_change};
use crate::questions::lines;
use crate::runtime::watched;
use epshim_observe::{Io, Site, What};
use libc::{c_int, c_long, c_void};
use std::sync::atomic::Ordering::Relaxed;

pub extern "C" fn duplicated(from: c_int, to: c_int, site: *const c_void) {
    record_change(|| {
        let Some(slot) = known(from) else { return };
        slot.duplicated.store(site.addr() as u64, Relaxed);
        if slot.get().is_epoll {
            update(to, |state| state.is_epoll = true);
            family::duplicated(from, to);
            model::observe(stacks::only(site), What::Dup { from, to });
        } else {
            recording::write(stacks::only(site), &What::Dup { from, to });
        }
    });
}

pub extern "C" fn opened(fd: c_int, site: *const c_void) {
    record_change(|| {
        belongings::opened(fd, stacks::users_line(site));
        if lines::are_deferred() {
            // The user's first write comes before the loop registers it.
            watched::watch(fd, true);
        }
    });
}

pub extern "C" fn flags_changed(fd: c_int) {
    record_change(|| {
        if let Some(slot) = known(fd) {
            slot.forget_blocking();
        }
    });
}

pub extern "C" fn shut_down(fd: c_int) {
    record_change(|| {
        if let Some(slot) = known(fd) {
            slot.did(Io::shut_down);
            recording::write(Site(0), &What::Shutdown { fd });
        }
    });
}

pub extern "C" fn unseen(_number: c_long) {
    if_checking(|| counts::RINGS.add_one());
}
