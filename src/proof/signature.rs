//! Signatures of the C ABI, once, with the event, signal set, time and reactor types left open: each
//! witness and each of our functions must be an instance.

use core::ffi::{c_char, c_int, c_void};

pub type Create1 = unsafe extern "C" fn(c_int) -> c_int;
pub type Ctl<Event> = unsafe extern "C" fn(c_int, c_int, c_int, *mut Event) -> c_int;
pub type Wait<Event> = unsafe extern "C" fn(c_int, *mut Event, c_int, c_int) -> c_int;
pub type Pwait<Event, Set> =
    unsafe extern "C" fn(c_int, *mut Event, c_int, c_int, *const Set) -> c_int;
pub type Pwait2<Event, Time, Set> =
    unsafe extern "C" fn(c_int, *mut Event, c_int, *const Time, *const Set) -> c_int;
pub type Close = unsafe extern "C" fn(c_int) -> c_int;

pub type Register = unsafe extern "C" fn(c_int, c_int, u32, u64) -> c_int;
pub type Delete = unsafe extern "C" fn(c_int, c_int) -> c_int;
pub type WaitSplit = unsafe extern "C" fn(c_int, *mut u32, *mut u64, c_int, i64) -> c_int;
pub type Describe<Layout> = unsafe extern "C" fn(*mut Layout) -> c_int;
pub type Version = unsafe extern "C" fn() -> *const c_char;

pub type Callback<Reactor> = unsafe extern "C" fn(*mut Reactor, u64, u32, *mut c_void);
pub type New<Reactor> = unsafe extern "C" fn(*mut *mut Reactor) -> c_int;
pub type OfReactor<Reactor> = unsafe extern "C" fn(*mut Reactor) -> c_int;
pub type Add<Reactor> = unsafe extern "C" fn(
    *mut Reactor,
    c_int,
    u32,
    Option<Callback<Reactor>>,
    *mut c_void,
    *mut u64,
) -> c_int;
pub type OfHandle<Reactor> = unsafe extern "C" fn(*mut Reactor, u64) -> c_int;
pub type WithEvents<Reactor> = unsafe extern "C" fn(*mut Reactor, u64, u32) -> c_int;
pub type Timer<Reactor> = unsafe extern "C" fn(*mut Reactor, u64, i64) -> c_int;
pub type SetCallback<Reactor> =
    unsafe extern "C" fn(*mut Reactor, Option<Callback<Reactor>>, *mut c_void) -> c_int;
pub type WithTime<Reactor> = unsafe extern "C" fn(*mut Reactor, i64) -> c_int;

/// The functions of the reactor, in one of the places that have them.
macro_rules! assert_reactor_signatures {
    ($place:path, $reactor:ty) => {
        const _: () = {
            use $place as place;
            const _: New<$reactor> = place::epshim_reactor_new;
            const _: OfReactor<$reactor> = place::epshim_reactor_free;
            const _: Add<$reactor> = place::epshim_reactor_add;
            const _: WithEvents<$reactor> = place::epshim_reactor_modify;
            const _: OfHandle<$reactor> = place::epshim_reactor_remove;
            const _: WithEvents<$reactor> = place::epshim_reactor_again;
            const _: Timer<$reactor> = place::epshim_reactor_timer;
            const _: SetCallback<$reactor> = place::epshim_reactor_on_wake;
            const _: SetCallback<$reactor> = place::epshim_reactor_on_round_end;
            const _: OfReactor<$reactor> = place::epshim_reactor_wake;
            const _: OfReactor<$reactor> = place::epshim_reactor_stop;
            const _: OfReactor<$reactor> = place::epshim_reactor_run;
            const _: WithTime<$reactor> = place::epshim_reactor_run_once;
            const _: WithTime<$reactor> = place::epshim_reactor_spin;
        };
    };
}
pub(super) use assert_reactor_signatures;
