//! The targets of fuzzing: all that reads foreign bytes here, as plain functions. They return nothing, and must not panic
//! nor take memory out of proportion.

use crate::diag::{self, Dump};
use crate::look::Protocol;
use crate::texts::{fdinfo, links, maps, net, task};
use epshim_observe::proc;
use std::hint::black_box;

/// A target: its name, and what it does with bytes.
pub type Target = (&'static str, fn(&[u8]));

/// All targets.
pub const TARGETS: [Target; 6] = [
    ("fdinfo", read_fdinfo),
    ("links", read_link),
    ("maps", read_maps),
    ("net", read_net),
    ("task", read_task),
    ("diag", read_diag),
];

/// The fdinfo of a file.
pub fn read_fdinfo(bytes: &[u8]) {
    black_box((fdinfo::info(bytes), fdinfo::registrations(bytes)));
}

/// A link of a descriptor.
pub fn read_link(bytes: &[u8]) {
    black_box((links::link(bytes), links::anonymous(bytes), links::is_epoll(bytes)));
}

/// The mappings of a process.
pub fn read_maps(bytes: &[u8]) {
    black_box(maps::mappings(bytes));
}

/// The sockets of a net namespace.
pub fn read_net(bytes: &[u8]) {
    black_box((net::internet(bytes, Protocol::Tcp), net::unix(bytes)));
}

/// The texts of a process and of a thread.
pub fn read_task(bytes: &[u8]) {
    black_box((task::stat(bytes), task::switches(bytes), task::innermost_id(bytes)));
    black_box((task::blocked_signals(bytes), task::pending_signals(bytes)));
    black_box((proc::run_times(bytes), task::call(bytes)));
    black_box((task::limit_of_files(bytes), task::bytes_read_and_written(bytes)));
    black_box(task::ids(bytes));
}

/// The kernel's answers to sock_diag(7).
pub fn read_diag(bytes: &[u8]) {
    for dump in Dump::ALL {
        diag::read(dump, bytes, &|_| true, &mut |_, socket, _| drop(black_box(socket)));
    }
    black_box(diag::is_of_dump(bytes));
}
