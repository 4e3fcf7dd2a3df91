//! What stands around all book-keeping, so that the program never notices it: errno is kept, a
//! signal handler that interrupts it is not let in, and a panic ends the checking and nothing else.

use crate::{process, watched};
use std::ffi::c_int;
use std::fmt::Write;
use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed, Ordering::SeqCst, compiler_fence};

/// Calls that were made and not recorded, because the thread was in the book-keeping already.
static SKIPPED: AtomicU64 = AtomicU64::new(0);
/// Counts down to the panic of `panic_after`; 0: none.
static PANIC_AFTER: AtomicU64 = AtomicU64::new(0);

unsafe extern "C" {
    /// The thread's own, which a signal handler may touch. Lives as long as the thread.
    safe fn epshim_depth() -> *mut c_int;
    // `hooks/sanitizer.c`: calls that must come in pairs.
    safe fn epshim_look_away();
    safe fn epshim_look_back();
}

/// Before the program is ended from within the book-keeping: ThreadSanitizer must not find itself
/// told to look away then.
pub fn leave_for_good() {
    epshim_look_back();
}

/// See `SKIPPED`.
pub fn skipped() -> u64 {
    SKIPPED.load(Relaxed)
}

/// Before anything is told.
pub fn prepare(panic_after: Option<u64>) {
    PANIC_AFTER.store(panic_after.unwrap_or(0), Relaxed);
    // The default hook would format, take locks and write through our own `write`.
    panic::set_hook(Box::new(|_| {}));
}

/// Keeps book of a call. Does nothing where nothing is checked any more.
pub fn book_keeping(body: impl FnOnce()) {
    if !watched::is_checking() {
        return;
    }
    let depth = epshim_depth();
    // SAFETY: `depth` and errno are this thread's own variables, valid while it runs, and no
    // reference to them is held. A signal handler that runs in between leaves both as it found them.
    unsafe {
        if *depth > 0 {
            SKIPPED.fetch_add(1, Relaxed);
            return;
        }
        let errno = libc::__errno_location();
        let saved = *errno;
        *depth = 1;
        compiler_fence(SeqCst);
        epshim_look_away();
        if panic::catch_unwind(AssertUnwindSafe(|| run(body))).is_err() {
            give_up();
        }
        epshim_look_back();
        compiler_fence(SeqCst);
        *depth = 0;
        *errno = saved;
    }
}

/// For a thread of the library's own: nothing that it does is told of, and a panic ends the
/// checking.
pub fn unseen(body: impl FnOnce()) {
    // SAFETY: this thread's own variable.
    unsafe { *epshim_depth() = 1 };
    epshim_look_away();
    if panic::catch_unwind(AssertUnwindSafe(body)).is_err() {
        give_up();
    }
    epshim_look_back();
}

/// Around fork(3), which other handlers share: what they call is not told of.
pub fn enter_fork() {
    // SAFETY: this thread's own variable.
    unsafe { *epshim_depth() += 1 };
}

/// In both processes.
pub fn leave_fork() {
    // SAFETY: as above.
    unsafe { *epshim_depth() -= 1 };
}

fn run(body: impl FnOnce()) {
    if PANIC_AFTER.load(Relaxed) > 0 && PANIC_AFTER.fetch_sub(1, Relaxed) == 1 {
        panic!("asked for by panic_after");
    }
    body();
}

/// The book-keeping panicked: the program goes on without it.
fn give_up() {
    if !watched::stop_checking() {
        return;
    }
    say(format_args!("the checker failed, and is off: this is a bug of epshim"));
}

/// One line on standard error, in one write.
pub fn say(what: std::fmt::Arguments<'_>) {
    let mut line = Line { bytes: [0; 256], length: 0 };
    // What does not fit is left out.
    let _ = writeln!(line, "=={}== epshim: {what}", process::id());
    // SAFETY: the descriptor is only borrowed for the call; if the program has closed it, the
    // kernel says so, and there is nobody to tell.
    let stderr = unsafe { rustix::fd::BorrowedFd::borrow_raw(libc::STDERR_FILENO) };
    let _ = rustix::io::write(stderr, &line.bytes[..line.length]);
}

/// Text without allocation.
struct Line {
    bytes: [u8; 256],
    length: usize,
}

impl Write for Line {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        let room = &mut self.bytes[self.length..];
        let fits = text.len().min(room.len());
        room[..fits].copy_from_slice(&text.as_bytes()[..fits]);
        self.length += fits;
        Ok(())
    }
}
