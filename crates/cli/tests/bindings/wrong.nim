# An object written by hand, without {.packed.}.
type EpollEvent {.bycopy.} = object
  events: uint32
  data: uint64

proc epoll_create1(flags: cint): cint {.importc.}
proc epoll_ctl(queue, op, fd: cint, event: ptr EpollEvent): cint {.importc.}
proc epoll_wait(queue: cint, events: ptr EpollEvent, room, timeout: cint): cint {.importc.}

var event: EpollEvent
let queue = epoll_create1(0)
discard epoll_ctl(queue, 1, 0, addr event)
discard epoll_wait(queue, addr event, 1, 0)
