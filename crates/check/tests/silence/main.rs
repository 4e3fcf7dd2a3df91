//! Traces of correct programs that were once taken for faulty ones: each was reduced from a real
//! program under load, which its test names.

mod kernel;
mod moving;

use epshim_check::{AtFailure, Certainty, Checker, Ctl, DEL, Rule, ports::Site};
use kernel::{Memory, Silent, found};

const SECOND: u64 = 1_000_000_000;

fn ctl(op: i32, fd: i32) -> Ctl {
    Ctl { epfd: 3, op, fd, events: 0, data: 0, padding: None, site: Site(1) }
}

#[test]
fn a_deletion_before_close_that_finds_nothing_is_a_note() {
    // Node: libuv's uv__platform_invalidate_fd deletes whatever it closes, registered or not.
    let memory = Memory;
    let mut checker = Checker::default();
    checker.created(3, Site(1), &memory);
    let at = AtFailure { errno: 2, epfd: Some(true), fd_is_open: true, unread: None };
    checker.ctl_failed(1, 0, ctl(DEL, 60), at, &memory);
    let found = found(&mut checker, &memory, &mut Silent, 2 * SECOND);
    assert_eq!(found, [(Rule::CtlError, Certainty::Note)]);
}

#[test]
fn a_deletion_after_close_is_a_fact() {
    let memory = Memory;
    let mut checker = Checker::default();
    checker.created(3, Site(1), &memory);
    let at = AtFailure { errno: 9, epfd: Some(true), fd_is_open: false, unread: None };
    checker.ctl_failed(1, 0, ctl(DEL, 60), at, &memory);
    let found = found(&mut checker, &memory, &mut Silent, 2 * SECOND);
    assert_eq!(found, [(Rule::CtlError, Certainty::Fact)]);
}
