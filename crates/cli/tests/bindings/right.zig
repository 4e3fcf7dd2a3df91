//! The standard library's structure: 4 bytes of alignment on x86-64, where C has 1.
const linux = @import("std").os.linux;

pub fn main() void {
    var events: [4]linux.epoll_event = undefined;
    events[0] = .{ .events = 1, .data = .{ .fd = 0 } };
    const epoll: i32 = @intCast(linux.epoll_create1(0));
    _ = linux.epoll_ctl(epoll, 1, 0, &events[0]);
    _ = linux.epoll_wait(epoll, &events, 4, 0);
}
