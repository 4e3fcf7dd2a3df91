//! The threads of a process: what each does, and how much it has done.
//!
//! The array of a thread in poll(2), and the sets of one in select(2), are read from its memory: it may be waiting
//! for an epoll in there.

use super::clock::now;
use super::folder::Folder;
use super::memory::Memory;
use crate::calls::{self, Shape};
use crate::look::{Call, Thread};
use crate::texts::task;
use epshim_observe::proc;
use rustix::io::Errno;

/// The largest array of poll(2) that is read.
const MOST_POLLED: u64 = 4096;

/// All threads. `Err`: the process has ended.
pub(crate) fn threads(
    process: &Folder,
    is_native: bool,
    memory: Option<&Memory>,
    buffer: &mut Vec<u8>,
) -> Result<Vec<Thread>, Errno> {
    let tasks = process.below("task")?;
    let mut threads = Vec::new();
    for tid in tasks.numbers()? {
        // One that has ended meanwhile is left out.
        threads.extend(one(&tasks, tid, is_native, memory, buffer));
    }
    Ok(threads)
}

/// One of them; `tasks` is the folder of all.
pub(crate) fn one(
    tasks: &Folder,
    tid: i32,
    is_native: bool,
    memory: Option<&Memory>,
    buffer: &mut Vec<u8>,
) -> Option<Thread> {
    let mut thread = thread(tasks, tid, is_native, buffer)?;
    thread.polled = memory.filter(|_| is_native).and_then(|memory| polled(&thread, memory));
    Some(thread)
}

fn thread(tasks: &Folder, tid: i32, is_native: bool, buffer: &mut Vec<u8>) -> Option<Thread> {
    let folder = tasks.below(&tid.to_string()).ok()?;
    // The first one stays, with nothing, as long as others are there.
    let stat =
        task::stat(folder.read_short("stat", buffer).ok()?).filter(|stat| !stat.has_ended())?;
    let call = match folder.read_short("syscall", buffer).map(task::call) {
        Ok(Call::In { .. }) if !is_native => sleeping(&folder, buffer),
        Ok(call) => call,
        Err(_) => sleeping(&folder, buffer),
    };
    let switches = folder.read_short("status", buffer).ok().and_then(task::switches);
    let times = folder.read_short("schedstat", buffer).ok().and_then(proc::run_times);
    Some(Thread {
        tid,
        name: stat.name,
        state: stat.state,
        at: now(),
        call,
        sleeps: switches.map(|(sleeps, _)| sleeps),
        preempted: switches.map(|(_, preempted)| preempted),
        ran: times.map(|(ran, _)| ran),
        queued: times.map(|(_, queued)| queued),
        ticks: Some(stat.ticks),
        faults: Some(stat.faults),
        polled: None,
    })
}

/// Where it sleeps in the kernel, where its call is not to be had.
fn sleeping(folder: &Folder, buffer: &mut Vec<u8>) -> Call {
    match folder.read_short("wchan", buffer) {
        Ok(name) if !matches!(name, b"" | b"0") => {
            Call::Sleeping(String::from_utf8_lossy(name).into_owned())
        }
        _ => Call::Unknown,
    }
}

/// The descriptors that a thread waits for in poll(2) or select(2).
fn polled(thread: &Thread, memory: &Memory) -> Option<Vec<i32>> {
    let Call::In { number, arguments: [first, second, third, fourth, ..], .. } = thread.call else {
        return None;
    };
    match calls::known(number)?.shape {
        Shape::Poll if second <= MOST_POLLED => {
            // struct pollfd: the number, and two masks of 16 bits.
            let array = memory.bytes(first, usize::try_from(second).ok()? * 8)?;
            let number = |entry: &[u8]| Some(i32::from_ne_bytes(entry[..4].try_into().ok()?));
            Some(array.chunks_exact(8).filter_map(number).filter(|&fd| fd >= 0).collect())
        }
        Shape::Select if first <= MOST_POLLED => {
            let words = usize::try_from(first).ok()?.div_ceil(64);
            let mut numbers = Vec::new();
            for set in [second, third, fourth].into_iter().filter(|&set| set != 0) {
                let bytes = memory.bytes(set, words * 8)?;
                let is_in = |fd: &i32| bytes[*fd as usize / 8] >> (fd % 8) & 1 == 1;
                numbers.extend((0..first as i32).filter(is_in));
            }
            Some(numbers)
        }
        _ => None,
    }
}
