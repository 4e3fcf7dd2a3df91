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

/// What a callback is registered with.
struct UserData {
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
    user_data: Vec<*mut UserData>,
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
        let mut this = Self { reactor, functions, with_run, shared, user_data: Vec::new() };
        for end in ends(pairs)? {
            let fd = end.stream.as_raw_fd();
            let data = Box::into_raw(Box::new(UserData { end, shared }));
            this.user_data.push(data);
            let (interest, no_handle) = (libc::EPOLLIN as u32, ptr::null_mut());
            // SAFETY: the user data lives until this is dropped, as long as the reactor.
            let added = unsafe {
                (functions.add)(reactor, fd, interest, take_turn, data.cast(), no_handle)
            };
            assert_eq!(added, 0);
        }
        Ok(this)
    }
}

unsafe extern "C" fn take_turn(reactor: Opaque, _: u64, _: u32, data: *mut c_void) {
    // SAFETY: registered with user data that lives, and that nothing else uses meanwhile, nor what
    // all of it shares: the reactor calls this, on the one thread that there is.
    unsafe {
        let data = &mut *data.cast::<UserData>();
        data.end.turn();
        let shared = &mut *data.shared;
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
        // SAFETY: the reactor is freed once and before the user data, each of which came from a box.
        unsafe {
            (self.functions.free)(self.reactor);
            for &data in &self.user_data {
                drop(Box::from_raw(data));
            }
            drop(Box::from_raw(self.shared));
        }
    }
}
