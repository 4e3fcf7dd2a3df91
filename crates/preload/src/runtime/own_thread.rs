//! A thread of the library's own, made by clone(2) and not by pthread_create(3), which takes malloc's lock:
//! a signal handler that interrupted malloc would wait for itself.
//!
//! libc does not know the thread. Its thread variables are a block like the one that libc gives to a
//! thread: those of each module that was loaded at the start, in the same places from the thread pointer,
//! so that errno and the library's own variables are there, and the addresses of all (`dtv`).
//!
//! Surprising: in such a thread nothing of libc may be called that asks who the thread is, or takes a
//! lock: no malloc, no stdio, no loader.

use crate::runtime::lock::PATIENCE;
use crate::runtime::pages;
use rustix::mm::{MapFlags, MprotectFlags, mprotect};
use rustix::process::{Pid, test_kill_process};
use rustix::thread::futex;
use std::ffi::{c_int, c_void};
use std::mem::{size_of, transmute};
use std::ptr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicI32, AtomicPtr, AtomicU32, Ordering, Ordering::Relaxed};

/// The thread variables of a module.
#[derive(Debug)]
struct Variables {
    /// The number that the loader gave the module.
    module: usize,
    /// Where they lie, from the thread pointer.
    place: isize,
    /// What they are at first; the rest is zero.
    image: usize,
    image_size: usize,
    size: usize,
}

static VARIABLES: OnceLock<Vec<Variables>> = OnceLock::new();
/// The memory of the thread: it is used again by the next one.
static BLOCK: AtomicPtr<c_void> = AtomicPtr::new(ptr::null_mut());
/// Not 0: the thread uses that memory. The kernel clears it when the thread has ended.
static IS_IN_USE: AtomicU32 = AtomicU32::new(0);
/// The thread; 0: none was started.
static TID: AtomicI32 = AtomicI32::new(0);

const STACK: usize = 320 << 10;
/// Bytes at its lower end that cannot be accessed. A page, where pages are large.
const GUARD: usize = 64 << 10;
/// More than `struct pthread` of any libc, on either side of the thread pointer.
const DESCRIPTOR: usize = 16 << 10;
const PAGE: usize = 4096;
/// Farther from the thread pointer are only variables of modules that were loaded later.
const NEAR: usize = 16 << 20;

/// Of glibc's `dtv_t`: an address, and what free(3) gets.
type Entry = [usize; 2];

unsafe extern "C" {
    // See `side_process.rs`. The variable arguments: parent_tid, tls, child_tid.
    #[link_name = "__clone"]
    fn clone(
        entry: Entrance,
        stack: *mut c_void,
        flags: c_int,
        argument: *mut c_void,
        ...
    ) -> c_int;
}

type Entrance = extern "C" fn(*mut c_void) -> c_int;

/// Whether a thread may be started from a signal handler.
pub const FROM_HANDLERS: bool = true;

#[cfg(target_arch = "x86_64")]
fn thread_pointer() -> usize {
    let pointer: usize;
    // SAFETY: the first word behind the thread pointer is its own address (ELF TLS ABI, variant II).
    unsafe { std::arch::asm!("mov {}, fs:0", out(reg) pointer, options(nostack, readonly)) };
    pointer
}

#[cfg(target_arch = "aarch64")]
fn thread_pointer() -> usize {
    let pointer: usize;
    // SAFETY: a register.
    unsafe { std::arch::asm!("mrs {}, tpidr_el0", out(reg) pointer, options(nostack, nomem)) };
    pointer
}

/// Before the checking starts: notes where each module has its variables. The loader's lock is taken here,
/// and never later.
pub fn prepare() {
    let mut all: Vec<Variables> = Vec::new();
    // SAFETY: `visit` gets the list, which outlives the call, and no other code uses it meanwhile.
    unsafe { libc::dl_iterate_phdr(Some(visit), (&raw mut all).cast()) };
    let _ = VARIABLES.set(all);
}

/// # Safety
/// `info` describes a module that stays loaded meanwhile, and `all` is a `Vec<Variables>`.
unsafe extern "C" fn visit(info: *mut libc::dl_phdr_info, _: usize, all: *mut c_void) -> c_int {
    // SAFETY: as the caller promises.
    let (info, all) = unsafe { (&*info, &mut *all.cast::<Vec<Variables>>()) };
    let place = info.dlpi_tls_data.addr().wrapping_sub(thread_pointer()).cast_signed();
    if info.dlpi_tls_data.is_null() || place.unsigned_abs() > NEAR {
        return 0;
    }
    for index in 0..usize::from(info.dlpi_phnum) {
        // SAFETY: the index is less than `dlpi_phnum`, the number of headers.
        let header = unsafe { &*info.dlpi_phdr.add(index) };
        if header.p_type == libc::PT_TLS {
            all.push(Variables {
                module: info.dlpi_tls_modid,
                place,
                image: (info.dlpi_addr as usize).wrapping_add(header.p_vaddr as usize),
                image_size: header.p_filesz as usize,
                size: header.p_memsz as usize,
            });
        }
    }
    0
}

/// The parts of the memory: stack, variables before the thread pointer, descriptor and variables behind
/// it, addresses.
struct Parts {
    before: usize,
    behind: usize,
    entries: usize,
}

impl Parts {
    fn of(all: &[Variables]) -> Self {
        let before = all.iter().map(|one| one.place.min(0).unsigned_abs()).max();
        let end = |one: &Variables| one.place.saturating_add_unsigned(one.size).max(0) as usize;
        let behind = all.iter().map(end).max();
        let whole = |size: Option<usize>| (size.unwrap_or(0) + DESCRIPTOR).next_multiple_of(PAGE);
        let entries = all.iter().map(|one| one.module + 1).max().unwrap_or(1) + 1;
        Self { before: whole(before), behind: whole(behind), entries }
    }

    fn size(&self) -> usize {
        // A page more, for the thread pointer's place in its page.
        STACK + self.before + PAGE + self.behind + self.entries * size_of::<Entry>()
    }
}

/// Starts the thread, which begins with the caller's signal mask. False: it cannot be; the thread before it
/// has not ended yet, or there is no memory. From a signal handler too; of one thread at a time.
pub fn start(run: fn() -> c_int) -> bool {
    let Some(all) = VARIABLES.get() else { return false };
    let parts = Parts::of(all);
    let Some(block) = block(parts.size()).filter(|_| is_free(PATIENCE)) else { return false };
    // SAFETY: the block is as large as the parts say, and no thread uses it.
    let pointer = unsafe { lay_out(block, &parts, all) };
    let flags = libc::CLONE_VM
        | libc::CLONE_FS
        | libc::CLONE_FILES
        | libc::CLONE_SIGHAND
        | libc::CLONE_THREAD
        | libc::CLONE_SYSVSEM
        | libc::CLONE_SETTLS
        | libc::CLONE_CHILD_CLEARTID;
    let stack = block.wrapping_byte_add(STACK);
    let (none, cleared) = (ptr::null_mut::<c_int>(), IS_IN_USE.as_ptr());
    IS_IN_USE.store(1, Relaxed);
    // SAFETY: the stack and the variables are the thread's alone until the kernel clears `IS_IN_USE`.
    let tid = unsafe { clone(enter, stack, flags, run as *mut c_void, none, pointer, cleared) };
    TID.store(tid.max(0), Relaxed);
    if tid < 0 {
        IS_IN_USE.store(0, Relaxed);
    }
    tid > 0
}

/// The thread. When this returns, clone(2)'s wrapper ends it, without libc.
extern "C" fn enter(run: *mut c_void) -> c_int {
    // SAFETY: `start` passes such a function.
    unsafe { transmute::<*mut c_void, fn() -> c_int>(run)() }
}

/// The memory, made once.
fn block(size: usize) -> Option<*mut c_void> {
    let made = BLOCK.load(Relaxed);
    if !made.is_null() {
        return Some(made);
    }
    let new = pages::map(size, MapFlags::PRIVATE)?;
    // SAFETY: the lower end of a new mapping, which is never unmapped, before it is used.
    let _ = unsafe { mprotect(new, GUARD, MprotectFlags::empty()) };
    BLOCK.store(new, Relaxed);
    Some(new)
}

/// Whether no thread uses the memory. Waits for one that does, for this number of sleeps at most.
fn is_free(sleeps: u32) -> bool {
    const SLEEP: futex::Timespec = futex::Timespec { tv_sec: 0, tv_nsec: 100_000_000 };
    for _ in 0..sleeps {
        if IS_IN_USE.load(Ordering::Acquire) == 0 {
            return true;
        }
        // The kernel's wake-up is not a private one.
        let _ = futex::wait(&IS_IN_USE, futex::Flags::empty(), 1, Some(&SLEEP));
    }
    false
}

/// Whether the kernel does not count the thread any more, which is a moment after it has left the memory
/// (kernel/exit.c, exit_mm and exit_notify). Waits for it, for this number of sleeps at most.
pub fn has_ended(sleeps: u32) -> bool {
    const MOMENT: futex::Timespec = futex::Timespec { tv_sec: 0, tv_nsec: 100_000 };
    const MOMENTS: u32 = 10_000;
    let nothing = AtomicU32::new(0);
    is_free(sleeps)
        && (0..MOMENTS).any(|_| {
            // kill(2) finds a thread by its id, too.
            let thread = Pid::from_raw(TID.load(Relaxed));
            let is_gone = thread.is_none_or(|thread| test_kill_process(thread).is_err());
            if is_gone {
                TID.store(0, Relaxed); // The number may become another thread's.
            } else {
                let _ = futex::wait(&nothing, futex::Flags::PRIVATE, 0, Some(&MOMENT));
            }
            is_gone
        })
}

/// In a forked child there is no such thread.
pub fn forked() {
    IS_IN_USE.store(0, Relaxed);
    TID.store(0, Relaxed);
}

/// Writes the variables, the descriptor's head and the addresses. Returns the thread pointer.
///
/// # Safety
/// The block is as large as the parts say, and this thread's alone.
unsafe fn lay_out(block: *mut c_void, parts: &Parts, all: &[Variables]) -> *mut c_void {
    let own = thread_pointer();
    let base = block.wrapping_byte_add(STACK + parts.before);
    // In the same place of its page, so that all variables are aligned as they are here.
    let pointer = base.wrapping_byte_add(own % PAGE);
    let entries: *mut Entry = base.wrapping_byte_add(PAGE + parts.behind).cast();
    // SAFETY: every address is within the block: `Parts` has room for all places. The images are
    // those of modules that were loaded at the start, which are never unloaded.
    unsafe {
        ptr::write_bytes(block.cast::<u8>().add(STACK), 0, parts.size() - STACK);
        // What is not there (TLS_DTV_UNALLOCATED), and a generation that no module is newer than.
        (0..parts.entries).for_each(|place| *entries.add(place) = [usize::MAX, 0]);
        *entries = [parts.entries - 2, 0];
        *entries.add(1) = [usize::MAX >> 1, 0];
        for one in all {
            let to: *mut u8 = pointer.cast::<u8>().wrapping_offset(one.place);
            ptr::copy_nonoverlapping(one.image as *const u8, to, one.image_size);
            *entries.add(1 + one.module) = [to.addr(), 0];
        }
        head(pointer.cast(), own as *const usize, entries.add(1).addr());
    }
    pointer
}

/// glibc's `tcbhead_t`: tcb, dtv, self, ..., stack_guard, pointer_guard.
///
/// # Safety
/// Both are thread pointers, and the new one's is this thread's alone.
#[cfg(target_arch = "x86_64")]
unsafe fn head(new: *mut usize, own: *const usize, entries: usize) {
    // SAFETY: as the caller promises.
    unsafe {
        [*new, *new.add(1), *new.add(2)] = [new.addr(), entries, new.addr()];
        [*new.add(5), *new.add(6)] = [*own.add(5), *own.add(6)];
    }
}

/// glibc's `tcbhead_t`: dtv, private.
///
/// # Safety
/// The new one is a thread pointer, and this thread's alone.
#[cfg(target_arch = "aarch64")]
unsafe fn head(new: *mut usize, _own: *const usize, entries: usize) {
    // SAFETY: as the caller promises.
    unsafe { *new = entries };
}
