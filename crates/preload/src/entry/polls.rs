//! What the hooks report of poll(2) and select(2): a thread waits for room in a watched descriptor, and
//! was told of input.
//!
//! As for reads and writes: no lock, no allocation. What a vforked child waits for is not its parent's
//! business.

use crate::books::slots::known;
use crate::books::{recording, room_waits};
use crate::entry::guard::{record, record_change};
use epshim_observe::{Io, Site, What, bits};
use libc::{c_int, uintptr_t};

pub extern "C" fn room_awaited(fd: c_int, call: uintptr_t) {
    record_change(|| {
        if let Some(slot) = known(fd) {
            room_waits::enter(fd, call);
            slot.did(Io::waited_for_room);
            recording::write(Site(0), &What::Poll { fd, events: bits::OUT });
        }
    });
}

pub extern "C" fn room_wait_ended(call: uintptr_t) {
    record_change(|| {
        // Noted in the slot before the wait is taken out: in between it may be asked about.
        room_waits::leave(call, |fd| {
            if let Some(slot) = known(fd) {
                slot.did(Io::waited_for_room);
                recording::write(Site(0), &What::Polled { fd, ready: 0 });
            }
        });
    });
}

pub extern "C" fn input_polled(fd: c_int) {
    record(|| {
        if let Some(slot) = known(fd).filter(|slot| !slot.io().is_polled()) {
            slot.did(Io::polled);
            recording::write(Site(0), &What::Polled { fd, ready: bits::IN });
        }
    });
}
