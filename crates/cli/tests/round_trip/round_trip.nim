## The emitted module: three pipes, one wait.
import std/[algorithm, os, posix]
import epoll_abi

const data = 0xfedcba9876543210'u64

let epfd = epoll_create1(EPOLL_CLOEXEC)
doAssert epfd >= 0
var ends: array[2, cint]
for i in 0'u64 .. 2'u64:
  doAssert pipe(ends) == 0
  doAssert write(ends[1], cstring"x", 1) == 1
  var event = EpollEvent(events: EPOLLIN or EPOLLET, data: data + i)
  doAssert epoll_ctl(epfd, EPOLL_CTL_ADD, ends[0], addr event) == 0
var events: array[4, EpollEvent]
doAssert epoll_wait(epfd, addr events[0], 4, 0) == 3
var seen: seq[uint64]
for event in events[0 .. 2]:
  doAssert event.events == EPOLLIN
  seen.add event.data
doAssert sorted(seen) == @[data, data + 1, data + 2]
doAssert epoll_wait(epfd, addr events[0], 4, 0) == 0, "edge-triggered: not again"

var changed = EpollEvent(events: EPOLLIN, data: high(uint64))
doAssert epoll_ctl(epfd, EPOLL_CTL_MOD, ends[0], addr changed) == 0
doAssert epoll_wait(epfd, addr events[0], 4, 0) == 1
doAssert events[0].data == high(uint64)
doAssert epoll_ctl(epfd, EPOLL_CTL_DEL, ends[0], nil) == 0
doAssert epoll_ctl(epfd, EPOLL_CTL_DEL, ends[0], nil) == -1
doAssert osLastError() == OSErrorCode(ENOENT)
echo "round trip: ok"
