"""The emitted module: three pipes, one wait."""

import ctypes
import errno
import os

from epoll_abi import *
from epoll_abi import epoll_create1, epoll_ctl, epoll_event, epoll_wait

DATA = 0xFEDCBA9876543210

epfd = epoll_create1(EPOLL_CLOEXEC)
for i in range(3):
    reader, writer = os.pipe()
    os.write(writer, b"x")
    event = epoll_event(EPOLLIN | EPOLLET, DATA + i)
    assert epoll_ctl(epfd, EPOLL_CTL_ADD, reader, ctypes.byref(event)) == 0
events = (epoll_event * 4)()
assert epoll_wait(epfd, events, 4, 0) == 3
assert sorted(event.data for event in events[:3]) == [DATA, DATA + 1, DATA + 2]
assert all(event.events == EPOLLIN for event in events[:3])
assert epoll_wait(epfd, events, 4, 0) == 0, "edge-triggered: not again"

epoll_ctl(epfd, EPOLL_CTL_MOD, reader, ctypes.byref(epoll_event(EPOLLIN, 2**64 - 1)))
assert epoll_wait(epfd, events, 4, 0) == 1 and events[0].data == 2**64 - 1
epoll_ctl(epfd, EPOLL_CTL_DEL, reader, None)
try:
    epoll_ctl(epfd, EPOLL_CTL_DEL, reader, None)
except OSError as error:
    assert error.errno == errno.ENOENT, error
else:
    raise AssertionError("a registration was deleted twice")
print("round trip: ok")
