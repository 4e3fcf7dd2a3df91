//! The names by which the hooks call this wing: one list, of what their header declares.
//!
//! The types are not checked: a function here must have the type that the header gives its name.

use crate::entry::jump::hidden;
use crate::entry::{
    changes, chaos, closes, connects, epoll, io, polls, process, sandbox, unguarded, waits,
};

hidden! {
    on_start => process::start;
    on_fork_begin => process::fork_begins;
    on_fork_parent => process::fork_ended;
    on_fork_child => process::forked;
    on_alone_begin => process::alone_begins;
    on_alone_end => process::alone_ended;
    on_exec_begin => process::exec_begins;
    on_spawned => process::spawned;
    on_exec_failed => process::exec_failed;
    on_clones_awaited => process::clones_awaited;
    on_clones_waited_for => process::clones_waited_for;
    on_end => process::end;
    on_leaving => process::leaving;

    on_epoll_created => epoll::created;
    on_epoll_ctl_begin => epoll::ctl_begins;
    on_epoll_ctl => epoll::ctl;
    on_wait_begin => waits::wait_begins;
    on_wait_end => waits::wait_ended;

    on_room_awaited => polls::room_awaited;
    on_room_wait_ended => polls::room_wait_ended;
    on_input_polled => polls::input_polled;

    on_unguarded_write => unguarded::unguarded;
    on_io_begin => io::io_begins;
    on_io_end => io::io_ended;

    on_opened => changes::opened;
    on_connected => connects::connected;
    on_error_taken => connects::error_taken;

    on_closing_any => closes::gone;
    on_closing => closes::closing;
    on_duplicated => changes::duplicated;
    on_flags_changed => changes::flags_changed;
    on_shut_down => changes::shut_down;
    on_unseen => changes::unseen;

    on_chaos_input => chaos::input;
    on_chaos_output => chaos::output;
    on_chaos_moved => chaos::moved;
    on_chaos_accept => chaos::accept;
    on_chaos_accepted => chaos::accepted;
    on_chaos_wait => chaos::wait;
    on_chaos_waited => chaos::waited;
    on_chaos_ctl => chaos::ctl;
    on_chaos_counted => chaos::counted;
    on_chaos_connect => chaos::connect;
    on_chaos_connected => chaos::connected;

    on_sandbox_begin => sandbox::begins;
    on_sandbox_end => sandbox::ended;
    on_written => sandbox::written;
}
