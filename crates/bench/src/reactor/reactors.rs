//! The reactors that do the job of `reactor.rs`: Rust's, and C's out of `libepshim.so`.

use super::loops::{End, Subject, ends};
use epshim::{EventFlags, Reactor, Turn};
use libc::{c_int, c_void};
use libloading::{Library, Symbol};
use std::error::Error;
use std::io;
use std::os::fd::AsRawFd;
use std::ptr;

/// The reactor in Rust.
pub struct RustReactor(Reactor<End>);

impl RustReactor {
    pub fn new(pairs: usize) -> io::Result<Self> {
        let mut reactor = Reactor::new()?;
        for end in ends(pairs)? {
            reactor.add(end, EventFlags::IN)?;
        }
        Ok(Self(reactor))
    }
}

impl Subject for RustReactor {
    fn round(&mut self) -> u64 {
        let handler = |reactor: &mut Reactor<End>, turn| {
            let Turn::Ready { key, .. } = turn else { panic!("nothing else was asked for") };
            reactor.get_mut(key).expect("it is never removed").turn();
        };
        self.0.run_once(None, handler).expect("no signals come") as u64
    }
}

/// Any reactor: here the type does not matter.
type Opaque = *mut c_void;
type Callback = unsafe extern "C" fn(Opaque, u64, u32, *mut c_void);
type New = unsafe extern "C" fn(*mut Opaque) -> c_int;
type Add = unsafe extern "C" fn(Opaque, c_int, u32, Callback, *mut c_void, *mut u64) -> c_int;
type RunOnce = unsafe extern "C" fn(Opaque, i64) -> c_int;
type OfReactor = unsafe extern "C" fn(Opaque) -> c_int;

#[derive(Clone, Copy)]
struct Functions {
    new: New,
    add: Add,
    run_once: RunOnce,
    run: OfReactor,
    stop: OfReactor,
    free: OfReactor,
}

impl Functions {
    fn of(library: &'static Library) -> Result<Self, libloading::Error> {
        // SAFETY: libepshim exports them with these signatures (src/proof.rs).
        unsafe {
            let of_reactor = |name: &[u8]| library.get(name).map(|f: Symbol<OfReactor>| *f);
            Ok(Self {
                new: *library.get(b"epshim_reactor_new")?,
                add: *library.get(b"epshim_reactor_add")?,
                run_once: *library.get(b"epshim_reactor_run_once")?,
                run: of_reactor(b"epshim_reactor_run")?,
                stop: of_reactor(b"epshim_reactor_stop")?,
                free: of_reactor(b"epshim_reactor_free")?,
            })
        }
    }
}

/// What the callbacks of one reactor share.
struct Shared {
    /// Turns until the run is stopped.
    left: u64,
    stop: OfReactor,
}

struct Seat {
    end: End,
    shared: *mut Shared,
}

/// The reactor of `libepshim.so`, as a C program uses it.
pub struct CReactor {
    reactor: Opaque,
    functions: Functions,
    /// With `epshim_reactor_run`, or with `epshim_reactor_run_once` for each round.
    with_run: bool,
    /// These were made by `Box::into_raw`.
    shared: *mut Shared,
    seats: Vec<*mut Seat>,
}

impl CReactor {
    pub fn new(
        library: &'static Library,
        pairs: usize,
        with_run: bool,
    ) -> Result<Self, Box<dyn Error>> {
        let functions = Functions::of(library)?;
        let mut reactor = ptr::null_mut();
        // SAFETY: `reactor` is writable.
        assert_eq!(unsafe { (functions.new)(&raw mut reactor) }, 0);
        let shared = Box::into_raw(Box::new(Shared { left: u64::MAX, stop: functions.stop }));
        let mut this = Self { reactor, functions, with_run, shared, seats: Vec::new() };
        for end in ends(pairs)? {
            let fd = end.stream.as_raw_fd();
            let seat = Box::into_raw(Box::new(Seat { end, shared }));
            this.seats.push(seat);
            let (interest, no_handle) = (libc::EPOLLIN as u32, ptr::null_mut());
            // SAFETY: the seat lives until this is dropped, as long as the reactor.
            let added = unsafe {
                (functions.add)(reactor, fd, interest, take_turn, seat.cast(), no_handle)
            };
            assert_eq!(added, 0);
        }
        Ok(this)
    }
}

unsafe extern "C" fn take_turn(reactor: Opaque, _: u64, _: u32, seat: *mut c_void) {
    // SAFETY: registered with a seat that lives, and that nobody else uses meanwhile, nor what the
    // seats share. The reactor calls this.
    unsafe {
        let seat = &mut *seat.cast::<Seat>();
        seat.end.turn();
        let shared = &mut *seat.shared;
        shared.left -= 1;
        if shared.left == 0 {
            (shared.stop)(reactor);
        }
    }
}

impl Subject for CReactor {
    fn round(&mut self) -> u64 {
        // SAFETY: the reactor lives, and its callbacks are sound as said above.
        let called = unsafe { (self.functions.run_once)(self.reactor, -1) };
        assert!(called > 0);
        called as u64
    }

    fn turns(&mut self, at_least: u64) -> u64 {
        if !self.with_run {
            let mut turns = 0;
            while turns < at_least {
                turns += self.round();
            }
            return turns;
        }
        // SAFETY: the reactor lives, and its callbacks are sound as said above.
        unsafe {
            (*self.shared).left = at_least;
            assert_eq!((self.functions.run)(self.reactor), 0);
            assert_eq!((*self.shared).left, 0);
        }
        at_least
    }
}

impl Drop for CReactor {
    fn drop(&mut self) {
        // SAFETY: the reactor is freed once and before the seats, each of which came from a box.
        unsafe {
            (self.functions.free)(self.reactor);
            for &seat in &self.seats {
                drop(Box::from_raw(seat));
            }
            drop(Box::from_raw(self.shared));
        }
    }
}
