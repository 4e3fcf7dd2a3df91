/*
 * The line between the hooks, in C, and the book-keeping, in Rust (src/tell.rs).
 *
 * The hooks forward every call and keep nothing. What they tell is told before or after the call,
 * never around it: no Rust frame lies under a call that can block, so that pthread_cancel unwinds
 * C frames only. Everything here may be called from a signal handler, and leaves errno as it was.
 */
#ifndef EPSHIM_TELL_H
#define EPSHIM_TELL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>

/* Descriptors at and above this number are not watched, which the report says. */
#define WATCHABLE (1 << 20)

/* Bit FD is set while something is known of FD: it is an epoll, or registered in one. */
extern _Atomic uint64_t epshim_watched[WATCHABLE / 64];

static inline bool is_watched(int fd)
{
    if ((unsigned)fd >= WATCHABLE)
        return false;
    uint64_t word = atomic_load_explicit(&epshim_watched[(unsigned)fd / 64], memory_order_relaxed);
    return word >> ((unsigned)fd % 64) & 1;
}

/* Whether anything is checked at all. False: transparent, and nothing below is called. */
extern _Atomic bool epshim_checking;

/* What kind of input or output a call is. */
enum tell_io {
    TELL_READ,     /* bytes in: read, readv, recv on a descriptor of unknown kind; asked is the buffer's size */
    TELL_MESSAGE,  /* recvmsg, recvmmsg: asked is the sum of the buffers */
    TELL_ACCEPT,   /* got is 1 for a connection */
    TELL_WRITE,    /* bytes out */
    TELL_PEEK      /* MSG_PEEK: takes nothing */
};

/* An epoll was made. */
void tell_created(int epfd, int flags, const void *site);
/* epoll_ctl returned; error is 0 or its errno. event may be NULL or unreadable where error is not 0. */
void tell_ctl(int epfd, int op, int fd, const struct epoll_event *event, int error, const void *site);
/* A wait is about to be made; timeout in nanoseconds, negative for none. */
void tell_wait_begins(int epfd, int maxevents, int64_t timeout, const void *site);
/* It returned count deliveries, or -1 and error. */
void tell_wait_ended(int epfd, const struct epoll_event *events, int count, int error);

/* A call that may block on a watched descriptor is about to be made; dontwait: it asked not to block. */
void tell_io_begins(int fd, enum tell_io kind, bool dontwait, const void *site);
/* It returned: got as the call did, error is 0 or its errno. */
void tell_io_ended(int fd, enum tell_io kind, size_t asked, ssize_t got, int error, const void *site);

/* A watched descriptor is about to be closed (or replaced, by dup2 and dup3). */
void tell_closing(int fd, const void *site);
/* A descriptor's file has another descriptor now. from is watched. */
void tell_duplicated(int from, int to, const void *site);
/* O_NONBLOCK of a watched descriptor may have changed. */
void tell_flags_changed(int fd);
/* A watched descriptor was shut down for writing. */
void tell_shut_down(int fd);
/* A call that the hooks cannot follow was made through syscall(2): io_uring_setup. */
void tell_unseen(long number);
/* fork returned 0. */
void tell_forked(void);

#endif
