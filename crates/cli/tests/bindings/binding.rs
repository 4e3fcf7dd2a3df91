//! A binding written by hand, packed on x86-64 alone if `right` is set.

#[repr(C)]
#[cfg_attr(right, repr(packed))]
#[derive(Clone, Copy)]
#[allow(non_camel_case_types)]
pub struct epoll_event {
    pub events: u32,
    pub data: u64,
}

unsafe extern "C" {
    fn epoll_create1(flags: i32) -> i32;
    fn epoll_ctl(epoll: i32, op: i32, fd: i32, event: *mut epoll_event) -> i32;
}

fn main() {
    let mut event = epoll_event { events: 1, data: 7 };
    // SAFETY: an event of this function's.
    let done = unsafe { epoll_ctl(epoll_create1(0), 1, 0, &raw mut event) };
    let Vec { .. } = vec![event; 2];
    println!("{done}");
}
