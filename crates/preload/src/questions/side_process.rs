//! The side process: work that needs descriptors is done there, where the program does not see it. It is
//! a child that shares the memory and has a descriptor table of its own, with nothing in it but 0, 1
//! and 2.
//!
//! The program's table never changes, not for an instant: a program that opens a file expects the
//! lowest number that is free (open(2)), and has perhaps none left. Nor is there a copy of the table
//! while the program closes a descriptor: the file would stay open in the copy, and registered in the
//! program's epolls (epoll(7), Q6). While the kernel has such a copy, closes wait: see `hazard.rs`.
//!
//! The side process is made as vfork(2) does, with a stack of its own and no exit signal: there is no
//! SIGCHLD, and wait(2) without `__WCLONE` does not find it. All signals are blocked in it, so that
//! none of the program's handlers ever runs there, and a write to a pipe without a reader kills no
//! process.
//!
//! Surprising: `/proc/self` is the side process's.

use crate::questions::{fd_table, hazard};
use crate::runtime::pages;
use crate::runtime::sandbox::{self, Call};
use crate::runtime::signals::{with_all_blocked, without_those_of_writing};
use crate::runtime::thread;
use rustix::io;
use rustix::mm::{MapFlags, MprotectFlags, mprotect};
use rustix::process::{Pid, WaitOptions, WaitStatus, waitpid};
use rustix::thread::futex;
use std::ffi::{c_int, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::sync::atomic::{AtomicPtr, AtomicU32, Ordering};

/// Why the work was not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// The kernel makes no such child: a seccomp filter, a limit. The work was not begun.
    Refused,
    /// The side process was killed, or panicked.
    Died,
}

unsafe extern "C" {
    // clone(2). glibc's other name for it is the one that ThreadSanitizer does not wrap: its
    // wrapper would take the child for a fork, and reset its books in the memory that is shared.
    #[cfg_attr(target_env = "gnu", link_name = "__clone")]
    fn clone(entry: Entry, stack: *mut c_void, flags: c_int, argument: *mut c_void, ...) -> c_int;
}

type Entry = extern "C" fn(*mut c_void) -> c_int;

/// Threads that have a side process or are about to, and threads that want none to be there.
static RUNNING: AtomicU32 = AtomicU32::new(0);
static BARRED: AtomicU32 = AtomicU32::new(0);

/// Until [`unbar`] there is no side process: the program is about to wait for every kind of child. Those that
/// are there are waited for, through this number of sleeps.
pub fn bar(patience: u32) {
    BARRED.fetch_add(1, Ordering::SeqCst);
    for _ in 0..patience {
        let running = RUNNING.load(Ordering::SeqCst);
        if running == 0 {
            return;
        }
        let _ = futex::wait(&RUNNING, futex::Flags::PRIVATE, running, Some(&MOMENT));
    }
}

/// The call has returned.
pub fn unbar() {
    BARRED.fetch_sub(1, Ordering::SeqCst);
}

/// In a forked child the other threads are not there.
pub fn forked() {
    RUNNING.store(0, Ordering::SeqCst);
    BARRED.store(0, Ordering::SeqCst);
}

const MOMENT: futex::Timespec = futex::Timespec { tv_sec: 0, tv_nsec: 10_000_000 };

/// Does the work in a side process, and waits for it. From any thread.
pub fn run<R>(work: impl FnOnce() -> R) -> Result<R, Failure> {
    if !sandbox::may(Call::SideProcess) || !sandbox::may(Call::Sleep) {
        return Err(Failure::Refused);
    }
    RUNNING.fetch_add(1, Ordering::SeqCst);
    let is_barred = BARRED.load(Ordering::SeqCst) != 0;
    let result = if is_barred { Err(Failure::Refused) } else { run_now(work) };
    RUNNING.fetch_sub(1, Ordering::SeqCst);
    if BARRED.load(Ordering::SeqCst) != 0 {
        let _ = futex::wake(&RUNNING, futex::Flags::PRIVATE, u32::MAX >> 1);
    }
    result
}

fn run_now<R>(work: impl FnOnce() -> R) -> Result<R, Failure> {
    let stack = Stack::new().ok_or(Failure::Refused)?;
    // Asked here: there, in this thread's variable, it would be the side process's.
    thread::tid();
    let system_call = fd_table::system_call();
    let mut result = Err(Failure::Died);
    with_all_blocked(|| {
        let mut announcement = Some(hazard::announce_all());
        let in_child = || {
            // Until it has left, its table is the program's, or a copy that holds the same files.
            let has_left = fd_table::leave(system_call);
            announcement = None;
            result = if has_left { Ok(work()) } else { Err(Failure::Refused) };
        };
        let child = start(&stack, libc::CLONE_FILES, in_child);
        drop(announcement);
        wait(child?);
        Some(())
    })
    .flatten()
    .ok_or(Failure::Refused)?;
    result
}

/// Does the work in a side process; or, where that is refused, in this thread. `None`: the side
/// process died, or a sandbox lets none be made.
pub fn run_or_here<R>(mut work: impl FnMut() -> R) -> Option<R> {
    match run(&mut work) {
        Ok(result) => Some(result),
        Err(Failure::Died) => None,
        // A sandbox refuses for good: what is opened here the program could notice, again and again.
        Err(Failure::Refused) if !sandbox::may(Call::SideProcess) => None,
        Err(Failure::Refused) => without_those_of_writing(work),
    }
}

/// The same for work that opens no descriptor: it is done here, too, where a sandbox lets none be made.
pub fn run_or_here_unseen<R>(mut work: impl FnMut() -> R) -> Option<R> {
    run_or_here(&mut work).or_else(|| {
        let is_refused = !sandbox::may(Call::SideProcess);
        is_refused.then(|| without_those_of_writing(work)).flatten()
    })
}

/// Starts a child on this stack; the child has ended, or executes another program, when this
/// returns. Signals must be blocked. The flags are clone(2)'s; without any, the memory is shared.
pub fn start<W: FnOnce()>(stack: &Stack, flags: c_int, work: W) -> Option<Pid> {
    let mut work = Some(work);
    // The low byte would be the exit signal.
    let flags = libc::CLONE_VM | libc::CLONE_VFORK | flags;
    // SAFETY: the stack is mapped until the child has left this memory, for which CLONE_VFORK makes
    // this thread wait; until then `work` is the child's alone. `enter` gets the type it expects.
    let pid = unsafe { clone(enter::<W>, stack.top(), flags, (&raw mut work).cast()) };
    if pid > 0 { Pid::from_raw(pid) } else { None }
}

extern "C" fn enter<W: FnOnce()>(work: *mut c_void) -> c_int {
    // SAFETY: `start` passes an `Option<W>`, and waits meanwhile.
    let work = unsafe { &mut *work.cast::<Option<W>>() }.take();
    // Unwinding out of here would abort. The count of panics is that of the thread which waits.
    let outcome = catch_unwind(AssertUnwindSafe(|| work.map(|work| work())));
    c_int::from(outcome.is_err())
}

/// Reaps a child; how it ended, unless other code has reaped it.
pub fn wait(child: Pid) -> Option<WaitStatus> {
    // Without this flag only children are found whose exit signal is SIGCHLD.
    let options = WaitOptions::from_bits_retain(libc::__WALL as u32);
    Some(io::retry_on_intr(|| waitpid(Some(child), options)).ok()??.1)
}

/// Memory for a child's stack.
#[derive(Debug)]
pub struct Stack(*mut c_void);

impl Stack {
    const SIZE: usize = 256 << 10;
    /// Bytes at the lower end that cannot be accessed. A page, where pages are large.
    const GUARD: usize = 64 << 10;

    /// The stack that is kept, or a new one. `None`: there is no memory.
    pub fn new() -> Option<Self> {
        let kept = KEPT.swap(ptr::null_mut(), Ordering::Acquire);
        if !kept.is_null() {
            return Some(Self(kept));
        }
        let memory = pages::map(Self::SIZE, MapFlags::PRIVATE | MapFlags::STACK)?;
        let stack = Self(memory);
        // SAFETY: the lower end of a new mapping, before it is used.
        unsafe { mprotect(memory, Self::GUARD, MprotectFlags::empty()) }.ok()?;
        Some(stack)
    }

    /// The stack grows downwards on every architecture that there are hooks for.
    fn top(&self) -> *mut c_void {
        self.0.wrapping_byte_add(Self::SIZE)
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        let (none, order) = (ptr::null_mut(), Ordering::Release);
        if KEPT.compare_exchange(none, self.0, order, Ordering::Relaxed).is_err() {
            // SAFETY: `new` mapped it. `start` returned after the child had left it.
            unsafe { pages::unmap(self.0, Self::SIZE) };
        }
    }
}

/// A stack that no child uses, or null. It is there from the start, so that the checker can say that memory
/// is out.
static KEPT: AtomicPtr<c_void> = AtomicPtr::new(ptr::null_mut());

/// Before the checking starts.
pub fn prepare() {
    drop(Stack::new());
}
