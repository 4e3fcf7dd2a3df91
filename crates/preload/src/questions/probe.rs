//! The sandbox that the program was started in (seccomp(2); every container has one): which calls of the
//! library's own it lets pass. The one table of those calls.
//!
//! A filter may end a process for a call. So the calls are made in a child, one after another; if it dies,
//! another child goes on behind the call that it died of. What the kernel refuses with EPERM, ENOSYS or
//! EACCES counts as refused too.
//!
//! Surprising: whether a child may be made cannot be found out but by making one. A filter that ends the
//! program for clone(2) ends it here. And the child is a copy of the memory: a process that is killed takes
//! with it those that share its memory, in some kernels.

use crate::questions::descriptor;
use crate::questions::fd::FdNumber;
use crate::questions::fd_table::{self, SystemCall};
use crate::questions::files::with_file;
use crate::questions::side_process::{self, Stack};
use crate::runtime::lock::PATIENCE;
use crate::runtime::sandbox::{self, Call};
use crate::runtime::{monitor_thread, pages, signals, thread};
use rustix::fs::{Access, CWD, OFlags, access, fcntl_getfl, fstat, lstat, readlinkat_raw, tell};
use rustix::io::{self, Errno, fcntl_getfd, ioctl_fionread, read};
use rustix::mm::{Advice, MapFlags, MprotectFlags, madvise, mprotect};
use rustix::process::{Resource, geteuid, getrlimit, test_kill_process};
use rustix::thread::futex;
use std::ffi::{c_long, c_ulong};
use std::mem::MaybeUninit;
use std::ptr;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

/// Makes one call or a few of a group. An error is what the kernel said.
type Probe = fn(SystemCall) -> io::Result<()>;

/// What is called, in groups.
const TABLE: [(Call, Probe); 19] = [
    (Call::Identity, |call| identity(call, libc::SYS_getpid)),
    (Call::Identity, |call| identity(call, libc::SYS_gettid)),
    (Call::Sleep, |_| sleep()),
    (Call::Signals, |_| signals::with_all_blocked(|| ()).ok_or(Errno::PERM)),
    (Call::Signals, |_| signals::without_those_of_writing(|| ()).ok_or(Errno::PERM)),
    (Call::Memory, |_| memory()),
    (Call::Descriptors, |_| fcntl_getfd(NONE).and(fcntl_getfl(NONE).map(|_| ()))),
    (Call::Descriptors, |_| fstat(NONE).map(|_| ())),
    (Call::Descriptors, |_| ioctl_fionread(NONE).map(|_| ())),
    (Call::Descriptors, |_| other_questions()),
    (Call::Addresses, |_| addresses()),
    (Call::Files, |_| a_file()),
    (Call::Files, |_| tell(NONE).map(|_| ()).or_else(of_no_descriptor)),
    (Call::Files, |_| rustix::fs::ftruncate(NONE, 0).or_else(of_no_descriptor)),
    (Call::Write, |_| io::write(NONE, b"").map(|_| ()).or_else(of_no_descriptor)),
    (Call::CopyMemory, copy_memory),
    (Call::SideProcess, |call| child(call)),
    (Call::Thread, |_| a_thread()),
    (Call::Execute, |_| execute()),
];

/// A number that no descriptor has.
const NONE: FdNumber = FdNumber::HIGHEST;

fn of_no_descriptor(error: Errno) -> io::Result<()> {
    if error == Errno::BADF { Ok(()) } else { Err(error) }
}

fn identity(call: SystemCall, number: c_long) -> io::Result<()> {
    // SAFETY: it takes nothing.
    if unsafe { call(number) } > 0 { Ok(()) } else { Err(Errno::PERM) }
}

fn sleep() -> io::Result<()> {
    const MOMENT: futex::Timespec = futex::Timespec { tv_sec: 0, tv_nsec: 1 };
    let word = AtomicU32::new(0);
    futex::wake(&word, futex::Flags::PRIVATE, 1)?;
    match futex::wait(&word, futex::Flags::PRIVATE, 0, Some(&MOMENT)) {
        Ok(()) | Err(Errno::TIMEDOUT) => Ok(()),
        Err(error) => Err(error),
    }
}

fn memory() -> io::Result<()> {
    const SIZE: usize = 64 << 10;
    let new = pages::map(SIZE, MapFlags::PRIVATE).ok_or(Errno::PERM)?;
    // SAFETY: the mapping is used here only, and moves or shrinks before its address is used again.
    unsafe {
        mprotect(new, SIZE, MprotectFlags::READ)?;
        madvise(new, SIZE, Advice::LinuxWipeOnFork)?;
        let moved = pages::remap(new, SIZE, 2 * SIZE, true).ok_or(Errno::PERM)?;
        if pages::unmap(moved, 2 * SIZE) { Ok(()) } else { Err(Errno::PERM) }
    }
}

fn other_questions() -> io::Result<()> {
    access("/proc/self", Access::EXISTS)?;
    let mut link = [MaybeUninit::uninit(); 32];
    readlinkat_raw(CWD, c"/proc/self/exe", &mut link)?;
    rustix::fs::stat("/proc/self/task")?;
    descriptor::readiness(libc::STDIN_FILENO, 0);
    descriptor::traffic(libc::STDIN_FILENO);
    rustix::termios::isatty(FdNumber::STDERR);
    let _ = rustix::termios::tcgetwinsize(FdNumber::STDERR);
    crate::questions::threads::sleeps();
    Ok(())
}

fn addresses() -> io::Result<()> {
    rustix::net::getsockname(NONE).map(|_| ()).or_else(of_no_descriptor)?;
    rustix::net::getpeername(NONE).map(|_| ()).or_else(of_no_descriptor)
}

fn a_file() -> io::Result<()> {
    let mut bytes = [0; 16];
    with_file(c"/proc/self/stat", OFlags::RDONLY, |file| {
        fstat(file)?;
        read(file, &mut bytes)
    })?;
    lstat("/proc/self/stat")?;
    let _ = geteuid();
    let _ = getrlimit(Resource::Fsize);
    Ok(())
}

fn copy_memory(_: SystemCall) -> io::Result<()> {
    let word = 1_usize;
    match crate::questions::memory::read::<usize>((&raw const word).addr()) {
        Some(1) => Ok(()),
        _ => Err(Errno::PERM),
    }
}

fn child(call: SystemCall) -> io::Result<()> {
    let stack = Stack::new().ok_or(Errno::NOMEM)?;
    let mut has_left = false;
    let child = side_process::start(&stack, libc::CLONE_FILES, || {
        has_left = fd_table::leave(Some(call));
    });
    let status = side_process::wait(child.ok_or(Errno::PERM)?);
    let is_well = status.is_some_and(|status| status.exit_status() == Some(0)) && has_left;
    if is_well { Ok(()) } else { Err(Errno::PERM) }
}

fn a_thread() -> io::Result<()> {
    monitor_thread::prepare();
    let is_well = monitor_thread::start(|| 0) && monitor_thread::has_ended(PATIENCE);
    if is_well { Ok(()) } else { Err(Errno::PERM) }
}

fn execute() -> io::Result<()> {
    rustix::pipe::pipe()?;
    rustix::stdio::dup2_stdout(NONE).or_else(of_no_descriptor)?;
    test_kill_process(rustix::process::getpid())?;
    let nothing = [ptr::null()];
    // SAFETY: strings, and arrays that end with null. There is no such file.
    let error = unsafe {
        libc::execve(c"/proc/self/none".as_ptr(), nothing.as_ptr(), nothing.as_ptr());
        Errno::from_raw_os_error(*libc::__errno_location())
    };
    if error == Errno::NOENT { Ok(()) } else { Err(error) }
}

/// What has become of a probe.
const BEGUN: u32 = 1;
const PASSED: u32 = 2;
const REFUSED: u32 = 3;

/// Before anything else is called: what the sandbox refuses that the program is in, if it is in one.
///
/// Until here the library calls what the loader has called already: it opens and reads a file.
pub fn prepare() {
    let status = status();
    if let Some(pid) = status.pid {
        thread::set_tid(pid);
    }
    if status.is_free {
        return;
    }
    let Some(outcome) = probe() else {
        // A child is refused, and no process was ended for it: a line may be written.
        let all = Call::ALL.into_iter().filter(|&call| call != Call::Write);
        return all.for_each(sandbox::refuse);
    };
    for ((call, _), state) in TABLE.iter().zip(outcome) {
        if state != PASSED {
            sandbox::refuse(*call);
        }
    }
    // Everything is made of these.
    let base = [Call::Identity, Call::Sleep, Call::Signals, Call::Descriptors];
    if !base.into_iter().all(sandbox::may) {
        let rest = Call::ALL.into_iter();
        let rest = rest.filter(|call| !matches!(call, Call::Files | Call::Memory | Call::Write));
        rest.for_each(sandbox::give_up);
    }
}

/// What /proc says of this process.
struct Status {
    /// No filter is there. Where it is not said, one may be.
    is_free: bool,
    pid: Option<i32>,
}

fn status() -> Status {
    let mut text = [0; 4096];
    let got = with_file(c"/proc/self/status", OFlags::RDONLY, |file| read(file, &mut text));
    let text = str::from_utf8(&text[..got.unwrap_or(0)]).unwrap_or_default();
    let value = |name| text.lines().find_map(|line: &str| line.strip_prefix(name)).map(str::trim);
    Status {
        is_free: value("Seccomp:") == Some("0"),
        pid: value("Pid:").and_then(|pid| pid.parse().ok()),
    }
}

/// How each probe ended. `None`: no child can be made.
fn probe() -> Option<[u32; TABLE.len()]> {
    let call = fd_table::system_call()?;
    let page = pages::map(4096, MapFlags::SHARED)?;
    // SAFETY: zeroed memory of at least that size, shared with the children, used as atomics only.
    let states = unsafe { &*page.cast::<[AtomicU32; TABLE.len()]>() };
    let mut children = [0; TABLE.len()];
    for child in &mut children {
        let Some(next) = states.iter().position(|state| state.load(SeqCst) == 0) else { break };
        *child = copy(call);
        if *child == 0 {
            go_through(call, &states[next..], &TABLE[next..]);
        }
        if *child < 0 {
            break;
        }
    }
    let outcome = states.each_ref().map(|state| state.load(SeqCst));
    let may_wait = TABLE
        .iter()
        .zip(outcome)
        .any(|((of, _), state)| *of == Call::SideProcess && state == PASSED);
    for child in children.into_iter().filter(|&child| child > 0 && may_wait) {
        rustix::process::Pid::from_raw(child as i32).and_then(side_process::wait);
    }
    // SAFETY: it was mapped here, and `states` is not used any more.
    unsafe { pages::unmap(page, 4096) };
    (children[0] > 0).then_some(outcome)
}

/// Makes a copy of this process, and waits for its end. No signal tells of that.
fn copy(call: SystemCall) -> c_long {
    let flags = libc::CLONE_VFORK as c_ulong;
    let none: c_ulong = 0;
    // SAFETY: numbers. The copy has its own memory, stack and all, and ends in `go_through`.
    unsafe {
        if cfg!(target_arch = "s390x") {
            call(libc::SYS_clone, none, flags, none, none, none)
        } else {
            call(libc::SYS_clone, flags, none, none, none, none)
        }
    }
}

/// The copy: makes the calls, one after another.
fn go_through(call: SystemCall, states: &[AtomicU32], table: &[(Call, Probe)]) -> ! {
    // No file with its memory, no program that is given it (core(5)): with this limit there is none.
    let limit = libc::rlimit { rlim_cur: 1, rlim_max: 1 };
    // SAFETY: the call reads the structure.
    unsafe { libc::setrlimit(libc::RLIMIT_CORE, &raw const limit) };
    for (state, (_, probe)) in states.iter().zip(table) {
        state.store(BEGUN, SeqCst);
        let refused = [Errno::PERM, Errno::NOSYS, Errno::ACCESS, Errno::NOMEM];
        let is_refused = probe(call).is_err_and(|error| refused.contains(&error));
        state.store(if is_refused { REFUSED } else { PASSED }, SeqCst);
    }
    // SAFETY: numbers; the process ends, if need be of the last line.
    unsafe {
        call(libc::SYS_exit_group, 0);
        call(libc::SYS_exit, 0);
        ptr::null_mut::<u8>().write_volatile(0);
    }
    unreachable!("the memory at 0 is not there")
}
