//! The last witness of the layout: the C compiler, asked through `c_tests/layout_probe.c`.
//!
//! The others, the `libc` crate, the golden table and bindgen, have spoken in `src/proof.rs` when this compiles.
#![cfg(feature = "verify")]

use epshim::layout::{CREATE_FLAGS, CTL_OPS, EVENT_FLAGS, KERNEL_EVENT_FLAGS};
use epshim::{Event, EventData, EventFlags};
use std::collections::BTreeMap;
use std::ffi::{CStr, c_char, c_void};
use std::mem::{MaybeUninit, align_of, offset_of, size_of};

#[repr(C)]
struct Probe {
    name: *const c_char,
    value: i64,
}

unsafe extern "C" {
    static layout_probes: [Probe; 0];
    static layout_probe_count: usize;
    fn layout_probe_fill(event: *mut c_void, events: u32, data: u64);
}

/// What the C compiler says, by name.
fn c_compiler() -> BTreeMap<&'static str, i64> {
    // SAFETY: the C side defines a constant array of that many probes, whose names are strings.
    let probes = unsafe {
        let first = (&raw const layout_probes).cast::<Probe>();
        std::slice::from_raw_parts(first, layout_probe_count)
    };
    // SAFETY: as above.
    probes.iter().map(|p| (unsafe { CStr::from_ptr(p.name) }.to_str().unwrap(), p.value)).collect()
}

/// What the Rust side says, by the same names.
fn ours() -> BTreeMap<&'static str, i64> {
    let sizes = [
        ("sizeof(struct epoll_event)", size_of::<Event>()),
        ("_Alignof(struct epoll_event)", align_of::<Event>()),
        ("offsetof(struct epoll_event, events)", offset_of!(Event, events)),
        ("offsetof(struct epoll_event, data)", offset_of!(Event, data)),
        ("sizeof(epoll_data_t)", size_of::<EventData>()),
        ("_Alignof(epoll_data_t)", align_of::<EventData>()),
        ("offsetof(epoll_data_t, ptr)", 0),
        ("offsetof(epoll_data_t, fd)", 0),
        ("offsetof(epoll_data_t, u32)", 0),
        ("offsetof(epoll_data_t, u64)", 0),
    ];
    let sizes = sizes.iter().map(|&(name, bytes)| (name, bytes as i64));
    let flags = EVENT_FLAGS.iter().map(|&(name, value)| (name, i64::from(value)));
    let ints = CTL_OPS.iter().chain(CREATE_FLAGS).map(|&(name, value)| (name, i64::from(value)));
    sizes.chain(flags).chain(ints).collect()
}

#[test]
fn the_c_compiler_agrees_on_every_number() {
    let mut theirs = c_compiler();
    // Constants that only some C libraries name are checked where they are named.
    for &(name, value) in KERNEL_EVENT_FLAGS {
        if let Some(theirs) = theirs.remove(name) {
            assert_eq!(theirs, i64::from(value), "{name}");
        }
    }
    assert_eq!(ours(), theirs);
}

#[test]
fn every_epoll_constant_of_the_header_is_ours_too() {
    let generated = include_str!(concat!(env!("OUT_DIR"), "/epoll.rs"));
    let theirs: Vec<_> = generated
        .split("pub const ")
        .filter_map(|item| Some(item.split(':').next()?.trim()))
        .filter(|name| name.starts_with("EPOLL") && *name != "EPOLL_NONBLOCK")
        .collect();
    assert!(theirs.len() >= 19, "bindgen found only {theirs:?}");
    let ours = ours();
    for name in theirs {
        let known = ours.contains_key(name) || KERNEL_EVENT_FLAGS.iter().any(|&(n, _)| n == name);
        assert!(known, "<sys/epoll.h> has {name}, src/layout.rs does not");
    }
}

#[test]
fn an_event_written_in_c_reads_the_same_in_rust() {
    let mut event = MaybeUninit::<Event>::uninit();
    // SAFETY: the C side writes one struct epoll_event, whose size the test above has checked.
    let event = unsafe {
        layout_probe_fill(event.as_mut_ptr().cast(), 0x8000_0005, 0x0123_4567_89ab_cdef);
        event.assume_init()
    };
    assert_eq!(event.flags(), EventFlags::ET | EventFlags::IN | EventFlags::OUT);
    assert_eq!(event.data().u64(), 0x0123_4567_89ab_cdef);
}

#[test]
fn data_constructors_initialise_all_64_bits() {
    assert_eq!(EventData::from_fd(-1).fd(), -1);
    let other_half = if cfg!(target_endian = "little") { 0xffff_ffff } else { 0xffff_ffff << 32 };
    assert_eq!(EventData::from_fd(-1).u64(), other_half);
    let value = 5_u8;
    let ptr = (&raw const value).cast_mut().cast();
    assert_eq!(EventData::from_ptr(ptr).ptr(), ptr);
    // SAFETY: the pointer came back with its provenance, and `value` lives.
    assert_eq!(unsafe { *EventData::from_ptr(ptr).ptr().cast::<u8>() }, 5);
}
