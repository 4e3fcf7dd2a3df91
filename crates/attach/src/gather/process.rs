//! Processes: who one is, and which of the machine have epolls.

use super::folder::Folder;
use super::no_look::NoLook;
use super::runtime;
use crate::look::Process;
use crate::texts::{links, task};
use rustix::io::Errno;

/// Who a process is.
pub(crate) fn process(folder: &Folder, pid: i32, buffer: &mut Vec<u8>) -> Result<Process, Errno> {
    let stat = task::stat(folder.read_short("stat", buffer)?).ok_or(Errno::IO)?;
    let mut space = [0; 4096];
    let program = folder.link("exe", &mut space).ok();
    let program = program.map(|path| String::from_utf8_lossy(path).into_owned());
    Ok(Process {
        pid,
        name: stat.name,
        started: stat.started,
        runtime: runtime::of(folder, program.as_deref()),
        is_native: runtime::is_native(folder),
        program,
    })
}

/// The id that a process can be asked by: its own, or, where its first thread has ended before others, that of one of
/// them. A thread that has ended has no descriptors and no memory any more, and /proc/PID is that of the first.
pub(crate) fn asked_by(pid: i32, buffer: &mut Vec<u8>) -> Result<i32, NoLook> {
    let folder = Folder::of(pid)?;
    let stat = task::stat(folder.read_short("stat", buffer)?).ok_or(Errno::IO)?;
    if !stat.has_ended() {
        return Ok(pid);
    }
    let mut is_alive = |tid: &i32| {
        let text = folder.read_short(format_args!("task/{tid}/stat"), buffer);
        text.ok().and_then(task::stat).is_some_and(|stat| !stat.has_ended())
    };
    let threads = folder.below("task")?.numbers()?;
    threads.into_iter().find(&mut is_alive).ok_or(NoLook::Zombie)
}

/// A process that has epolls, in short.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Epollers {
    /// Its id.
    pub pid: i32,
    /// Its name.
    pub name: String,
    /// The numbers of its epolls.
    pub epolls: Vec<i32>,
}

/// All processes of the machine that have an epoll and may be looked at, and how many may not.
pub fn with_epolls() -> Result<(Vec<Epollers>, usize), Errno> {
    let (mut found, mut refused) = (Vec::new(), 0);
    let mut buffer = Vec::new();
    let own = std::process::id() as i32;
    for pid in Folder::all()?.numbers()?.into_iter().filter(|&pid| pid != own) {
        match epollers(pid, &mut buffer) {
            Ok(Some(process)) => found.push(process),
            Err(Errno::ACCESS | Errno::PERM) => refused += 1,
            Ok(None) | Err(_) => {}
        }
    }
    Ok((found, refused))
}

fn epollers(pid: i32, buffer: &mut Vec<u8>) -> Result<Option<Epollers>, Errno> {
    let mut descriptors = Folder::descriptors(pid)?;
    let mut space = [0; 4096];
    let mut numbers = descriptors.numbers()?;
    if numbers.is_empty() {
        // Kernel threads have none either.
        let asked = asked_by(pid, buffer).unwrap_or(pid);
        if asked == pid {
            return Ok(None);
        }
        descriptors = Folder::descriptors(asked)?;
        numbers = descriptors.numbers()?;
    }
    numbers.retain(|fd| descriptors.link(fd, &mut space).is_ok_and(links::is_epoll));
    if numbers.is_empty() {
        return Ok(None);
    }
    let stat = task::stat(descriptors.read_short("../stat", buffer)?).ok_or(Errno::IO)?;
    Ok(Some(Epollers { pid, name: stat.name, epolls: numbers }))
}
