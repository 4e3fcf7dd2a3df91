//! The rules of looks: one file each, with its record, which has its page where the rule is no rule of `epshim
//! check`. A rule is its file and a line here. They make no system call and read no clock.
//!
//! [`judge`] has all of them look at two looks, and sorts what they say: the most certain first, then the worst.

mod accept_spin;
mod backlog_waiting;
mod blocking_fd;
mod crowd;
mod descriptor_limit;
mod edge_not_drained;
mod eof_unread;
mod epfd_inherited;
mod epfd_misuse;
mod fork_shared;
mod ghost;
mod layout_mismatch;
mod level_spin;
mod loop_blocked;
mod no_waiter;
mod oneshot_not_rearmed;
mod sub_ms_spin;

use crate::look::Look;
use crate::scene::Scene;
use crate::verdict::{Record, Verdict};

/// All rules, the worst first.
pub const ALL: [&Record; 17] = [
    &loop_blocked::RECORD,
    &no_waiter::RECORD,
    &accept_spin::RECORD,
    &level_spin::RECORD,
    &ghost::RECORD,
    &blocking_fd::RECORD,
    &epfd_misuse::RECORD,
    &layout_mismatch::RECORD,
    &edge_not_drained::RECORD,
    &oneshot_not_rearmed::RECORD,
    &eof_unread::RECORD,
    &backlog_waiting::RECORD,
    &descriptor_limit::RECORD,
    &fork_shared::RECORD,
    &epfd_inherited::RECORD,
    &crowd::RECORD,
    &sub_ms_spin::RECORD,
];

/// Rules of `epshim check` of which a look sees nothing: each with the reason.
pub const NOT_SEEN: [(&str, &str); 16] = [
    ("lost-write", "what a program has not sent yet is in its own memory"),
    ("ctl-error", "an epoll_ctl that failed leaves no trace"),
    ("hangup-unread", "what is unread at a close is gone with it"),
    ("bad-timeout", "a wait without an end looks like one that was meant"),
    (
        "busy-wait",
        "what waits return is not counted from outside; level-spin and sub-ms-spin name what spins",
    ),
    ("epoll-leak", "which call made an epoll leaves no trace"),
    ("empty-datagram", "a socket that was closed leaves no trace"),
    (
        "signalfd-deaf",
        "a look does not compare the signals that threads block with those of a signalfd",
    ),
    ("sigpipe", "a write that ends the program leaves no process"),
    ("connect-unfinished", "which connects were waited for leaves no trace"),
    ("end-not-asked", "a look does not ask connections that nobody waits for"),
    ("stale-event", "which event a call is for leaves no trace"),
    ("fd-inherited", "a look does not compare the sockets of children with those that were closed"),
    ("shared-level", "which thread has read what leaves no trace"),
    ("herd", "what wake-ups come to is not counted from outside"),
    ("loop-stall", "a pause that is over leaves no trace; loop-blocked names one that lasts"),
];

/// The record of a rule.
#[must_use]
pub fn record(name: &str) -> Option<&'static Record> {
    ALL.into_iter().find(|record| record.name == name)
}

/// What two looks say is wrong. Nothing of a process that is stopped, or of two different ones.
#[must_use]
pub fn judge(before: &Look, now: &Look) -> Vec<Verdict> {
    let Some(scene) = Scene::new(before, now).filter(|scene| !scene.is_stopped()) else {
        return Vec::new();
    };
    let mut verdicts: Vec<Verdict> =
        ALL.into_iter().flat_map(|record| (record.judge)(&scene)).collect();
    // The sort keeps the order of the rules.
    verdicts.sort_by_key(|verdict| std::cmp::Reverse(verdict.certainty));
    verdicts
}
