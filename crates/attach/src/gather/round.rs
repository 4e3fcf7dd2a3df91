//! What looks at several processes have in common: the processes of the machine, and its sockets. It is asked once for
//! all of them.

use super::folder::Folder;
use super::kin::{self, Stranger};
use super::process::Epollers;
use super::sockets::{Found, Sockets};
use crate::look::{Epoll, Sharer};
use rustc_hash::{FxHashMap, FxHashSet};
use std::cell::OnceCell;

/// More processes than these share one dump of all sockets.
const MANY: usize = 4;

/// A process, and a number in it.
type Place = (i32, i32);

/// One look at each of several processes.
#[derive(Debug, Default)]
pub struct Round {
    processes: OnceCell<Vec<Stranger>>,
    sockets: Option<OnceCell<Found>>,
    /// The epolls of all processes, those that are the same together; `None`: they are not known.
    groups: Option<FxHashMap<Place, Vec<Place>>>,
}

impl Round {
    /// A round of looks at this number of processes.
    #[must_use]
    pub fn of(processes: usize) -> Self {
        let sockets = (processes > MANY).then(OnceCell::new);
        Self { processes: OnceCell::new(), sockets, groups: None }
    }

    /// A round of looks at all processes that have epolls.
    #[must_use]
    pub fn of_all(found: &[Epollers]) -> Self {
        let mut groups = FxHashMap::default();
        let epolls = found.iter().flat_map(|one| one.epolls.iter().map(|&fd| (one.pid, fd)));
        for group in kin::grouped(epolls) {
            for &epoll in &group {
                groups.insert(epoll, group.clone());
            }
        }
        let sockets = Some(OnceCell::new());
        Self { processes: OnceCell::new(), sockets, groups: Some(groups) }
    }

    /// Other processes that have an epoll. `None`: it is not known here.
    pub(crate) fn sharers(&self, own: (i32, Option<&str>), epoll: &Epoll) -> Option<Vec<Sharer>> {
        let group = self.groups.as_ref()?.get(&(own.0, epoll.fd))?;
        let others = group.iter().filter(|(pid, _)| *pid != own.0);
        let sharer = |&(pid, fd): &(i32, i32)| {
            let place = self.processes().binary_search_by_key(&pid, |other| other.pid).ok()?;
            let folder = Folder::of(pid).ok()?;
            Some(kin::sharer(own, epoll, &self.processes()[place], &folder, fd))
        };
        Some(others.filter_map(sharer).collect())
    }

    /// All processes of the machine but this one.
    pub(crate) fn processes(&self) -> &[Stranger] {
        self.processes.get_or_init(kin::strangers)
    }

    /// The sockets of these inodes, if all are known: of this process's own net namespace.
    pub(crate) fn sockets(&self, its: &Sockets, wanted: &FxHashSet<u64>) -> Option<Found> {
        let Sockets::Diag { socket, is_ours: true } = its else { return None };
        let (all, is_whole) = self.sockets.as_ref()?.get_or_init(|| Sockets::all(socket));
        let of = |inode: &u64| Some((*inode, all.get(inode)?.clone()));
        Some((wanted.iter().filter_map(of).collect(), *is_whole))
    }
}
