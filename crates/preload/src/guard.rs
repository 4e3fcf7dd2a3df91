//! What stands around all book-keeping, so that the program never notices it: errno is kept, a
//! signal handler that interrupts it is not let in, and a panic ends the checking and nothing else.

use crate::aside::without_signals;
use crate::output::Destination;
use crate::{memory, process, report, watched};
use std::ffi::c_int;
use std::fmt::Write;
use std::panic::{self, AssertUnwindSafe};
use std::ptr;
use std::sync::OnceLock;
use std::sync::atomic::{
    AtomicBool, AtomicU64, Ordering::Relaxed, Ordering::SeqCst, compiler_fence,
};

/// Calls that were made and not recorded, because the thread was in the book-keeping already.
static SKIPPED: AtomicU64 = AtomicU64::new(0);
/// Counts down to the panic of `panic_after`; 0: none.
static PANIC_AFTER: AtomicU64 = AtomicU64::new(0);
/// The checker failed.
static HAS_FAILED: AtomicBool = AtomicBool::new(false);
/// As it was when the program started.
static STDERR: OnceLock<Destination> = OnceLock::new();

unsafe extern "C" {
    /// The thread's own, which a signal handler may touch. Lives as long as the thread.
    safe fn epshim_depth() -> *mut c_int;
    safe fn epshim_frame() -> *mut usize;
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

/// Whether the checker failed: what is in the model may be half changed.
pub fn has_failed() -> bool {
    HAS_FAILED.load(Relaxed)
}

/// Before anything is told.
pub fn prepare(panic_after: Option<u64>) {
    PANIC_AFTER.store(panic_after.unwrap_or(0), Relaxed);
    STDERR.get_or_init(|| Destination::new(None));
    // The default hook would format, take locks and write through our own `write`.
    panic::set_hook(Box::new(|_| {}));
}

/// Keeps book of a call. Does nothing where nothing is checked any more.
pub fn book_keeping(body: impl FnOnce()) {
    if watched::is_checking() {
        keep(|| run(body));
    }
}

/// The same, where nothing is checked any more and that is to be said.
pub fn keep(body: impl FnOnce()) {
    let (depth, frame) = (epshim_depth(), epshim_frame());
    // SAFETY: `depth`, `frame` and errno are this thread's own variables, valid while it runs, and no
    // reference to them is held. A signal handler that runs in between leaves them as it found them,
    // or never returns.
    unsafe {
        let here = (&raw const depth).addr();
        let errno = libc::__errno_location();
        let saved = *errno;
        if *depth > 0 {
            if !has_jumped_out(*frame, here) {
                SKIPPED.fetch_add(1, Relaxed);
                *errno = saved;
                return;
            }
            epshim_look_back();
            memory::abandon();
            give_up("a signal handler left it by siglongjmp");
        }
        // In this order: a handler may come in between, and finds the frame if it finds the depth.
        let outer = *frame;
        *frame = here;
        compiler_fence(SeqCst);
        *depth = 1;
        compiler_fence(SeqCst);
        epshim_look_away();
        if panic::catch_unwind(AssertUnwindSafe(body)).is_err() {
            give_up(PANIC);
        }
        if memory::is_lost() {
            give_up("its memory was left in the middle of a change");
        }
        epshim_look_back();
        compiler_fence(SeqCst);
        *depth = 0;
        compiler_fence(SeqCst);
        *frame = outer;
        *errno = saved;
    }
}

/// When the program ends: book-keeping that this thread was in, it will not go on with.
pub fn prepare_end() {
    // SAFETY: this thread's own variable.
    let was_inside = unsafe { std::mem::take(&mut *epshim_depth()) > 0 };
    if was_inside {
        epshim_look_back();
        memory::abandon();
        give_up("the program was ended in the middle of it");
    }
}

/// Whether the book-keeping that this thread went into at `frame` is gone, because that part of the
/// stack is used again. It grows downwards on every architecture that there are hooks for.
fn has_jumped_out(frame: usize, here: usize) -> bool {
    /// Less than what the kernel puts between a handler and what it interrupted.
    const BETWEEN: usize = 256;
    if frame == 0 || here <= frame - BETWEEN {
        return false;
    }
    // A handler's own stack may lie anywhere.
    // SAFETY: an `stack_t` is integers and a pointer, which may be null; the call fills it.
    unsafe {
        let mut own: libc::stack_t = std::mem::zeroed();
        libc::sigaltstack(ptr::null(), &raw mut own) == 0 && own.ss_flags & libc::SS_ONSTACK == 0
    }
}

/// For a thread of the library's own: nothing that it does is told of, and a panic ends the
/// checking.
pub fn unseen(body: impl FnOnce()) {
    // SAFETY: this thread's own variable.
    unsafe { *epshim_depth() = 1 };
    epshim_look_away();
    if panic::catch_unwind(AssertUnwindSafe(body)).is_err() {
        give_up(PANIC);
    }
    epshim_look_back();
    // The last thread ends the program, and its report (pthread_exit(3)).
    // SAFETY: as above.
    unsafe { *epshim_depth() = 0 };
}

/// Around fork(3), which other handlers share: what they call is not told of. Returns whether this
/// thread was in the book-keeping: the fork is made by a signal handler.
pub fn enter_fork() -> bool {
    let depth = epshim_depth();
    // SAFETY: this thread's own variable.
    unsafe {
        if *depth == 0 {
            *epshim_frame() = 0;
        }
        *depth += 1;
        *depth > 1
    }
}

/// In both processes. `give` gives back what was taken, if it was not a handler's fork.
pub fn leave_fork(give: impl FnOnce()) {
    let depth = epshim_depth();
    // SAFETY: as above.
    unsafe {
        if *depth == 1 {
            give();
        }
        *depth -= 1;
    }
}

fn run(body: impl FnOnce()) {
    if PANIC_AFTER.load(Relaxed) > 0 && PANIC_AFTER.fetch_sub(1, Relaxed) == 1 {
        panic!("asked for by panic_after");
    }
    body();
}

const PANIC: &str = "this is a bug of epshim";

/// The program goes on without the checker.
pub fn give_up(why: &'static str) {
    // No handler jumps out of this.
    without_signals(|| {
        if watched::stop_checking() {
            HAS_FAILED.store(true, Relaxed);
            report::failed(why);
        }
        Some(())
    });
}

/// One line on standard error, in one write.
pub fn say(what: std::fmt::Arguments<'_>) {
    let mut line = Line { bytes: [0; 256], length: 0 };
    // What does not fit is left out.
    let _ = writeln!(line, "=={}== epshim: {what}", process::id());
    let stderr = STDERR.get_or_init(|| Destination::new(None));
    // If the program has closed it, there is nobody to tell.
    stderr.write(process::id().unsigned_abs(), &line.bytes[..line.length]);
}

/// In a forked child: what its parent did not record is not its own.
pub fn forked() {
    SKIPPED.store(0, Relaxed);
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
