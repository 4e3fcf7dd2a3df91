//! The emitted file: three pipes, one wait.

const e = @import("epoll_abi.zig");

const data: u64 = 0xfedcba9876543210;

extern "c" fn pipe(ends: *[2]c_int) c_int;
extern "c" fn write(fd: c_int, bytes: [*]const u8, count: usize) isize;
extern "c" fn puts(text: [*:0]const u8) c_int;

fn check(condition: bool) void {
    if (!condition) @panic("the round trip fails");
}

pub export fn main() c_int {
    const epfd = e.epoll_create1(e.EPOLL_CLOEXEC);
    check(epfd >= 0);
    var ends: [2]c_int = undefined;
    for (0..3) |i| {
        check(pipe(&ends) == 0);
        check(write(ends[1], "x", 1) == 1);
        var event: e.EpollEvent = .{ .events = e.EPOLLIN | e.EPOLLET, .data = data + i };
        check(e.epoll_ctl(epfd, e.EPOLL_CTL_ADD, ends[0], &event) == 0);
    }
    var events: [4]e.EpollEvent = undefined;
    check(e.epoll_wait(epfd, &events, 4, 0) == 3);
    var seen: u64 = 0;
    for (events[0..3]) |event| {
        check(event.events == e.EPOLLIN);
        check(event.data -% data < 3);
        seen |= @as(u64, 1) << @intCast(event.data - data);
    }
    check(seen == 7);
    check(e.epoll_wait(epfd, &events, 4, 0) == 0); // edge-triggered: not again

    var event: e.EpollEvent = .{ .events = e.EPOLLIN, .data = ~@as(u64, 0) };
    check(e.epoll_ctl(epfd, e.EPOLL_CTL_MOD, ends[0], &event) == 0);
    check(e.epoll_wait(epfd, &events, 4, 0) == 1);
    check(events[0].data == ~@as(u64, 0));
    check(e.epoll_ctl(epfd, e.EPOLL_CTL_DEL, ends[0], null) == 0);
    check(e.epoll_ctl(epfd, e.EPOLL_CTL_DEL, ends[0], null) == -1);
    _ = puts("round trip: ok");
    return 0;
}
