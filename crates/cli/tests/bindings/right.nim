# The standard library's object, which is the C header's structure.
import epoll

var event: EpollEvent
let queue = epoll_create1(0)
discard epoll_ctl(queue, EPOLL_CTL_ADD, 0, addr event)
discard epoll_wait(queue, addr event, 1, 0)
