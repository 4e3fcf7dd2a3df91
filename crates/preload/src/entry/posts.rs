//! What a call without the model's lock has for the model.

use crate::books::mailbox::{self, Message, Subject};
use crate::books::stacks;
use epshim_observe::Site;
use libc::{c_int, c_void};

/// Posts it, with the lines of the program: it is rare enough for them.
pub fn post(subject: Subject, fd: c_int, site: *const c_void, amount: u64) {
    let Site(at) = stacks::with_lines(site.addr() as u64);
    mailbox::post(Message { site: at, ..Message::of_this_thread(subject, fd, site, amount) });
}
