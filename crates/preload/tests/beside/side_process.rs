//! The side process: what the program sees of it, and what becomes of it.

use crate::questions::fd;
use crate::questions::files::read_file;
use crate::questions::side_process::{Failure, run, run_or_here};
use crate::{alone, descriptors, until, without_descriptors};
use std::ffi::{CString, c_int};
use std::io::Error;
use std::ptr;
use std::sync::atomic::{AtomicI32, AtomicUsize, Ordering::SeqCst};
use std::thread;

fn pid() -> i32 {
    // SAFETY: it cannot fail.
    unsafe { libc::getpid() }
}

#[test]
fn a_side_process_shares_the_memory_and_its_result_comes_back() {
    let _alone = alone();
    let mut words = vec!["here".to_owned()];
    let child = run(|| {
        words.push("there".to_owned());
        (pid(), words.concat())
    });
    let (child, text) = child.unwrap();
    assert_ne!(child, pid());
    assert_eq!(text, "herethere");
    assert_eq!(words.len(), 2);
}

#[test]
fn what_a_side_process_opens_and_closes_is_its_own() {
    let _alone = alone();
    let before = descriptors();
    // SAFETY: a string; the descriptors are the child's.
    let open = || unsafe { libc::open(c"/dev/null".as_ptr(), libc::O_RDONLY) };
    let opened = run(|| [(); 5].map(|()| open()));
    assert_eq!(opened, Ok([3, 4, 5, 6, 7]));
    let closed = run(|| [0, 1, 2].map(fd::close));
    assert_eq!(closed, Ok([(); 3]));
    assert_eq!(descriptors(), before);
}

static HANDLED: AtomicUsize = AtomicUsize::new(0);

extern "C" fn count(_signal: c_int) {
    HANDLED.fetch_add(1, SeqCst);
}

#[test]
fn the_program_is_sent_no_signal_of_a_side_process_and_no_handler_runs_in_it() {
    let _alone = alone();
    let (child, looked) = (AtomicI32::new(0), AtomicI32::new(0));
    // SAFETY: the handler is async-signal-safe, and the old ones are put back.
    let old = unsafe {
        let handler = count as extern "C" fn(c_int) as libc::sighandler_t;
        [libc::SIGCHLD, libc::SIGUSR1].map(|signal| (signal, libc::signal(signal, handler)))
    };
    thread::scope(|scope| {
        scope.spawn(|| {
            until(|| child.load(SeqCst) > 0);
            // SAFETY: plain system calls.
            let (found, error) = unsafe {
                assert_eq!(libc::kill(child.load(SeqCst), libc::SIGUSR1), 0);
                let found = libc::waitpid(-1, ptr::null_mut(), libc::WNOHANG);
                (found, Error::last_os_error().raw_os_error())
            };
            looked.store(1, SeqCst);
            assert_eq!((found, error), (-1, Some(libc::ECHILD)));
        });
        let outcome = run(|| {
            child.store(pid(), SeqCst);
            until(|| looked.load(SeqCst) > 0);
        });
        assert_eq!(outcome, Ok(()));
    });
    // SAFETY: as above.
    unsafe {
        for (signal, handler) in old {
            libc::signal(signal, handler);
        }
        // It was reaped.
        assert_eq!(libc::waitpid(-1, ptr::null_mut(), libc::__WALL | libc::WNOHANG), -1);
    }
    assert_eq!(HANDLED.load(SeqCst), 0);
}

#[test]
fn the_signal_mask_is_as_before() {
    let _alone = alone();
    let blocked = || {
        let status = std::fs::read_to_string("/proc/thread-self/status").unwrap();
        status.lines().find(|line| line.starts_with("SigBlk")).unwrap().to_owned()
    };
    let before = blocked();
    run(|| ()).unwrap();
    assert_eq!(blocked(), before);
}

#[test]
fn a_side_process_that_panics_or_is_killed_costs_its_result_only() {
    let _alone = alone();
    assert_eq!(run(|| panic!("as it should")), Err::<(), _>(Failure::Died));
    // SAFETY: the child kills itself.
    let killed = run(|| unsafe { libc::kill(pid(), libc::SIGKILL) });
    assert_eq!(killed, Err(Failure::Died));
    assert_eq!(run_or_here(|| -> i32 { panic!("as it should") }), None);
    assert_eq!(run(|| 1), Ok(1));
}

#[test]
fn many_threads_have_side_processes_at_once() {
    let _alone = alone();
    let before = descriptors();
    thread::scope(|scope| {
        for thread in 0..8 {
            scope.spawn(move || {
                for round in 0..50 {
                    let text = run(|| format!("{thread} {round}"));
                    assert_eq!(text.unwrap(), format!("{thread} {round}"));
                }
            });
        }
    });
    assert_eq!(descriptors(), before);
}

#[test]
fn a_file_is_read_when_no_descriptor_is_left() {
    let _alone = alone();
    let mut text = b"old".to_vec();
    assert!(without_descriptors(|| read_file(c"/proc/self/stat", &mut text)));
    let text = String::from_utf8(text).unwrap();
    let reader: i32 = text.split(' ').next().unwrap().parse().unwrap();
    assert_ne!(reader, pid(), "it was read here: {text}");
    assert!(!read_file(c"/no/such/file", &mut Vec::new()));
}

#[test]
fn what_the_program_closes_meanwhile_is_closed() {
    let _alone = alone();
    let (mut reader, writer) = std::io::pipe().unwrap();
    let is_closed = AtomicI32::new(0);
    thread::scope(|scope| {
        scope.spawn(|| {
            drop(writer);
            // The end of the file, if no other process holds the other end.
            let mut end = [0; 1];
            assert_eq!(std::io::Read::read(&mut reader, &mut end).unwrap(), 0);
            is_closed.store(1, SeqCst);
        });
        assert_eq!(run(|| until(|| is_closed.load(SeqCst) > 0)), Ok(()));
    });
}

#[test]
fn without_close_range_the_table_is_left_all_the_same() {
    let _alone = alone();
    let before = descriptors();
    let opened = thread::spawn(|| {
        refuse(436);
        // SAFETY: a string; the descriptor is the child's.
        run(|| unsafe { libc::open(c"/dev/null".as_ptr(), libc::O_RDONLY) })
    });
    assert_eq!(opened.join().unwrap(), Ok(3));
    assert_eq!(descriptors(), before);
}

#[test]
fn fdinfo_is_about_the_programs_own_epoll() {
    let _alone = alone();
    // SAFETY: plain system calls on descriptors and memory of this test's own.
    let (epfd, fd) = unsafe {
        let (epfd, fd) = (libc::epoll_create1(0), libc::eventfd(0, 0));
        let mut event = libc::epoll_event { events: libc::EPOLLIN as u32, u64: 0x1234_5678 };
        assert_eq!(libc::epoll_ctl(epfd, libc::EPOLL_CTL_ADD, fd, &mut event), 0);
        (epfd, fd)
    };
    let path = CString::new(format!("/proc/{}/fdinfo/{epfd}", pid())).unwrap();
    let mut text = Vec::new();
    assert!(without_descriptors(|| read_file(&path, &mut text)));
    let text = String::from_utf8(text).unwrap();
    let tfd = text.lines().find(|line| line.starts_with("tfd:")).expect(&text);
    let words: Vec<&str> = tfd.split_whitespace().collect();
    assert_eq!((words[1], words[5]), (fd.to_string().as_str(), "12345678"));
    // SAFETY: this test's own.
    unsafe { (libc::close(epfd), libc::close(fd)) };
}

#[test]
fn where_side_processes_are_refused_the_work_is_done_here() {
    let _alone = alone();
    let refusing = thread::spawn(|| {
        refuse(libc::SYS_clone as u32);
        let mut text = Vec::new();
        let read = read_file(c"/proc/self/stat", &mut text);
        (run(pid), run_or_here(pid), read, text)
    });
    let (refused, done, read, text) = refusing.join().unwrap();
    assert_eq!(refused, Err(Failure::Refused));
    assert_eq!(done, Some(pid()));
    assert!(read && text.starts_with(pid().to_string().as_bytes()));
}

/// Has a system call fail in this thread, and its children, from now on.
fn refuse(number: u32) {
    let op = |code: u32, jt, jf, k| libc::sock_filter { code: code as u16, jt, jf, k };
    let load_number = op(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0, 0);
    let is_it = op(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, 0, 1, number);
    let answer = |answer| op(libc::BPF_RET | libc::BPF_K, 0, 0, answer);
    let refuse = answer(libc::SECCOMP_RET_ERRNO | libc::EPERM as u32);
    let mut filter = [load_number, is_it, refuse, answer(libc::SECCOMP_RET_ALLOW)];
    let program = libc::sock_fprog { len: 4, filter: filter.as_mut_ptr() };
    // SAFETY: the program is a valid one, and is copied.
    unsafe {
        assert_eq!(libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
        let mode = libc::SECCOMP_MODE_FILTER;
        assert_eq!(libc::prctl(libc::PR_SET_SECCOMP, mode, &raw const program), 0);
    }
}
