//! The making of the process, and what it does first: it leaves session, folder, descriptors and name of the
//! program that it stands beside.
//!
//! All signals are blocked before it is made and stay so: what is sent to the program's group, or to it by
//! mistake, ends nothing, but for SIGKILL. This process goes on when the observer has nothing of the
//! program's any more.

use super::asked::Asked;
use super::documents::Documents;
use super::files::{Files, Held};
use super::own::Own;
use super::profiling::{Asking, Profiling};
use super::recording::{Recorder, Recording};
use super::{fate, memory, watch};
use epshim_check::Options;
use epshim_page::mail::Place;
use epshim_page::{FIRST, Page, State};
use rustix::fs::{Mode, OFlags, open};
use rustix::process::{PidfdFlags, chdir, getpid, pidfd_open, setsid};
use rustix::thread::futex;
use std::fs;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd as _, RawFd};
use std::ptr;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// Starts it. The error is the reason.
pub fn start(
    options: &Options,
    held: Held,
    documents: Option<Documents>,
    recording: Option<Recording>,
    profiling: Option<Profiling>,
) -> Result<(String, &'static Page, String), String> {
    let pid = getpid();
    let launched = pidfd_open(pid, PidfdFlags::empty());
    let launched = launched.map_err(|error| format!("pidfd_open: {}", io::Error::from(error)))?;
    let (memory, page) = memory::make().map_err(|error| format!("memfd_create: {error}"))?;
    let pid = pid.as_raw_nonzero().get();
    let started = fate::started(pid).ok_or("/proc is not there")?;
    page.begin(pid);
    page.states.give(FIRST, pid, started, State::Running);
    let files = Files::open(options, held, pid.unsigned_abs());
    let collects = u32::from(documents.is_some()) << Place::Lines as u32;
    let profiles = u32::from(profiling.is_some()) << Place::Profile as u32;
    page.held.store(files.held | collects | profiles, Ordering::Relaxed);
    let number = memory.as_raw_fd();
    let file = documents.as_ref().map(Documents::file);
    let traces_children = options.trace_children;
    let rings = recording.as_ref().map(Recording::number);
    let stall = Some(Duration::from_millis(options.stall.into())).filter(|time| !time.is_zero());
    // A profile without `--check` looks for itself.
    let stall = stall.filter(|_| profiling.is_none() || documents.is_some());
    let asked = Asked::of(options);
    let own = Own {
        page,
        memory,
        launched,
        files,
        documents,
        recording,
        profiling,
        traces_children,
        asked,
        stall,
    };
    let observer = clone(|| observe(own)).map_err(|error| format!("clone: {error}"))?;
    let collect = file.map(|file| format!(":collect=/proc/{observer}/fd/{file}"));
    let mut more = collect.unwrap_or_default();
    if let Some(rings) = rings {
        more.push_str(&format!(":record={observer}.{rings}"));
    }
    page.observer.store(observer, Ordering::Relaxed);
    // Until it has closed its copies of the program's descriptors.
    const PATIENCE: futex::Timespec = futex::Timespec { tv_sec: 1, tv_nsec: 0 };
    let _ = futex::wait(&page.is_ready, futex::Flags::empty(), 0, Some(&PATIENCE));
    Ok((format!("{observer}.{number}"), page, more))
}

/// Makes a child that does this and no more, and is no child to the program's wait(2): its id.
pub fn clone(run: impl FnOnce()) -> io::Result<i32> {
    let mut all = MaybeUninit::<libc::sigset_t>::zeroed();
    let mut old = MaybeUninit::<libc::sigset_t>::zeroed();
    // SAFETY: both sets are valid as zeros, and filled in. The command has one thread, so that the child,
    // which has a copy of its memory, may do all that the command may; and it never leaves this block: a panic
    // ends it before the stack is unwound, and `_exit` runs none of the handlers of this program. Without a stack
    // of its own it goes on on the copy of this one.
    let child = unsafe {
        libc::sigfillset(all.as_mut_ptr());
        libc::sigprocmask(libc::SIG_SETMASK, all.as_ptr(), old.as_mut_ptr());
        let child = libc::syscall(libc::SYS_clone, 0, 0, 0, 0, 0);
        if child == 0 {
            std::panic::set_hook(Box::new(|_| libc::_exit(0)));
            run();
            libc::_exit(0);
        }
        let error = io::Error::last_os_error();
        libc::sigprocmask(libc::SIG_SETMASK, old.as_ptr(), ptr::null_mut());
        if child < 0 { Err(error) } else { Ok(child) }
    }?;
    Ok(child as i32)
}

/// Leaves what is the program's: its session, folder, name, and all descriptors but these.
pub fn leave(kept: Vec<RawFd>) {
    let _ = setsid();
    let _ = chdir("/");
    close_others(kept);
    take_low_numbers();
    let _ = rustix::thread::set_name(c"epshim-observer");
    forget_arguments();
}

fn observe(own: Own) {
    let numbers = [own.memory.as_raw_fd(), own.launched.as_raw_fd()];
    let documents = own.documents.iter().flat_map(Documents::numbers);
    let recording = own.recording.iter().flat_map(Recording::numbers);
    let profiling = own.profiling.iter().flat_map(Profiling::numbers);
    let kept = own.files.numbers().chain(numbers).chain(documents);
    leave(kept.chain(recording).chain(profiling).collect());
    announce_death(own.page);
    own.page.is_ready.store(1, Ordering::Release);
    let _ = futex::wake(&own.page.is_ready, futex::Flags::empty(), 1);
    let mut recorder = own.recording.as_ref().and_then(Recording::start);
    match &own.profiling {
        Some(profiling) => profile(&own, profiling, &mut recorder),
        None => {
            watch::run(&own, || ());
            if let Some(complaint) = recorder.and_then(|recorder| recorder.end().complaint()) {
                let pid = own.page.launched.load(Ordering::Relaxed);
                own.files.put(&format!("=={pid}== epshim: {complaint}\n"), "");
            }
        }
    }
    // The memory and the descriptors end with the process.
    std::mem::forget(own);
}

/// Watches, and makes the profile: when the program is about to end by itself, or has been ended.
fn profile(own: &Own, profiling: &Profiling, recorder: &mut Option<Recorder>) {
    let mut asking = profiling.ask(own.page);
    let serving = profiling.serve();
    let lines = || own.documents.as_ref().map(Documents::lines).unwrap_or_default();
    watch::run(own, || {
        asking.take().into_iter().for_each(Asking::end);
        profiling.finish(recorder.take(), None, &lines());
    });
    drop(serving);
    asking.take().into_iter().for_each(Asking::end);
    if own.page.is_given_up.load(Ordering::Relaxed) != 0 {
        return;
    }
    let pid = own.page.launched.load(Ordering::Relaxed);
    let how = fate::of(pid, own.page.states.started(FIRST), Some(&own.launched));
    profiling.finish(recorder.take(), Some(how), &lines());
}

/// Closes every descriptor but these.
fn close_others(mut kept: Vec<RawFd>) {
    kept.sort_unstable();
    let mut first = 0;
    for number in kept.iter().map(|number| number.unsigned_abs()).chain([u32::MAX]) {
        if first < number {
            // SAFETY: the child uses none of these numbers: what it has is kept.
            let done = unsafe { libc::syscall(libc::SYS_close_range, first, number - 1, 0) };
            if done == -1 {
                return close_others_one_by_one(&kept);
            }
        }
        first = number.saturating_add(1);
    }
}

/// The same before Linux 5.9.
fn close_others_one_by_one(kept: &[RawFd]) {
    let names = fs::read_dir("/proc/self/fd").into_iter().flatten().flatten();
    let numbers = names.filter_map(|name| name.file_name().to_str()?.parse::<RawFd>().ok());
    for number in numbers.collect::<Vec<_>>() {
        if !kept.contains(&number) {
            // SAFETY: as above; the folder's own descriptor is closed by now, which is an error.
            unsafe { libc::close(number) };
        }
    }
}

/// 0, 1 and 2 are nothing, so that nothing that is opened gets these numbers.
fn take_low_numbers() {
    while let Ok(null) = open("/dev/null", OFlags::RDWR | OFlags::CLOEXEC, Mode::empty()) {
        if null.as_raw_fd() > 2 {
            return;
        }
        std::mem::forget(null);
    }
}

/// A search for the program's command line (`pgrep -f`) is not to find this process.
fn forget_arguments() {
    let stat = fate::stat(getpid().as_raw_nonzero().get());
    let Some((start, end)) = stat.and_then(|stat| stat.arguments) else { return };
    let (start, end) = (start as usize, end as usize);
    let name = b"epshim-observer";
    if start == 0 || end.saturating_sub(start) <= name.len() {
        return;
    }
    let arguments: *mut u8 = ptr::with_exposed_provenance_mut(start);
    // SAFETY: the kernel put the arguments there, in memory that is the child's own; the command has read
    // them, and nothing has a reference to them: std gives out copies.
    unsafe {
        ptr::write_bytes(arguments, 0, end - start);
        ptr::copy_nonoverlapping(name.as_ptr(), arguments, name.len());
    }
}

/// The head of the list of the futexes that a thread holds, and an entry of it: linux/futex.h.
#[repr(C)]
struct Robust {
    next: *const Robust,
    offset: libc::c_long,
    pending: *const Robust,
}

/// The kernel marks the observer's life in the page when it has died, by SIGKILL too: the watched
/// processes then stop waiting for its answer (get_robust_list(2)).
fn announce_death(page: &'static Page) {
    let none = ptr::null();
    let head = Box::leak(Box::new(Robust { next: none, offset: 0, pending: none }));
    let entry = Box::leak(Box::new(Robust { next: head, offset: 0, pending: none }));
    let life = page.life.as_ptr().addr();
    head.next = entry;
    head.offset = life.wrapping_sub((&raw const *entry).addr()) as libc::c_long;
    page.life
        .store(rustix::thread::gettid().as_raw_nonzero().get().unsigned_abs(), Ordering::Release);
    // SAFETY: head and entry live as long as the process. The list is circular, as the kernel expects it, and
    // the futex of its one entry lies in the page, which is never unmapped.
    unsafe { libc::syscall(libc::SYS_set_robust_list, &raw const *head, size_of::<Robust>()) };
}
