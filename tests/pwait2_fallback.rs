//! `epshim_pwait2` on a kernel without `epoll_pwait2`: the same table of arguments, with the
//! system call taken away by a seccomp filter. A libc without it is `c_tests/pwait2_no_libc.c`.
//!
//! The answers of the real call are the oracle. They are collected on one thread; the other has
//! the filter, which holds for its own thread only. Where there is no real call to take away (musl,
//! qemu-user), `same_as_libc` itself has tried every case without it.

#[allow(dead_code, reason = "shared with same_as_libc")]
#[path = "same_as_libc/api.rs"]
mod api;
#[allow(dead_code, reason = "shared with same_as_libc")]
#[path = "same_as_libc/descriptors.rs"]
mod descriptors;
#[path = "same_as_libc/interrupt.rs"]
mod interrupt;
#[path = "same_as_libc/memory.rs"]
mod memory;
#[allow(dead_code, reason = "shared with same_as_libc")]
#[path = "same_as_libc/waits.rs"]
mod waits;

use api::{EPSHIM, Outcome, pwait2_exists};
use libc::{sock_filter, sock_fprog};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::thread;
use std::time::{Duration, Instant};

/// Takes `epoll_pwait2` from the calling thread: from now on it answers ENOSYS (seccomp(2)).
fn refuse_epoll_pwait2() {
    if !pwait2_exists() {
        return;
    }
    const LOAD: u16 = (libc::BPF_LD | libc::BPF_W | libc::BPF_ABS) as u16;
    const JUMP_IF_EQUAL: u16 = (libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K) as u16;
    const RETURN: u16 = (libc::BPF_RET | libc::BPF_K) as u16;
    let refuse = libc::SECCOMP_RET_ERRNO | libc::ENOSYS as u32;
    // The number of the system call is at offset 0 of struct seccomp_data.
    let mut program = [
        sock_filter { code: LOAD, jt: 0, jf: 0, k: 0 },
        sock_filter { code: JUMP_IF_EQUAL, jt: 0, jf: 1, k: libc::SYS_epoll_pwait2 as u32 },
        sock_filter { code: RETURN, jt: 0, jf: 0, k: refuse },
        sock_filter { code: RETURN, jt: 0, jf: 0, k: libc::SECCOMP_RET_ALLOW },
    ];
    let program = sock_fprog { len: program.len() as u16, filter: program.as_mut_ptr() };
    // SAFETY: the kernel copies the program, which lives through the calls.
    unsafe {
        assert_eq!(libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
        let mode = libc::SECCOMP_MODE_FILTER;
        assert_eq!(libc::prctl(libc::PR_SET_SECCOMP, mode, &raw const program), 0);
    }
    assert!(!pwait2_exists(), "the filter works");
}

/// The answers to all cases, the written bytes as a hash.
fn answers(
    cases: &[waits::Case],
    answer: impl Fn(&waits::Stage, waits::Case) -> (Outcome, Vec<u8>),
) -> Vec<(Outcome, u64)> {
    let stage = waits::Stage::new();
    let answer = |&case| {
        let (outcome, bytes) = answer(&stage, case);
        let mut hasher = DefaultHasher::new();
        bytes.hash(&mut hasher);
        (outcome, hasher.finish())
    };
    cases.iter().map(answer).collect()
}

#[test]
fn without_the_system_call_every_answer_is_the_same() {
    if !pwait2_exists() {
        println!("skipped: there is no epoll_pwait2 here, so that same_as_libc compares the same");
        return;
    }
    let cases = waits::cases(&waits::TIMESPECS, &waits::SIGMASKS);
    thread::scope(|scope| {
        let expected = scope.spawn(|| answers(&cases, waits::Stage::oracle));
        let ours = scope.spawn(|| {
            refuse_epoll_pwait2();
            answers(&cases, |stage, case| stage.run(&EPSHIM, case))
        });
        let (expected, ours) = (expected.join().unwrap(), ours.join().unwrap());
        for ((case, expected), ours) in cases.iter().zip(expected).zip(ours) {
            assert_eq!(ours, expected, "{case:?}");
            assert!(ours.0.keeps_the_convention(), "{case:?}: {ours:?}");
        }
    });
}

#[test]
fn without_the_system_call_no_wait_returns_early() {
    thread::spawn(|| {
        refuse_epoll_pwait2();
        let epoll = epshim::Epoll::create(epshim::CreateFlags::CLOEXEC).unwrap();
        let mut events = epshim::EventBuffer::with_capacity(1);
        for nanoseconds in [1, 300_000, 999_999, 1_000_000, 1_000_001, 2_300_000] {
            let timeout = Duration::from_nanos(nanoseconds);
            let start = Instant::now();
            assert_eq!(epoll.wait(&mut events, Some(timeout)).unwrap(), 0);
            assert!(start.elapsed() >= timeout, "{timeout:?} ended after {:?}", start.elapsed());
        }
    })
    .join()
    .unwrap();
}
