//! Processes that are watched together: what they have started, and which of their epolls are one.

use super::{kcmp, kin};
use epshim_observe::{Fd, Pid};
use std::collections::BTreeSet;

/// The processes that these have started and that run, and those that these have, in the order of their ids. One whose
/// parent has ended is another's child by then.
#[must_use]
pub fn descendants(of: &[Pid]) -> Vec<Pid> {
    let all = kin::strangers();
    let mut family: BTreeSet<Pid> = of.iter().copied().collect();
    loop {
        let is_new = |other: &&kin::Stranger| {
            family.contains(&other.stat.parent)
                && !family.contains(&other.pid)
                && !other.stat.has_ended()
        };
        let more: Vec<Pid> = all.iter().filter(is_new).map(|other| other.pid).collect();
        if more.is_empty() {
            break;
        }
        family.extend(more);
    }
    family.into_iter().filter(|pid| !of.contains(pid)).collect()
}

/// Epolls, each as a process and a number: those that are one are together. What may not be compared is alone.
#[must_use]
pub fn same_epolls(epolls: impl Iterator<Item = (Pid, Fd)>) -> Vec<Vec<(Pid, Fd)>> {
    kin::grouped(epolls)
}

/// Whether two descriptors are one open file. `None`: one is not open any more, or they may not be compared.
#[must_use]
pub fn is_same_file(first: (Pid, Fd), second: (Pid, Fd)) -> Option<bool> {
    kcmp::is_same(first, second).ok()
}
