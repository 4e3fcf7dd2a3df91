"""libepshim from Python: ctypes, and no structure of epoll's at all.

Run by tests/other_languages.rs with the path of libepshim.so.
"""

import ctypes
import errno
import os
import select
import sys

lib = ctypes.CDLL(sys.argv[1], use_errno=True)
lib.epshim_version.restype = ctypes.c_char_p
lib.epshim_add.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_uint32, ctypes.c_uint64]
lib.epshim_modify.argtypes = lib.epshim_add.argtypes
lib.epshim_wait_split.argtypes = [
    ctypes.c_int,
    ctypes.POINTER(ctypes.c_uint32),
    ctypes.POINTER(ctypes.c_uint64),
    ctypes.c_int,
    ctypes.c_int64,
]

DATA = 0xFEDCBA9876543210
ROOM = 8

assert lib.epshim_version().decode() == sys.argv[2], lib.epshim_version()

epfd = lib.epshim_create1(select.EPOLL_CLOEXEC)
assert epfd >= 0
pipes = [os.pipe() for _ in range(3)]
for i, (reader, writer) in enumerate(pipes):
    os.write(writer, b"x")
    assert lib.epshim_add(epfd, reader, select.EPOLLIN | select.EPOLLET, DATA + i) == 0

events, data = (ctypes.c_uint32 * ROOM)(), (ctypes.c_uint64 * ROOM)()
assert lib.epshim_wait_split(epfd, events, data, ROOM, 0) == 3
assert list(events) == [select.EPOLLIN] * 3 + [0] * 5, list(events)
assert sorted(data[:3]) == [DATA, DATA + 1, DATA + 2], [hex(bits) for bits in data]
assert data[3:] == [0] * 5, "beyond the third nothing is written"
assert lib.epshim_wait_split(epfd, events, data, ROOM, 1_000_000) == 0, "edge-triggered: not again"

# Modified: delivered again, with other data. Deleted: not.
first, last = pipes[0][0], pipes[2][0]
assert lib.epshim_modify(epfd, first, select.EPOLLIN, 2**64 - 1) == 0
assert lib.epshim_wait_split(epfd, events, data, ROOM, -1) == 1 and data[0] == 2**64 - 1
assert lib.epshim_delete(epfd, first) == 0
assert lib.epshim_wait_split(epfd, events, data, ROOM, 0) == 0

# Failures are -1 and errno.
assert lib.epshim_add(epfd, last, select.EPOLLIN, 0) == -1 and ctypes.get_errno() == errno.EEXIST
assert lib.epshim_delete(epfd, first) == -1 and ctypes.get_errno() == errno.ENOENT
assert lib.epshim_wait_split(epfd, None, data, ROOM, 0) == -1 and ctypes.get_errno() == errno.EFAULT
assert lib.epshim_close(epfd) == 0

# The library describes the structure; its description is seven numbers.
layout = (ctypes.c_uint32 * 7)()
assert lib.epshim_layout(layout) == 0
print(*layout)
