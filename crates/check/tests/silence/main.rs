//! Traces of correct programs that were once taken for faulty ones: each was reduced from a real
//! program under load, which its test names.

mod kernel;
mod moving;

use epshim_check::{Certainty, Checker, Rule};
use epshim_observe::{AtFailure, DEL, What};
use kernel::{Memory, Silent, found, see};

const SECOND: u64 = 1_000_000_000;

fn failed(op: i32, fd: i32, at: AtFailure) -> What<'static> {
    let (errno, at) = (at.errno, Some(at));
    What::Ctl { op, epfd: 3, fd, events: 0, data: 0, padding: None, errno, at }
}

#[test]
fn a_deletion_before_close_that_finds_nothing_is_a_note() {
    // Node: libuv's uv__platform_invalidate_fd deletes each descriptor that it closes, registered or not.
    let memory = Memory;
    let mut checker = Checker::default();
    see(&mut checker, &memory, 0, 1, What::Create { epfd: 3 });
    let at = AtFailure { errno: 2, epfd: Some(true), fd_is_open: true, unread: None };
    see(&mut checker, &memory, 0, 1, failed(DEL, 60, at));
    let found = found(&mut checker, &memory, &mut Silent, 2 * SECOND);
    assert_eq!(found, [(Rule::CtlError, Certainty::Note)]);
}

#[test]
fn a_deletion_after_close_is_a_fact() {
    let memory = Memory;
    let mut checker = Checker::default();
    see(&mut checker, &memory, 0, 1, What::Create { epfd: 3 });
    let at = AtFailure { errno: 9, epfd: Some(true), fd_is_open: false, unread: None };
    see(&mut checker, &memory, 0, 1, failed(DEL, 60, at));
    let found = found(&mut checker, &memory, &mut Silent, 2 * SECOND);
    assert_eq!(found, [(Rule::CtlError, Certainty::Fact)]);
}
