//! Work that needs descriptors, done where the program does not see it: in a child that shares the
//! memory and has a descriptor table of its own, with nothing in it but 0, 1 and 2.
//!
//! The program's table never changes, not for an instant: a program that opens a file expects the
//! lowest number that is free (open(2)), and has perhaps none left. Nor is there a copy of it while
//! the program closes something: that would stay open in the copy, and registered in its epolls
//! (epoll(7), Q6). For the moment in which the kernel has one, closes wait: see looking.rs. The child is made as vfork(2) does, with a stack of its own and no exit signal: there is no
//! SIGCHLD, and wait(2) without `__WCLONE` does not find it. All signals are blocked in it, so that
//! none of the program's handlers ever runs there, and a write to a pipe without a reader kills
//! nobody.
//!
//! Surprising: `/proc/self` is the child's.

use crate::runtime::signals::with_all_blocked;
use crate::{looking, table};
use rustix::io;
use rustix::mm::{MapFlags, MprotectFlags, ProtFlags, mmap_anonymous, mprotect, munmap};
use rustix::process::{Pid, WaitOptions, WaitStatus, waitpid};
use std::ffi::{c_int, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;

/// Why the work was not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lost {
    /// There may be no such child: a seccomp filter, a limit. The work was not begun.
    Refused,
    /// It was killed, or panicked.
    Died,
}

unsafe extern "C" {
    // clone(2). glibc's other name for it is the one that ThreadSanitizer does not wrap: its
    // wrapper would take the child for a fork, and reset its books in the memory that is shared.
    #[cfg_attr(target_env = "gnu", link_name = "__clone")]
    fn clone(entry: Entry, stack: *mut c_void, flags: c_int, argument: *mut c_void, ...) -> c_int;
}

type Entry = extern "C" fn(*mut c_void) -> c_int;

/// Does the work in such a child, and waits for it. From any thread.
pub fn aside<R>(work: impl FnOnce() -> R) -> Result<R, Lost> {
    let stack = Stack::new().ok_or(Lost::Refused)?;
    let system_call = table::system_call();
    let mut result = Err(Lost::Died);
    with_all_blocked(|| {
        let mut look = Some(looking::look_at_all());
        let in_child = || {
            // Until then the table is the program's, or a copy that holds its files.
            let has_left = table::leave(system_call);
            look = None;
            result = if has_left { Ok(work()) } else { Err(Lost::Refused) };
        };
        let child = start(&stack, libc::CLONE_FILES, in_child);
        drop(look);
        wait(child?);
        Some(())
    })
    .flatten()
    .ok_or(Lost::Refused)?;
    result
}

/// The same; or, where that is refused, here. Nothing if it died.
pub fn aside_or_here<R>(mut work: impl FnMut() -> R) -> Option<R> {
    match aside(&mut work) {
        Ok(result) => Some(result),
        Err(Lost::Died) => None,
        Err(Lost::Refused) => with_all_blocked(work),
    }
}

/// Starts a child on this stack; it has ended, or executes another program, when this returns.
/// Signals must be blocked. The flags are clone(2)'s; without any, what is shared is the memory.
pub fn start<W: FnOnce()>(stack: &Stack, flags: c_int, work: W) -> Option<Pid> {
    let mut work = Some(work);
    // The low byte would be the exit signal.
    let flags = libc::CLONE_VM | libc::CLONE_VFORK | flags;
    // SAFETY: the stack is mapped until the child has left this memory, for which CLONE_VFORK makes
    // this thread wait; until then `work` is the child's alone. `run` gets the type it expects.
    let pid = unsafe { clone(run::<W>, stack.top(), flags, (&raw mut work).cast()) };
    if pid > 0 { Pid::from_raw(pid) } else { None }
}

extern "C" fn run<W: FnOnce()>(work: *mut c_void) -> c_int {
    // SAFETY: `start` passes an `Option<W>`, and waits meanwhile.
    let work = unsafe { &mut *work.cast::<Option<W>>() }.take();
    // Unwinding out of here would abort. The count of panics is this thread's, which sleeps.
    let outcome = catch_unwind(AssertUnwindSafe(|| work.map(|work| work())));
    c_int::from(outcome.is_err())
}

/// Reaps a child; how it ended, if nobody else has reaped it.
pub fn wait(child: Pid) -> Option<WaitStatus> {
    // Without it only children are found whose exit signal is SIGCHLD.
    let options = WaitOptions::from_bits_retain(libc::__WALL as u32);
    Some(io::retry_on_intr(|| waitpid(Some(child), options)).ok()??.1)
}

/// Memory for a child's stack.
#[derive(Debug)]
pub struct Stack(*mut c_void);

impl Stack {
    const SIZE: usize = 256 << 10;
    /// At the lower end, without access. A page, where pages are large.
    const GUARD: usize = 64 << 10;

    /// None: there is no memory.
    pub fn new() -> Option<Self> {
        let protection = ProtFlags::READ | ProtFlags::WRITE;
        let flags = MapFlags::PRIVATE | MapFlags::STACK;
        // SAFETY: a new private mapping at an address of the kernel's choice, of which the lower end
        // is made inaccessible before anybody uses it.
        unsafe {
            let memory = mmap_anonymous(ptr::null_mut(), Self::SIZE, protection, flags).ok()?;
            let stack = Self(memory);
            mprotect(memory, Self::GUARD, MprotectFlags::empty()).ok()?;
            Some(stack)
        }
    }

    /// It grows downwards on every architecture that there are hooks for.
    fn top(&self) -> *mut c_void {
        self.0.wrapping_byte_add(Self::SIZE)
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        // SAFETY: `new` mapped it. `start` returns when the child has left it.
        let _ = unsafe { munmap(self.0, Self::SIZE) };
    }
}
