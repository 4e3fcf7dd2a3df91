//! What the hooks report of waits: one begins, one ended.
//!
//! A wait is where suspicions come up, so the monitor thread is started here.
//!
//! Surprising: a wait that began may never end, for its thread: pthread_cancel(3), or siglongjmp(3)
//! from a signal handler.

use crate::books::{blocking, counts, model, stacks, stalls};
use crate::entry::event::read;
use crate::entry::guard::record;
use crate::life::monitor;
use crate::questions::{descriptor, lines};
use crate::runtime::clock::now;
use crate::runtime::loops;
use crate::runtime::sandbox::{self, Call};
use epshim_observe::{AtFailure, Delivery, Site, What};
use libc::{c_int, c_void, epoll_event};

pub extern "C" fn wait_begins(epfd: c_int, _maxevents: c_int, timeout: i64, site: *const c_void) {
    record(|| {
        blocking::leave_all();
        counts::WAITS.add_one();
        stalls::wait_begins(epfd, site);
        // The lines of a program take long to find: they are looked for where a loop may spin.
        let is_spinning = lines::are_of_waits() && model::goes_round(timeout);
        let site = if is_spinning { stacks::capture(site) } else { stacks::only(site) };
        let next = model::observe(site, What::Wait { epfd, timeout });
        if let Some(next) = next {
            monitor::wake_by(next);
        } else if blocking::is_used() {
            monitor::be_there();
        }
    });
}

pub extern "C" fn wait_ended(epfd: c_int, events: *const epoll_event, count: c_int, error: c_int) {
    record(|| {
        loops::returns();
        match usize::try_from(count) {
            Ok(count) => {
                let deliveries = (0..count).map(|place| {
                    // SAFETY: the kernel has written `count` events there, and no other code has the
                    // array before the program's wait returns.
                    let (events, data, _) = unsafe { read(events.add(place)) };
                    Delivery { events, data }
                });
                let may_block = model::got(deliveries);
                // The thread may never call again: then this was its only wait.
                if may_block == Some(true) && !blocking::is_used() {
                    blocking::expect();
                    monitor::wake_by(now());
                }
            }
            Err(_) => {
                let at = match error {
                    libc::EBADF | libc::EINVAL if sandbox::may(Call::Descriptors) => {
                        descriptor::at_failure(error, epfd, -1)
                    }
                    _ => AtFailure {
                        errno: error,
                        epfd: Some(true),
                        fd_is_open: false,
                        unread: None,
                    },
                };
                model::observe(Site(0), What::WaitFailed { errno: error, at: Some(at) });
            }
        }
    });
}
