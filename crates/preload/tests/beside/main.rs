//! What the library does beside the program: side processes, files, call sites, its heap.
//! The modules are compiled into this test, which exports nothing and has no hooks.

#![allow(dead_code)] // each module has uses that are not tested here
#![allow(non_upper_case_globals)] // a variable of C's

#[path = "../../src/output"]
mod output {
    #[path = "destination.rs"]
    pub mod destination;
    #[path = "file.rs"]
    pub mod file;
    #[path = "frames.rs"]
    pub mod frames;
    #[path = "inherited.rs"]
    pub mod inherited;
    /// Here is no observer.
    pub mod mail {
        use super::writing::Unwritten;
        use epshim_page::mail::Place;

        pub fn send(_: Place, _: bool, _: &[u8]) -> Option<Result<(), Unwritten>> {
            None
        }
    }
    #[path = "symbolize.rs"]
    pub mod symbolize;
    #[path = "writing.rs"]
    pub mod writing;
}

#[path = "../../src/questions"]
mod questions {
    #[path = "callers.rs"]
    pub mod callers;
    #[path = "fd.rs"]
    pub mod fd;
    #[path = "fd_table.rs"]
    pub mod fd_table;
    #[path = "files.rs"]
    pub mod files;
    #[path = "hazard.rs"]
    pub mod hazard;
    #[path = "memory.rs"]
    pub mod memory;
    #[path = "modules.rs"]
    pub mod modules;
    #[path = "own_process.rs"]
    pub mod own_process;
    #[path = "registers.rs"]
    pub mod registers;
    #[path = "side_process.rs"]
    pub mod side_process;
}

#[path = "../../src/runtime"]
mod runtime {
    #[path = "heap.rs"]
    pub mod heap;
    #[path = "lock.rs"]
    pub mod lock;
    #[path = "pages.rs"]
    pub mod pages;
    #[path = "reserve.rs"]
    pub mod reserve;
    #[path = "sandbox.rs"]
    pub mod sandbox;
    #[path = "signals.rs"]
    pub mod signals;

    /// In place of each thread's variables, which are C's.
    pub mod thread {
        pub fn address() -> usize {
            1
        }

        pub fn tid() -> std::ffi::c_int {
            rustix::thread::gettid().as_raw_nonzero().get()
        }
    }

    /// In place of what the hooks export, which are C's.
    pub mod process {
        use std::ffi::c_char;

        pub fn thread_id() -> i32 {
            super::thread::tid()
        }

        /// # Safety
        /// As execve(2) has it.
        pub unsafe fn execute(
            path: *const c_char,
            arguments: *const *const c_char,
            environment: *const *const c_char,
        ) {
            // SAFETY: as the caller promises.
            unsafe { libc::execve(path, arguments, environment) };
        }
    }

    /// In place of the variables that the hooks read, which are C's.
    pub mod watched {
        use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

        static IS_HAZARD: AtomicBool = AtomicBool::new(false);

        pub fn start_hazard() {
            IS_HAZARD.store(true, SeqCst);
        }

        pub fn stop_hazard() {
            IS_HAZARD.store(false, SeqCst);
        }

        pub fn is_hazard() -> bool {
            IS_HAZARD.load(SeqCst)
        }
    }
}

/// In place of the hooks' variable: nothing is refused.
#[unsafe(no_mangle)]
static epshim_refused: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);

#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod callers;
mod hazard;
mod heap;
mod places;
mod reports;
mod side_process;

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The tests of this program run one after another: they change what belongs to the whole process.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    questions::fd_table::prepare();
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits for a condition that must come true.
#[track_caller]
fn until(mut is_true: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(30);
    while !is_true() {
        assert!(Instant::now() < end, "it did not come true");
        std::thread::yield_now();
    }
}

/// A folder of the test's own, empty.
fn folder(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("beside-{name}"));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// The descriptors of this process.
fn descriptors() -> Vec<String> {
    let entries = std::fs::read_dir("/proc/self/fd").unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Does the work while no descriptor can be opened.
fn without_descriptors<R>(work: impl FnOnce() -> R) -> R {
    // SAFETY: plain system calls on a structure of this function's own.
    unsafe {
        let mut old: libc::rlimit = std::mem::zeroed();
        assert_eq!(libc::getrlimit(libc::RLIMIT_NOFILE, &mut old), 0);
        // Fill the gaps below the highest one, then allow no more than there are.
        let mut fill = Vec::new();
        for _ in 0..16 {
            fill.push(libc::dup(0));
        }
        let next = libc::dup(0);
        libc::close(next);
        let none = libc::rlimit { rlim_cur: next as libc::rlim_t, ..old };
        assert_eq!(libc::setrlimit(libc::RLIMIT_NOFILE, &none), 0);
        assert_eq!(libc::dup(0), -1);
        let result = work();
        assert_eq!(libc::setrlimit(libc::RLIMIT_NOFILE, &old), 0);
        for number in fill {
            libc::close(number);
        }
        result
    }
}
