//! What a call without the model's lock has for the model.

use crate::books::mailbox::{self, Message, Subject};
use crate::books::stacks;
use epshim_observe::Site;
use libc::{c_int, c_void};

/// Posts it, with the lines of the program: it is rare enough for them.
pub fn post(subject: Subject, fd: c_int, site: *const c_void, amount: u64) {
    mailbox::post(message(subject, fd, site, amount));
}

/// The same of what is said again if it is still so.
pub fn post_if_quiet(subject: Subject, fd: c_int, site: *const c_void, amount: u64) {
    mailbox::post_if_quiet(message(subject, fd, site, amount));
}

fn message(subject: Subject, fd: c_int, site: *const c_void, amount: u64) -> Message {
    let Site(at) = stacks::with_lines(site.addr() as u64);
    Message { site: at, ..Message::of_this_thread(subject, fd, site, amount) }
}
