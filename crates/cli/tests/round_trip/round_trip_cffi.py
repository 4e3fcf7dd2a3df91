# The emitted declarations in Python's cffi: three pipes, one wait. The lines that load them are put before.
import errno

DATA = 0xFEDCBA9876543210
c = ffi.dlopen(None)


def bits(event):
    return ffi.cast("uint64_t *", ffi.addressof(event.data))[0]


def event(events, bits):
    event = ffi.new("struct epoll_event *")
    event.events = events
    ffi.cast("uint64_t *", ffi.addressof(event.data))[0] = bits
    return event


assert ffi.sizeof("struct epoll_event") == SIZE
assert ffi.offsetof("struct epoll_event", "data") == DATA_OFFSET
epfd = c.epoll_create1(c.EPOLL_CLOEXEC)
assert epfd >= 0
for i in range(3):
    reader, writer = os.pipe()
    os.write(writer, b"x")
    assert c.epoll_ctl(epfd, c.EPOLL_CTL_ADD, reader, event(c.EPOLLIN | c.EPOLLET, DATA + i)) == 0
events = ffi.new("struct epoll_event[4]")
assert c.epoll_wait(epfd, events, 4, 0) == 3
assert sorted(bits(events[i]) for i in range(3)) == [DATA, DATA + 1, DATA + 2]
assert all(events[i].events == c.EPOLLIN for i in range(3))
assert c.epoll_wait(epfd, events, 4, 0) == 0, "edge-triggered: not again"

assert c.epoll_ctl(epfd, c.EPOLL_CTL_MOD, reader, event(c.EPOLLIN, 2**64 - 1)) == 0
assert c.epoll_wait(epfd, events, 4, 0) == 1 and bits(events[0]) == 2**64 - 1
assert c.epoll_ctl(epfd, c.EPOLL_CTL_DEL, reader, ffi.NULL) == 0
assert c.epoll_ctl(epfd, c.EPOLL_CTL_DEL, reader, ffi.NULL) == -1 and ffi.errno == errno.ENOENT
print("round trip: ok")
