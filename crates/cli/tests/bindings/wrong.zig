//! A structure written by hand, as C would have it without its attribute.
const epoll_event = extern struct { events: u32, data: u64 };

extern fn epoll_create1(flags: c_int) c_int;
extern fn epoll_ctl(epoll: c_int, op: c_int, fd: c_int, event: *epoll_event) c_int;

pub fn main() void {
    var event: epoll_event = .{ .events = 1, .data = 0 };
    _ = epoll_ctl(epoll_create1(0), 1, 0, &event);
}
