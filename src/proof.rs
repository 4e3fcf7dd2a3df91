//! The proof: our layout, constants and signatures against four witnesses, at compile time.
//!
//! The witnesses are the `libc` crate (always), the target's row of our own golden table
//! (`docs/layouts.toml`, where it has one), and bindgen's reading of the target's `<sys/epoll.h>`
//! (feature `verify`, where it can be read). The fourth, the C compiler, speaks through the probe in
//! `c_tests/layout_probe.c`, which `tests/layout.rs` compares at run time.
//!
//! If this module compiles, the proof holds; [`WITNESSES`] only repeats the numbers for display.

#[allow(dead_code, reason = "Rust 1.85 does not count the uses in `const _`")]
mod signature;

use crate::layout::{Event, EventData, Layout, layout_of};
use core::mem::offset_of;
use static_assertions::{assert_impl_all, const_assert_eq};

/// Fails to compile unless a type of yours has exactly the layout of `struct epoll_event`.
///
/// Checked: size, alignment, the offset and size of the events field and of the data field.
/// The data field may be any 64-bit type: a `u64`, a union of your own, [`EventData`].
///
/// ```
/// #[cfg_attr(target_arch = "x86_64", repr(C, packed))]
/// #[cfg_attr(not(target_arch = "x86_64"), repr(C))]
/// struct MyEvent {
///     events: u32,
///     data: u64,
/// }
///
/// # #[cfg(any(target_arch = "x86_64", target_pointer_width = "64"))]
/// epshim::assert_event_layout!(MyEvent { events, data });
/// ```
///
/// The layout that a reader of the man page writes down is refused where it is wrong:
///
#[cfg_attr(target_arch = "x86_64", doc = "```compile_fail,E0080")]
#[cfg_attr(not(target_arch = "x86_64"), doc = "```ignore")]
/// #[repr(C)]
/// struct MyEvent {
///     events: u32,
///     data: u64,
/// }
///
/// epshim::assert_event_layout!(MyEvent { events, data });
/// ```
#[macro_export]
macro_rules! assert_event_layout {
    ($event:ty { $events:ident, $data:ident $(,)? }) => {
        const _: () = {
            use ::core::mem::{align_of, offset_of, size_of};
            const fn field_size<S, F>(_: fn(&S) -> *const F) -> usize {
                size_of::<F>()
            }
            const EVENTS_SIZE: usize = field_size(|event: &$event| &raw const event.$events);
            const DATA_SIZE: usize = field_size(|event: &$event| &raw const event.$data);
            type Ours = $crate::Event;
            assert!(
                size_of::<$event>() == size_of::<Ours>(),
                concat!(
                    "size of ",
                    stringify!($event),
                    " is not that of struct epoll_event on this target"
                )
            );
            assert!(
                align_of::<$event>() == align_of::<Ours>(),
                concat!(
                    "alignment of ",
                    stringify!($event),
                    " is not that of struct epoll_event on this target"
                )
            );
            assert!(
                offset_of!($event, $events) == offset_of!(Ours, events),
                concat!(
                    stringify!($event),
                    "::",
                    stringify!($events),
                    " is not where struct epoll_event has its events"
                )
            );
            assert!(
                offset_of!($event, $data) == offset_of!(Ours, data),
                concat!(
                    stringify!($event),
                    "::",
                    stringify!($data),
                    " is not where struct epoll_event has its data"
                )
            );
            assert!(
                EVENTS_SIZE == 4,
                concat!(stringify!($event), "::", stringify!($events), " is not 32 bits wide")
            );
            assert!(
                DATA_SIZE == 8,
                concat!(stringify!($event), "::", stringify!($data), " is not 64 bits wide")
            );
        };
    };
}

/// What each witness said when this crate was compiled. All are equal, or it would not have been.
pub const WITNESSES: &[(&str, Layout)] = &[
    ("epshim", Layout::OURS),
    ("libc crate", libc_crate::LAYOUT),
    #[cfg(in_golden_table)]
    ("docs/layouts.toml", golden_table::LAYOUT),
    #[cfg(all(feature = "verify", not(header_not_read)))]
    ("<sys/epoll.h>, by bindgen", header::LAYOUT),
];

// The kernel copies events byte by byte; a value must be free to move and to be copied.
assert_impl_all!(Event: Copy, Send, Sync);
assert_impl_all!(EventData: Copy, Send, Sync);

/// Our exported functions: the first six have the signatures of libc's.
mod ours {
    use super::signature::*;
    use crate::ffi;
    use crate::layout::{Event, Layout};
    use crate::sys::Timespec;
    use libc::sigset_t;

    const _: Create1 = ffi::epshim_create1;
    const _: Ctl<Event> = ffi::epshim_ctl;
    const _: Wait<Event> = ffi::epshim_wait;
    const _: Pwait<Event, sigset_t> = ffi::epshim_pwait;
    const _: Pwait2<Event, Timespec, sigset_t> = ffi::epshim_pwait2;
    const _: Close = ffi::epshim_close;
    const _: Register = ffi::epshim_add;
    const _: Register = ffi::epshim_modify;
    const _: Delete = ffi::epshim_delete;
    const _: WaitSplit = ffi::epshim_wait_split;
    const _: Describe<Layout> = ffi::epshim_layout;
    const _: Version = ffi::epshim_version;
    assert_reactor_signatures!(crate::ffi, ffi::reactor::CReactor);
}

macro_rules! assert_same_constants {
    ($witness:path as $type:ty: $($name:ident),* $(,)?) => {
        $(const_assert_eq!(crate::layout::$name, { use $witness as witness; witness::$name as $type });)*
    };
}

/// Witness one: the `libc` crate, as everybody else uses it.
mod libc_crate {
    use super::signature::*;
    use super::*;
    use libc::{epoll_event, sigset_t};

    pub const LAYOUT: Layout = layout_of!(epoll_event { events, u64: u64 });

    const_assert_eq!(size_of::<Event>(), size_of::<epoll_event>());
    // libc cannot express m68k's 2-byte alignment; there the golden table and the C probe decide.
    #[cfg(not(target_arch = "m68k"))]
    const_assert_eq!(align_of::<Event>(), align_of::<epoll_event>());
    const_assert_eq!(offset_of!(Event, events), offset_of!(epoll_event, events));
    const_assert_eq!(offset_of!(Event, data), offset_of!(epoll_event, u64));
    const_assert_eq!(size_of::<EventData>(), size_of::<u64>());
    #[cfg(not(target_arch = "m68k"))]
    const_assert_eq!(align_of::<EventData>(), align_of::<u64>());

    assert_same_constants!(libc as u32: EPOLLIN, EPOLLPRI, EPOLLOUT, EPOLLERR, EPOLLHUP, EPOLLRDNORM,
        EPOLLRDBAND, EPOLLWRNORM, EPOLLWRBAND, EPOLLMSG, EPOLLRDHUP, EPOLLEXCLUSIVE, EPOLLWAKEUP,
        EPOLLONESHOT, EPOLLET);
    assert_same_constants!(libc as i32: EPOLL_CTL_ADD, EPOLL_CTL_DEL, EPOLL_CTL_MOD, EPOLL_CLOEXEC);

    const _: Create1 = libc::epoll_create1;
    const _: Ctl<epoll_event> = libc::epoll_ctl;
    const _: Wait<epoll_event> = libc::epoll_wait;
    const _: Pwait<epoll_event, sigset_t> = libc::epoll_pwait;
    #[cfg(target_env = "gnu")]
    const _: Pwait2<epoll_event, libc::timespec, sigset_t> = libc::epoll_pwait2;
    const _: Close = libc::close;
}

/// Witness two: the row of `docs/layouts.toml`, measured with the target's C compiler.
#[cfg(in_golden_table)]
mod golden_table {
    use super::*;

    #[allow(missing_docs, dead_code, reason = "generated; C libraries have further constants")]
    mod row {
        use crate::layout::Layout;
        include!(concat!(env!("OUT_DIR"), "/golden.rs"));
    }
    pub const LAYOUT: Layout = row::LAYOUT;

    macro_rules! assert_same_fields {
        ($($field:ident),*) => {
            $(const _: () = assert!(
                Layout::OURS.$field == LAYOUT.$field,
                concat!("`", stringify!($field), "` of Event is not what docs/layouts.toml says")
            );)*
        };
    }
    assert_same_fields!(size, align, events_offset, data_offset, data_size, data_align, packed);

    assert_same_constants!(row as u32: EPOLLIN, EPOLLPRI, EPOLLOUT, EPOLLERR, EPOLLHUP, EPOLLRDNORM,
        EPOLLRDBAND, EPOLLWRNORM, EPOLLWRBAND, EPOLLMSG, EPOLLRDHUP, EPOLLEXCLUSIVE, EPOLLWAKEUP,
        EPOLLONESHOT, EPOLLET, EPOLLNVAL, EPOLL_URING_WAKE);
    assert_same_constants!(row as i32: EPOLL_CTL_ADD, EPOLL_CTL_DEL, EPOLL_CTL_MOD, EPOLL_CLOEXEC);
}

/// Witness three: bindgen over `<sys/epoll.h>` of the target being built.
#[cfg(all(feature = "verify", not(header_not_read)))]
#[allow(dead_code, reason = "as for the signatures")]
mod header {
    use super::signature::*;
    use super::*;

    #[allow(
        dead_code,
        missing_docs,
        unknown_lints,
        unsafe_code,
        non_camel_case_types,
        non_snake_case,
        non_upper_case_globals,
        clippy::all,
        reason = "generated"
    )]
    mod bindings {
        include!(concat!(env!("OUT_DIR"), "/epoll.rs"));
    }
    use bindings::{epoll_data_t, epoll_event};

    pub const LAYOUT: Layout = layout_of!(epoll_event { events, data: epoll_data_t });

    const_assert_eq!(size_of::<Event>(), size_of::<epoll_event>());
    const_assert_eq!(align_of::<Event>(), align_of::<epoll_event>());
    const_assert_eq!(offset_of!(Event, events), offset_of!(epoll_event, events));
    const_assert_eq!(offset_of!(Event, data), offset_of!(epoll_event, data));
    const_assert_eq!(size_of::<EventData>(), size_of::<epoll_data_t>());
    const_assert_eq!(align_of::<EventData>(), align_of::<epoll_data_t>());

    assert_same_constants!(bindings as u32: EPOLLIN, EPOLLPRI, EPOLLOUT, EPOLLERR, EPOLLHUP, EPOLLRDNORM,
        EPOLLRDBAND, EPOLLWRNORM, EPOLLWRBAND, EPOLLMSG, EPOLLRDHUP, EPOLLEXCLUSIVE, EPOLLWAKEUP,
        EPOLLONESHOT, EPOLLET);
    assert_same_constants!(bindings as i32: EPOLL_CTL_ADD, EPOLL_CTL_DEL, EPOLL_CTL_MOD, EPOLL_CLOEXEC);

    type Set = bindings::epshim_sigset;
    type Time = bindings::timespec;
    const_assert_eq!(size_of::<Set>(), size_of::<libc::sigset_t>());
    const_assert_eq!(align_of::<Set>(), align_of::<libc::sigset_t>());
    const_assert_eq!(size_of::<Time>(), size_of::<crate::sys::Timespec>());
    const_assert_eq!(align_of::<Time>(), align_of::<crate::sys::Timespec>());

    const _: Create1 = bindings::epoll_create1;
    const _: Ctl<epoll_event> = bindings::epoll_ctl;
    const _: Wait<epoll_event> = bindings::epoll_wait;
    const _: Pwait<epoll_event, Set> = bindings::epoll_pwait;
    #[cfg(epoll_pwait2_declared)]
    const _: Pwait2<epoll_event, Time, Set> = bindings::epoll_pwait2;
    const _: Close = bindings::close;

    // Our own header, which is written by hand too.
    macro_rules! assert_same_offsets {
        ($($field:ident),*) => {
            $(const_assert_eq!(
                offset_of!(Layout, $field),
                offset_of!(bindings::epshim_layout, $field)
            );)*
        };
    }
    assert_same_offsets!(size, align, events_offset, data_offset, data_size, data_align, packed);
    const_assert_eq!(size_of::<Layout>(), size_of::<bindings::epshim_layout>());
    const _: Create1 = bindings::epshim_create1;
    const _: Ctl<epoll_event> = bindings::epshim_ctl;
    const _: Wait<epoll_event> = bindings::epshim_wait;
    const _: Pwait<epoll_event, Set> = bindings::epshim_pwait;
    const _: Pwait2<epoll_event, Time, Set> = bindings::epshim_pwait2;
    const _: Close = bindings::epshim_close;
    const _: Register = bindings::epshim_add;
    const _: Register = bindings::epshim_modify;
    const _: Delete = bindings::epshim_delete;
    const _: WaitSplit = bindings::epshim_wait_split;
    const _: Describe<bindings::epshim_layout> = bindings::epshim_layout;
    const _: Version = bindings::epshim_version;
    assert_reactor_signatures!(bindings, bindings::epshim_reactor);
}
