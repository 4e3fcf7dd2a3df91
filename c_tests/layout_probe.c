/* What the C compiler makes of <sys/epoll.h>: size, alignment, offsets and every constant.
 * Linked into the Rust tests, which hold it against src/layout.rs. No code of epshim is used. */
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>

struct layout_probe {
    const char *name;
    long long value;
};

#define VALUE(name) {#name, (long long)(name)}

const struct layout_probe layout_probes[] = {
    {"sizeof(struct epoll_event)", sizeof(struct epoll_event)},
    {"_Alignof(struct epoll_event)", _Alignof(struct epoll_event)},
    {"offsetof(struct epoll_event, events)", offsetof(struct epoll_event, events)},
    {"offsetof(struct epoll_event, data)", offsetof(struct epoll_event, data)},
    {"sizeof(epoll_data_t)", sizeof(epoll_data_t)},
    {"_Alignof(epoll_data_t)", _Alignof(epoll_data_t)},
    {"offsetof(epoll_data_t, ptr)", offsetof(epoll_data_t, ptr)},
    {"offsetof(epoll_data_t, fd)", offsetof(epoll_data_t, fd)},
    {"offsetof(epoll_data_t, u32)", offsetof(epoll_data_t, u32)},
    {"offsetof(epoll_data_t, u64)", offsetof(epoll_data_t, u64)},
    VALUE(EPOLLIN),
    VALUE(EPOLLPRI),
    VALUE(EPOLLOUT),
    VALUE(EPOLLERR),
    VALUE(EPOLLHUP),
    VALUE(EPOLLRDNORM),
    VALUE(EPOLLRDBAND),
    VALUE(EPOLLWRNORM),
    VALUE(EPOLLWRBAND),
    VALUE(EPOLLMSG),
    VALUE(EPOLLRDHUP),
    VALUE(EPOLLEXCLUSIVE),
    VALUE(EPOLLWAKEUP),
    VALUE(EPOLLONESHOT),
    /* glibc's enumerator for bit 31 is an int on some compilers, and then negative. */
    {"EPOLLET", (long long)(uint32_t)EPOLLET},
    VALUE(EPOLL_CTL_ADD),
    VALUE(EPOLL_CTL_DEL),
    VALUE(EPOLL_CTL_MOD),
    VALUE(EPOLL_CLOEXEC),
#ifdef EPOLLNVAL /* musl */
    VALUE(EPOLLNVAL),
#endif
};

const size_t layout_probe_count = sizeof(layout_probes) / sizeof(layout_probes[0]);

/* Fills one event as a C program does, for a look at its raw bytes from the other side. */
void layout_probe_fill(void *event, uint32_t events, uint64_t data)
{
    struct epoll_event *e = event;
    e->events = events;
    e->data.u64 = data;
}
