/// The emitted module: three pipes, one wait.
import core.stdc.errno : ENOENT, errno;
import core.sys.posix.unistd : pipe, write;
import epoll_abi;
import std.algorithm : map, sort;
import std.array : array;
import std.stdio : writeln;

void main()
{
    const ulong data = 0xfedcba9876543210;
    const epfd = epoll_create1(EPOLL_CLOEXEC);
    assert(epfd >= 0);
    int[2] ends;
    foreach (i; 0 .. 3)
    {
        assert(pipe(ends) == 0 && write(ends[1], "x".ptr, 1) == 1);
        auto event = EpollEvent(EPOLLIN | EPOLLET, data + i);
        assert(epoll_ctl(epfd, EPOLL_CTL_ADD, ends[0], &event) == 0);
    }
    EpollEvent[4] events;
    assert(epoll_wait(epfd, events.ptr, 4, 0) == 3);
    assert(events[0 .. 3].map!(event => event.data).array.sort.array == [data, data + 1, data + 2]);
    foreach (event; events[0 .. 3])
        assert(event.events == EPOLLIN);
    assert(epoll_wait(epfd, events.ptr, 4, 0) == 0, "edge-triggered: not again");

    auto changed = EpollEvent(EPOLLIN, ulong.max);
    assert(epoll_ctl(epfd, EPOLL_CTL_MOD, ends[0], &changed) == 0);
    assert(epoll_wait(epfd, events.ptr, 4, 0) == 1 && events[0].data == ulong.max);
    assert(epoll_ctl(epfd, EPOLL_CTL_DEL, ends[0], null) == 0);
    assert(epoll_ctl(epfd, EPOLL_CTL_DEL, ends[0], null) == -1 && errno == ENOENT);
    writeln("round trip: ok");
}
