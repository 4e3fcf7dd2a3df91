//! Whether a signal handler is among what this thread runs just now.
//!
//! The kernel begins a handler with a frame that has, at its lowest word, the address of the code that ends the handler:
//! libc's call of rt_sigreturn(2) (sigaction(2), `SA_RESTORER`). So the words of the stack are looked through, up
//! to a limit, for that address, behind which the registers must be as the kernel has them; they are copied by the
//! kernel (`memory.rs`).
//!
//! Surprising: a frame that an earlier handler has left behind may lie there as it was, and is then taken for one that
//! runs. So the answer errs to one side; a handler that has taken more of the stack than is looked through errs to the
//! other.
//!
//! Only on x86-64: elsewhere the address is in a register.

use crate::questions::memory::{read, read_bytes};
use crate::questions::modules;
use crate::runtime::sandbox::{self, Call};
use std::hint::black_box;
use std::ptr;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// `mov $15, %rax; syscall`, as glibc and musl have it, and gdb looks for it.
const RESTORER: [u8; 9] = [0x48, 0xc7, 0xc0, 0x0f, 0, 0, 0, 0x0f, 0x05];
/// What is copied at once.
const PIECE: usize = 4096;
const WORD: usize = size_of::<usize>();

/// Where libc ends a handler, as [`hidden`] has it; 0: not found.
static ENDS_A_HANDLER: AtomicUsize = AtomicUsize::new(0);

/// Before the checking starts: finds libc's code that ends a handler. False: it is not found, so that nobody can say
/// what this file is asked.
pub fn prepare() -> bool {
    let found =
        if cfg!(all(target_arch = "x86_64", target_pointer_width = "64")) { find() } else { None };
    ENDS_A_HANDLER.store(found.map_or(0, hidden), Relaxed);
    found.is_some()
}

fn find() -> Option<usize> {
    // SAFETY: a string. What was not found is none of the program's errors: it is forgotten.
    let of_libc = unsafe {
        let found = libc::dlsym(libc::RTLD_NEXT, c"sigfillset".as_ptr());
        libc::dlerror();
        found.addr()
    };
    let libc = modules::loaded().into_iter().find(|module| module.has(of_libc))?;
    libc.code().find_map(|code| find_between(code.start, code.end))
}

fn find_between(start: usize, end: usize) -> Option<usize> {
    let mut bytes = vec![0; 16 * PIECE];
    let mut at = start;
    while at < end {
        let wanted = bytes.len().min(end - at);
        let count = read_bytes(at, &mut bytes[..wanted]);
        let place = bytes[..count].windows(RESTORER.len()).position(|window| window == RESTORER);
        if let Some(place) = place {
            return Some(at + place);
        }
        // What lies across the end of a piece begins the next one.
        at += count.checked_sub(RESTORER.len()).filter(|&step| step > 0)?;
    }
    None
}

/// Whether this thread runs a handler on a stack for handlers (sigaltstack(2)), or that cannot be told. Such a stack
/// may have no room for more than the handler itself.
pub fn is_elsewhere() -> bool {
    if !sandbox::may(Call::Signals) {
        return true;
    }
    // SAFETY: a `stack_t` is integers and a pointer, which may be null; the call fills it.
    unsafe {
        let mut own: libc::stack_t = std::mem::zeroed();
        libc::sigaltstack(ptr::null(), &raw mut own) != 0 || own.ss_flags & libc::SS_ONSTACK != 0
    }
}

/// Whether a handler may be running whose frame lies between two addresses of this thread's stack, or that cannot be
/// told. The lower one is of the caller's frame.
#[inline(never)]
pub fn may_be(from: usize, until: usize) -> bool {
    let wanted = ENDS_A_HANDLER.load(Relaxed);
    let mut piece = [0; PIECE];
    let mut at = from.next_multiple_of(WORD);
    while wanted != 0 && at < until {
        let size = PIECE.min((until - at).next_multiple_of(WORD));
        let count = read_bytes(at, &mut piece[..size]);
        let (words, _) = piece[..count].as_chunks::<WORD>();
        let frame = words.iter().position(|&word| hidden(usize::from_ne_bytes(word)) == wanted);
        if let Some(place) = frame {
            // This copy is not to be found the next time.
            piece.fill(0);
            black_box(&piece);
            at += place * WORD;
            if is_frame(at) {
                return true;
            }
            at += WORD;
            continue;
        }
        if count < size {
            // The stack ends here, or nothing could be copied.
            return count < WORD && at == from.next_multiple_of(WORD);
        }
        at += size;
    }
    wanted == 0
}

/// Whether the kernel's frame of a handler begins at an address, or once did (arch/x86/include/asm/sigframe.h, `struct
/// rt_sigframe`): `cs` and `ss` are those of user space, and both the stack that was left and the saved state of the
/// floating point lie above.
fn is_frame(at: usize) -> bool {
    /// The words, from the first one: `ucontext` begins at 1, its registers at 6.
    const RSP: usize = 6 + 15;
    const SEGMENTS: usize = 6 + 18;
    const STATE: usize = 6 + 23;
    /// More than the state takes with all that processors have.
    const FURTHEST: usize = 64 << 10;
    const USER: (usize, usize) = (0x33, 0x2b);
    let Some(words) = read::<[usize; STATE + 1]>(at) else { return true };
    let is_above = |address: usize| address.wrapping_sub(at) < FURTHEST;
    let segments = (words[SEGMENTS] & 0xffff, words[SEGMENTS] >> 48);
    segments.0 == USER.0
        && (segments.1 == USER.1 || segments.1 == 0)
        && is_above(words[RSP])
        && (is_above(words[STATE]) || words[STATE] == 0)
}

/// The address as it is compared: as it is, it could be left on the stack, and be found there the next time.
fn hidden(address: usize) -> usize {
    address.rotate_left(7)
}
