//! The epolls of a process and what is registered with them. Each list is read once a look: the kernel holds the
//! epoll's lock while it writes it.

use super::kcmp;
use super::table::Table;
use crate::look::Epoll;

/// `O_CLOEXEC`, as fdinfo shows it.
const CLOSE_ON_EXEC: u32 = crate::look::CLOSE_ON_EXEC;

/// All epolls of a process, each once. Takes their lists out of the table.
pub(crate) fn epolls(pid: i32, table: &mut Table) -> Vec<Epoll> {
    let mut epolls: Vec<Epoll> = Vec::new();
    let open = table.open.iter().filter(|(_, entry)| entry.is_epoll()).map(|(&fd, _)| fd);
    let mut numbers: Vec<i32> = open.collect();
    numbers.sort_unstable();
    for fd in numbers {
        let same = epolls.iter_mut().find(|epoll| {
            // Where it cannot be asked, they are taken for two.
            kcmp::is_same((pid, epoll.fd), (pid, fd)).unwrap_or(false)
        });
        if let Some(epoll) = same {
            epoll.aliases.push(fd);
            continue;
        }
        let list = table.lists.remove(&fd);
        let flags = list.as_ref().map_or(0, |list| list.flags);
        epolls.push(Epoll {
            fd,
            is_close_on_exec: flags & CLOSE_ON_EXEC != 0,
            registrations: list.map(|list| list.registrations),
            ..Epoll::default()
        });
    }
    epolls
}

/// Most anonymous inodes of an epoll that are compared: each walks its tree, under its lock.
const MOST_COMPARED: usize = 64;

/// Compares the registered anonymous inodes with what their numbers are open to. All of them have the same inode.
pub(crate) fn compare(pid: i32, epoll: &Epoll, table: &Table) -> Vec<(i32, usize, bool)> {
    let registered = epoll.registered();
    let is_compared = |place: &usize| {
        let registration = &registered[*place];
        let entry = table.open.get(&registration.fd);
        entry.is_some_and(|entry| entry.is_without_a_path() && Some(entry.id) == registration.file)
    };
    let places = (0..registered.len()).filter(is_compared).take(MOST_COMPARED);
    places
        .filter_map(|place| {
            let fd = registered[place].fd;
            let nth = registered[..place].iter().filter(|earlier| earlier.fd == fd).count() as u32;
            let same = kcmp::is_registered((pid, fd), (pid, epoll.fd), fd, nth).ok()?;
            Some((epoll.fd, place, same))
        })
        .collect()
}
