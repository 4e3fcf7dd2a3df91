-- The emitted declarations in LuaJIT: three pipes, one wait. The lines that load them are put before.
local C = ffi.C
ffi.cdef [[
int pipe(int ends[2]);
long write(int fd, const void *bytes, size_t count);
]]

local data = 0xfedcba9876543210ULL
local function bits(event)
    return ffi.cast('uint64_t *', event.data)[0]
end
local function event(events, bits)
    local event = ffi.new 'struct epoll_event'
    event.events = events
    ffi.cast('uint64_t *', event.data)[0] = bits
    return event
end

assert(ffi.sizeof 'struct epoll_event' == SIZE)
assert(ffi.offsetof('struct epoll_event', 'data') == DATA_OFFSET)
local epfd = C.epoll_create1(C.EPOLL_CLOEXEC)
assert(epfd >= 0)
local ends = ffi.new 'int[2]'
for i = 0, 2 do
    assert(C.pipe(ends) == 0 and C.write(ends[1], 'x', 1) == 1)
    assert(C.epoll_ctl(epfd, C.EPOLL_CTL_ADD, ends[0], event(bit.bor(C.EPOLLIN, C.EPOLLET), data + i)) == 0)
end
local events = ffi.new 'struct epoll_event[4]'
assert(C.epoll_wait(epfd, events, 4, 0) == 3)
local seen = 0
for i = 0, 2 do
    assert(events[i].events == C.EPOLLIN and bits(events[i]) - data < 3)
    seen = bit.bor(seen, bit.lshift(1, tonumber(bits(events[i]) - data)))
end
assert(seen == 7)
assert(C.epoll_wait(epfd, events, 4, 0) == 0, 'edge-triggered: not again')

assert(C.epoll_ctl(epfd, C.EPOLL_CTL_MOD, ends[0], event(C.EPOLLIN, -1ULL)) == 0)
assert(C.epoll_wait(epfd, events, 4, 0) == 1 and bits(events[0]) == -1ULL)
assert(C.epoll_ctl(epfd, C.EPOLL_CTL_DEL, ends[0], nil) == 0)
assert(C.epoll_ctl(epfd, C.EPOLL_CTL_DEL, ends[0], nil) == -1 and ffi.errno() == 2)
print 'round trip: ok'
