//! What the hooks report of sandboxes (seccomp(2)): the program is about to enter one, and has entered it.
//!
//! What is to be done in between is in `life/sandbox.rs`.

use crate::chaos::limit;
use crate::entry::guard::record_change;
use crate::life::sandbox;
use crate::output::report;
use crate::runtime::{thread, watched};
use libc::{c_int, c_void};

pub extern "C" fn begins(site: *const c_void, is_earnest: bool) {
    // A fault asks the kernel for more than the program does.
    watched::set_chaos(false);
    limit::end();
    record_change(|| sandbox::begins(site.addr(), is_earnest));
}

pub extern "C" fn ended(has_entered: bool) {
    record_change(|| sandbox::ended(has_entered));
}

pub extern "C" fn written(fd: c_int) {
    if report::is_written_to(fd) {
        crate::runtime::sandbox::wrote(thread::address(), fd as usize);
    }
}
