//! The system calls that the standard library does not offer, behind safe functions.

use libc::{c_int, rlim_t, rlimit, socklen_t, timespec};
use std::io;
use std::mem::MaybeUninit;
use std::net::TcpStream;
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::time::Duration;

fn check(result: c_int, call: &str) {
    assert!(result != -1, "{call}: {}", io::Error::last_os_error());
}

/// kill(2) of a child that was not waited for, so that its id names no other process.
pub fn kill(pid: u32, signal: c_int) {
    try_kill(pid, signal).expect("kill");
}

/// kill(2) of a process that may have ended.
pub fn try_kill(pid: u32, signal: c_int) -> io::Result<()> {
    // SAFETY: takes integers.
    let result = unsafe { libc::kill(pid as libc::pid_t, signal) };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Whether a process of this group is left, a zombie included (kill(2), a negative pid).
pub fn group_exists(group: u32) -> bool {
    // SAFETY: takes integers; signal 0 is sent to no process.
    let found = unsafe { libc::kill(-(group as libc::pid_t), 0) } == 0;
    found || io::Error::last_os_error().raw_os_error() != Some(libc::ESRCH)
}

fn set_option<T>(fd: RawFd, level: c_int, name: c_int, value: T) {
    let size = size_of::<T>() as socklen_t;
    // SAFETY: the kernel reads `size` bytes from `value`, which lives through the call.
    check(
        unsafe { libc::setsockopt(fd, level, name, (&raw const value).cast(), size) },
        "setsockopt",
    );
}

/// Gives the socket a receive buffer of a fixed size. Without this the kernel lets it grow to
/// megabytes, and a reader that does not read is hardly felt by the sender (tcp(7), tcp_rmem).
pub fn fix_receive_buffer(stream: &TcpStream, bytes: c_int) {
    set_option(stream.as_raw_fd(), libc::SOL_SOCKET, libc::SO_RCVBUF, bytes);
}

/// Closes the connection with a reset: what is under way in either direction is thrown away
/// (socket(7), SO_LINGER of zero seconds).
pub fn reset(stream: TcpStream) {
    let linger = libc::linger { l_onoff: 1, l_linger: 0 };
    set_option(stream.as_raw_fd(), libc::SOL_SOCKET, libc::SO_LINGER, linger);
}

/// How many bytes written to the socket the peer's kernel has not acknowledged yet (tcp(7),
/// SIOCOUTQ).
pub fn unacknowledged(stream: &TcpStream) -> usize {
    let mut bytes: c_int = 0;
    // SAFETY: the request writes one int, to `bytes`. SIOCOUTQ is another name of TIOCOUTQ.
    check(unsafe { libc::ioctl(stream.as_raw_fd(), libc::TIOCOUTQ, &raw mut bytes) }, "SIOCOUTQ");
    bytes as usize
}

/// Allows this process, and its children, as many descriptors as it may have. Returns how many.
pub fn raise_descriptor_limit() -> io::Result<rlim_t> {
    let mut limit = rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: the kernel writes one rlimit, and reads one.
    let failed = unsafe {
        libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) != 0 || {
            limit.rlim_cur = limit.rlim_max;
            libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit) != 0
        }
    };
    if failed { Err(io::Error::last_os_error()) } else { Ok(limit.rlim_cur) }
}

/// Makes sure that this process may open `needed` descriptors.
pub fn allow_descriptors(needed: rlim_t) {
    let most = raise_descriptor_limit().expect("a limit may be raised to the hard one");
    assert!(
        most >= needed,
        "this test needs {needed} descriptors, but the hard limit of this session is {most}: raise \
         it (ulimit -Hn, limits.conf, or --ulimit nofile of a container)"
    );
}

/// Starts the command with room for `count` descriptors and no right to more.
pub fn limit_descriptors(command: &mut Command, count: rlim_t) {
    before_exec(command, move || {
        let limit = rlimit { rlim_cur: count, rlim_max: count };
        // SAFETY: the kernel reads one rlimit.
        unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit) }
    });
}

/// Starts the command with room for the given bytes of address space, and no right to more (`ulimit -v`).
pub fn limit_memory(command: &mut Command, bytes: rlim_t) {
    before_exec(command, move || {
        let limit = rlimit { rlim_cur: bytes, rlim_max: bytes };
        // SAFETY: the kernel reads one rlimit.
        unsafe { libc::setrlimit(libc::RLIMIT_AS, &raw const limit) }
    });
}

/// Limits the address space of a process, in bytes: below what it has already, it gets no more.
pub fn limit_memory_of(pid: u32, bytes: rlim_t) {
    let limit = rlimit { rlim_cur: bytes, rlim_max: libc::RLIM_INFINITY };
    let (pid, none) = (pid as libc::pid_t, std::ptr::null_mut());
    // SAFETY: the kernel reads one rlimit, and writes none where none is asked for (prlimit(2)).
    check(unsafe { libc::prlimit(pid, libc::RLIMIT_AS, &raw const limit, none) }, "prlimit");
}

/// Has the kernel kill the command's process when the thread that starts it ends, so that nothing
/// is left running even if the test program is killed (prctl(2), PR_SET_PDEATHSIG).
pub fn die_with_this_thread(command: &mut Command) {
    // SAFETY: takes integers.
    before_exec(command, || unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) });
}

/// Gives the command the default action of a signal: what a shell starts in the background ignores SIGINT.
pub fn with_default_action(command: &mut Command, signal: c_int) {
    // SAFETY: takes integers; SIG_DFL is no function of ours.
    before_exec(command, move || unsafe {
        if libc::signal(signal, libc::SIG_DFL) == libc::SIG_ERR { -1 } else { 0 }
    });
}

/// Has the child make a system call, which returns -1 on failure, between fork and exec.
fn before_exec(command: &mut Command, call: impl Fn() -> c_int + Send + Sync + 'static) {
    let call = move || match call() {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    };
    // SAFETY: the closures passed by this module make one system call that is async-signal-safe,
    // and allocate nothing.
    unsafe { command.pre_exec(call) };
}

/// The processor time of all threads of a process, to the nanosecond: its clock brings their sum up to
/// date (clock_getcpuclockid(3)), unlike `/proc`.
pub fn cpu_time(pid: u32) -> io::Result<Duration> {
    let mut clock = 0;
    // It has padding on some targets.
    let mut time = MaybeUninit::<timespec>::zeroed();
    // SAFETY: both results are written to memory of ours.
    let failed = unsafe {
        libc::clock_getcpuclockid(pid as libc::pid_t, &raw mut clock) != 0
            || libc::clock_gettime(clock, time.as_mut_ptr()) != 0
    };
    if failed {
        return Err(io::Error::other("the process has ended"));
    }
    // SAFETY: two integers and padding, which were zero before the kernel wrote them.
    let time = unsafe { time.assume_init() };
    Ok(Duration::new(time.tv_sec as u64, time.tv_nsec as u32))
}
