//! The processors that are measured on: the servers have one, the load another.
//!
//! They are two of those that this process was started with, the first and the last. Where there is
//! one only, nothing is pinned.

use std::fs;
use std::io;
use std::mem::{MaybeUninit, size_of};
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::sync::OnceLock;

/// The processors of the servers and of the load: two different ones, or nothing to pin to. They are
/// looked for once: when the load is pinned, this process has one only.
pub fn processors() -> Option<(usize, usize)> {
    static FOUND: OnceLock<Option<(usize, usize)>> = OnceLock::new();
    *FOUND.get_or_init(find_processors)
}

/// The processor of the servers.
pub fn servers() -> Option<usize> {
    processors().map(|(servers, _)| servers)
}

fn find_processors() -> Option<(usize, usize)> {
    let mut set = MaybeUninit::<libc::cpu_set_t>::zeroed();
    // SAFETY: the set is writable and of the size that is named; all-zero is a valid one.
    let set = unsafe {
        if libc::sched_getaffinity(0, size_of::<libc::cpu_set_t>(), set.as_mut_ptr()) != 0 {
            return None;
        }
        set.assume_init()
    };
    // SAFETY: the numbers are below CPU_SETSIZE.
    let mut allowed =
        (0..libc::CPU_SETSIZE as usize).filter(|&i| unsafe { libc::CPU_ISSET(i, &set) });
    Some((allowed.next()?, allowed.next_back()?))
}

/// Pins this thread, and what it starts, to a processor.
pub fn pin(processor: usize) -> io::Result<()> {
    pin_thread(0, processor)
}

/// Pins all threads of a process to the processor of the load.
pub fn move_to_load(process: u32) -> io::Result<()> {
    let Some((_, load)) = processors() else { return Ok(()) };
    for thread in fs::read_dir(format!("/proc/{process}/task"))? {
        let id = thread?.file_name().to_str().and_then(|id| id.parse().ok());
        pin_thread(id.unwrap_or(0), load)?;
    }
    Ok(())
}

/// 0: this thread.
fn pin_thread(thread: libc::pid_t, processor: usize) -> io::Result<()> {
    // SAFETY: all-zero is an empty set; the number came from a set of this size.
    let result = unsafe {
        let mut set = MaybeUninit::<libc::cpu_set_t>::zeroed().assume_init();
        libc::CPU_SET(processor, &mut set);
        libc::sched_setaffinity(thread, size_of::<libc::cpu_set_t>(), &raw const set)
    };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Has a command run on a processor, if there is one to run on.
pub fn pin_command(command: &mut Command, processor: Option<usize>) {
    // SAFETY: between fork and exec `pin` makes one system call, and allocates nothing.
    unsafe { command.pre_exec(move || processor.map_or(Ok(()), pin)) };
}
