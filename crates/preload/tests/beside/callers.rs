//! Callers: the same as libgcc's unwinder finds, where that one can be asked.

use crate::alone;
use crate::questions::callers::{of_call, prepare};
use std::cell::RefCell;
use std::ffi::{c_int, c_void};
use std::ptr;

unsafe extern "C" {
    fn _Unwind_Backtrace(
        visit: extern "C" fn(*mut c_void, *mut c_void) -> c_int,
        argument: *mut c_void,
    ) -> c_int;
    fn _Unwind_GetIP(frame: *mut c_void) -> usize;
}

/// More than any stack here has.
const DEPTH: usize = 60;

extern "C" fn visit(frame: *mut c_void, addresses: *mut c_void) -> c_int {
    // SAFETY: the unwinder's frame, and the vector that `by_libgcc` has for it.
    unsafe { (*addresses.cast::<Vec<usize>>()).push(_Unwind_GetIP(frame)) };
    0
}

#[inline(never)]
fn by_libgcc() -> Vec<usize> {
    let mut addresses: Vec<usize> = Vec::new();
    // SAFETY: `visit` uses the vector as what it is.
    unsafe { _Unwind_Backtrace(visit, (&raw mut addresses).cast()) };
    addresses
}

/// Both find the same, from the caller's caller on. Returns how many they find.
#[inline(never)]
fn compare() -> usize {
    prepare(DEPTH);
    // In this function both calls return to different places. The next one is the same.
    let expected = by_libgcc();
    let expected = &expected[2..];
    let found = of_call(expected[0], DEPTH, <[usize]>::to_vec);
    let found = found.expect("it is on the stack");
    // Behind the last there is none: a null address.
    let expected: Vec<usize> = expected.iter().copied().filter(|&address| address != 0).collect();
    let length = expected.len().min(DEPTH + 1);
    assert_eq!(found, expected[..length]);
    length
}

#[inline(never)]
fn deeper(levels: usize) -> usize {
    if levels == 0 { compare() } else { std::hint::black_box(deeper(levels - 1)) }
}

#[test]
fn callers_are_those_that_libgcc_finds() {
    let _alone = alone();
    let first = deeper(0);
    assert!(first > 5);
    // By tables, and by what was learnt of them.
    for levels in [1, 6, 6, 20, 20] {
        assert_eq!(deeper(levels), (first + levels).min(DEPTH + 1));
    }
    let own = std::thread::spawn(|| deeper(3)).join().unwrap();
    assert!(own > 5);
}

thread_local! {
    static FOUND: RefCell<Vec<usize>> = const { RefCell::new(Vec::new()) };
}

fn note(length: usize) {
    FOUND.with(|found| found.borrow_mut().push(length));
}

extern "C" fn compare_by(_: *const c_void, _: *const c_void) -> c_int {
    note(compare());
    0
}

extern "C" fn compare_at(_: c_int) {
    note(compare());
}

/// A function of libc's between: no frame pointers there.
#[test]
fn callers_are_found_through_libc() {
    let _alone = alone();
    let mut two = [2_u64, 1];
    // SAFETY: two elements of that size; the function compares them in no way.
    unsafe { libc::qsort(two.as_mut_ptr().cast(), 2, 8, Some(compare_by)) };
    assert_eq!(FOUND.take().len(), 1);
}

/// The kernel's frame between, and what it interrupted: in libc, on this stack and on another one.
#[test]
fn callers_are_found_through_signals() {
    let _alone = alone();
    let mut memory = vec![0_u8; 256 << 10];
    let other =
        libc::stack_t { ss_sp: memory.as_mut_ptr().cast(), ss_flags: 0, ss_size: memory.len() };
    for flags in [0, libc::SA_ONSTACK] {
        // SAFETY: the memory is there until the stack is given back; the handler takes what it is given.
        unsafe {
            let mut old: libc::stack_t = std::mem::zeroed();
            assert_eq!(libc::sigaltstack(&raw const other, &raw mut old), 0);
            let mut action: libc::sigaction = std::mem::zeroed();
            action.sa_sigaction = compare_at as extern "C" fn(c_int) as usize;
            action.sa_flags = flags;
            let mut before: libc::sigaction = std::mem::zeroed();
            assert_eq!(libc::sigaction(libc::SIGUSR2, &raw const action, &raw mut before), 0);
            assert_eq!(libc::raise(libc::SIGUSR2), 0);
            assert_eq!(libc::sigaction(libc::SIGUSR2, &raw const before, ptr::null_mut()), 0);
            assert_eq!(libc::sigaltstack(&raw const old, ptr::null_mut()), 0);
        }
    }
    let found = FOUND.take();
    assert!(found.len() == 2 && found.iter().all(|&length| length > 5), "{found:?}");
}

/// Threads that walk at once do without each other's walkers, and are never wrong.
#[test]
fn threads_that_walk_at_once_are_never_wrong() {
    let _alone = alone();
    prepare(DEPTH);
    let walk = || {
        let expected = by_libgcc();
        let found = of_call(expected[1], DEPTH, <[usize]>::to_vec);
        found.is_none_or(|found| found[1..] == expected[2..][..found.len() - 1])
    };
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| (0..500).for_each(|_| assert!(walk())));
        }
    });
}
