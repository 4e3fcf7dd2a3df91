//! What a signalfd is to read, and whether some thread is given it instead (signalfd(2)): the signals of a
//! descriptor and those that a thread blocks, both in /proc.

use crate::questions::files::numbers_in;
use crate::questions::{hazard, threads};
use crate::runtime::process;
use epshim_observe::proc;
use std::ffi::{CString, c_int};

/// SIGKILL and SIGSTOP, which no thread can block; and what faults raise (SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE,
/// SIGSEGV), which threads leave unblocked with good reason.
const UNBLOCKED: u64 = 1 << 8 | 1 << 18 | 1 << 3 | 1 << 4 | 1 << 5 | 1 << 6 | 1 << 7 | 1 << 10;

/// A thread that does not block signals of a signalfd, and which those are. `None`: there is none, or it is
/// another file. Asked under an announcement.
pub fn deaf(fd: c_int) -> Option<(c_int, u64)> {
    let fdinfo = format!("fdinfo/{fd}");
    let asked = hazard::ask(fd, |_| threads::text(process::thread_id(), &fdinfo)).flatten()?;
    let wanted = proc::signals(&asked, "sigmask")? & !UNBLOCKED;
    let all = CString::new(format!("/proc/{}/task", process::id())).ok()?;
    let lacks = |tid: c_int| {
        let blocked = proc::signals(&threads::text(tid, "status")?, "SigBlk")?;
        let lacking = wanted & !blocked;
        (lacking != 0).then_some((tid, lacking))
    };
    numbers_in(&all).into_iter().find_map(lacks)
}
