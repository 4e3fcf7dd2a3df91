//! Which epolls of the watched processes are one, and which process has changed them when: what the rule `fork-shared`
//! is about. A forked child has its parent's epolls; of those that were there at the attaching kcmp(2) tells.
//!
//! The ends of processes are records as calls are: who has ended before a change has no part in it.
//!
//! Surprising: it takes records of a child from its first call on, also those before the child itself is looked at.

use crate::calls::{self, Meaning};
use crate::record::Record;
use epshim_attach::gather::{is_same_file, same_epolls};
use epshim_observe::{Fd, Nanos, Pid, What};
use rustc_hash::FxHashMap;

/// An epoll, whatever its numbers are.
type Epoll = u32;

/// The epolls of all watched processes.
#[derive(Debug, Default)]
pub struct Family {
    epolls: FxHashMap<(Pid, Fd), Epoll>,
    /// When each process has changed one last.
    changed: FxHashMap<Epoll, FxHashMap<Pid, Nanos>>,
    /// When children were made.
    made: FxHashMap<Pid, Nanos>,
    next: Epoll,
}

impl Family {
    /// These are there. Nothing is known of who has changed them.
    pub fn begin(&mut self, epolls: impl Iterator<Item = (Pid, Fd)>) {
        self.epolls.clear();
        self.changed.clear();
        for group in same_epolls(epolls) {
            let epoll = self.new_epoll();
            self.epolls.extend(group.into_iter().map(|one| (one, epoll)));
        }
    }

    /// A process was made: its descriptors are copies of its parent's.
    pub fn forked(&mut self, parent: Pid, child: Pid, at: Nanos) {
        self.made.insert(child, at);
        let of_parent = self.epolls.iter().filter(|((pid, _), _)| *pid == parent);
        let copies: Vec<_> = of_parent.map(|(&(_, fd), &epoll)| ((child, fd), epoll)).collect();
        self.epolls.extend(copies);
    }

    /// Whether a process has an epoll.
    pub fn has_epolls(&self, pid: Pid) -> bool {
        self.epolls.keys().any(|&(of, _)| of == pid)
    }

    /// It has ended, or executes another program.
    pub fn left(&mut self, pid: Pid) {
        self.epolls.retain(|&(of, _), _| of != pid);
        let remain: Vec<Epoll> = self.epolls.values().copied().collect();
        self.changed.retain(|epoll, by| {
            by.remove(&pid);
            remain.contains(epoll)
        });
        self.made.remove(&pid);
    }

    /// Takes a record. Returns the epoll that it changes, and another process that has changed it since this one was made.
    pub fn take(&mut self, record: &Record) -> Option<(Fd, Pid)> {
        if calls::is_exit(record) {
            self.left(record.pid);
        }
        if !calls::is_of_family(record.number) {
            return None;
        }
        let pid = record.pid;
        match calls::meaning(record)? {
            Meaning::Observed(all) => {
                all.into_iter().fold(None, |found, what| self.saw(record, what).or(found))
            }
            Meaning::ClosedRange(first, last) => {
                let closed = |fd: Fd| (first..=last).contains(&fd);
                self.epolls.retain(|&(of, fd), _| of != pid || !closed(fd));
                None
            }
            Meaning::Executed => {
                self.left(pid);
                None
            }
            _ => None,
        }
    }

    fn saw(&mut self, record: &Record, what: What<'_>) -> Option<(Fd, Pid)> {
        let pid = record.pid;
        match what {
            What::Create { epfd } => {
                let epoll = self.new_epoll();
                self.epolls.insert((pid, epfd), epoll);
            }
            What::Dup { from, to } => {
                if let Some(&epoll) = self.epolls.get(&(pid, from)) {
                    self.epolls.insert((pid, to), epoll);
                }
            }
            What::Close { fd, .. } => drop(self.epolls.remove(&(pid, fd))),
            What::Ctl { epfd, errno: 0, .. } => {
                let epoll = *self.epolls.get(&(pid, epfd))?;
                let made = self.made.get(&pid).copied().unwrap_or(0);
                let by = self.changed.entry(epoll).or_default();
                by.insert(pid, record.at);
                let others = by.iter().filter(|&(&other, &at)| other != pid && at > made);
                let others: Vec<Pid> = others.map(|(&other, _)| other).collect();
                let is_it = |other: &Pid| self.has(*other, epoll, (pid, epfd));
                return others.into_iter().find(is_it).map(|other| (epfd, other));
            }
            _ => {}
        }
        None
    }

    /// Whether a process that has changed an epoll has, as far as is known, meant this one. It may have closed its number since.
    fn has(&self, other: Pid, epoll: Epoll, this: (Pid, Fd)) -> bool {
        let mut of_it = self.epolls.iter().filter(|&(&(pid, _), &it)| pid == other && it == epoll);
        of_it.all(|(&number, _)| is_same_file(number, this) != Some(false))
    }

    fn new_epoll(&mut self) -> Epoll {
        self.next += 1;
        self.next
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::number;
    use crate::record::Place;

    /// No processes have these ids, so that kcmp(2) says nothing.
    const PARENT: Pid = i32::MAX - 1;
    const CHILD: Pid = i32::MAX - 2;

    fn record(at: Nanos, pid: Pid, number: u32, result: i64, arguments: [u64; 3]) -> Record {
        let [first, second, third] = arguments;
        let arguments = [first, second, third, 0, 0, 0];
        let (place, data) = (Place::default(), vec![0; 12]);
        Record { at, pid, tid: pid, number, result, value: 1, arguments, place, data }
    }

    fn makes(family: &mut Family, at: Nanos, pid: Pid) {
        assert_eq!(family.take(&record(at, pid, number::EPOLL_CREATE1, 3, [0; 3])), None);
    }

    fn changes(family: &mut Family, at: Nanos, pid: Pid) -> Option<(Fd, Pid)> {
        family.take(&record(at, pid, number::EPOLL_CTL, 0, [3, 3, 9]))
    }

    #[test]
    fn both_change_it_after_the_fork() {
        let mut family = Family::default();
        makes(&mut family, 1, PARENT);
        assert_eq!(changes(&mut family, 2, PARENT), None);
        family.forked(PARENT, CHILD, 3);
        // What the parent has done before is no change of two processes.
        assert_eq!(changes(&mut family, 4, CHILD), None);
        assert_eq!(changes(&mut family, 5, PARENT), Some((3, CHILD)));
        assert_eq!(changes(&mut family, 6, CHILD), Some((3, PARENT)));
    }

    #[test]
    fn who_has_ended_before_or_has_an_epoll_of_its_own_has_no_part_in_it() {
        let mut family = Family::default();
        makes(&mut family, 1, PARENT);
        family.forked(PARENT, CHILD, 2);
        assert_eq!(changes(&mut family, 3, CHILD), None);
        assert_eq!(family.take(&record(4, CHILD, number::EXITED, 0, [0; 3])), None);
        assert_eq!(changes(&mut family, 5, PARENT), None);
        family.forked(PARENT, CHILD, 6);
        assert_eq!(family.take(&record(7, CHILD, number::CLOSE, 0, [3, 0, 0])), None);
        makes(&mut family, 8, CHILD);
        assert_eq!(changes(&mut family, 9, CHILD), None);
        assert_eq!(changes(&mut family, 10, PARENT), None);
    }

    #[test]
    fn a_change_counts_also_where_the_number_was_closed_after_it() {
        let mut family = Family::default();
        makes(&mut family, 1, PARENT);
        family.forked(PARENT, CHILD, 2);
        assert_eq!(changes(&mut family, 3, CHILD), None);
        assert_eq!(family.take(&record(4, CHILD, number::CLOSE, 0, [3, 0, 0])), None);
        assert_eq!(changes(&mut family, 5, PARENT), Some((3, CHILD)));
    }

    #[test]
    fn an_executed_program_has_none_of_them() {
        let mut family = Family::default();
        makes(&mut family, 1, PARENT);
        family.forked(PARENT, CHILD, 2);
        assert!(family.has_epolls(CHILD));
        assert_eq!(family.take(&record(3, CHILD, number::EXECVE, 0, [0; 3])), None);
        assert!(!family.has_epolls(CHILD) && family.has_epolls(PARENT));
    }
}
