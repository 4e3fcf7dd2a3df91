//! The names by which the hooks call this wing: one list, of what their header declares.
//!
//! The types are not checked: a function here must have the type that the header gives its name.

use crate::entry::jump::hidden;
use crate::entry::{changes, closes, epoll, io, process, waits};

hidden! {
    tell_start => process::start;
    tell_fork_begins => process::fork_begins;
    tell_fork_ended => process::fork_ended;
    tell_forked => process::forked;
    tell_end => process::end;

    tell_created => epoll::created;
    tell_ctl => epoll::ctl;
    tell_wait_begins => waits::wait_begins;
    tell_wait_ended => waits::wait_ended;

    tell_io_begins => io::io_begins;
    tell_io_ended => io::io_ended;

    tell_gone => closes::gone;
    tell_closing => closes::closing;
    tell_duplicated => changes::duplicated;
    tell_flags_changed => changes::flags_changed;
    tell_shut_down => changes::shut_down;
    tell_unseen => changes::unseen;
}
