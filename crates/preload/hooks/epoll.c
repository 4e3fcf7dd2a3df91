/*
 * epoll. What is told lies before and after the call, never around it: the waits are cancellation
 * points, and a thread that is cancelled in one never comes back to tell of its end.
 */
#include "hooks.h"

#include <sys/syscall.h>
#include <unistd.h>

/* FUTEX_WAIT | FUTEX_PRIVATE_FLAG (uapi/linux/futex.h), whose headers need not be installed. */
#define FUTEX_WAIT_HERE 128L

static int created(int epfd, int flags, const void *site)
{
    if (epfd >= 0)
        tell_created(epfd, flags, site);
    return epfd;
}

HOOK(int, epoll_create, is_checking(), (int size), (size))
{
    return created(NEXT(epoll_create)(size), 0, site);
}

HOOK(int, epoll_create1, is_checking(), (int flags), (flags))
{
    return created(NEXT(epoll_create1)(flags), flags, site);
}

HOOK(int, epoll_ctl, is_checking(), (int epfd, int op, int fd, struct epoll_event *event),
     (epfd, op, fd, event))
{
    int result = NEXT(epoll_ctl)(epfd, op, fd, event);
    tell_ctl(epfd, op, fd, event, result < 0 ? errno : 0, site);
    return result;
}

static int wait_ended(int epfd, const struct epoll_event *events, int count)
{
    tell_wait_ended(epfd, events, count, count < 0 ? errno : 0);
    return count;
}

int64_t nanoseconds(int milliseconds)
{
    return milliseconds < 0 ? -1 : (int64_t)milliseconds * 1000000;
}

HOOK(int, epoll_wait, is_checking(),
     (int epfd, struct epoll_event *events, int maxevents, int timeout),
     (epfd, events, maxevents, timeout))
{
    tell_wait_begins(epfd, maxevents, nanoseconds(timeout), site);
    return wait_ended(epfd, events, NEXT(epoll_wait)(epfd, events, maxevents, timeout));
}

HOOK(int, epoll_pwait, is_checking(),
     (int epfd, struct epoll_event *events, int maxevents, int timeout, const sigset_t *mask),
     (epfd, events, maxevents, timeout, mask))
{
    tell_wait_begins(epfd, maxevents, nanoseconds(timeout), site);
    return wait_ended(epfd, events, NEXT(epoll_pwait)(epfd, events, maxevents, timeout, mask));
}

/* Whether the kernel can read a timeout, for EFAULT is its word to say. A futex whose value is not
 * the expected one does not wait; but its timeout is read and checked first (kernel/futex/syscalls.c,
 * futex_init_timeout). */
static bool is_timeout(long futex_number, const void *timeout)
{
    uint32_t futex = 0;
    int saved = errno;
    NEXT_VARIADIC(syscall, syscall_function)(futex_number, &futex, FUTEX_WAIT_HERE, 1L,
                                             timeout, NULL, 0L);
    bool readable = errno == EAGAIN;
    errno = saved;
    return readable;
}

static int64_t in_nanoseconds(int64_t seconds, int64_t rest)
{
    return seconds > INT64_MAX / 1000000000 - 1 ? INT64_MAX : seconds * 1000000000 + rest;
}

static int64_t nanoseconds_of(const struct timespec *timeout)
{
#ifdef SYS_futex
    long futex_number = SYS_futex;
#if defined(SYS_futex_time64) && !defined(__GLIBC__)
    if (sizeof(timeout->tv_sec) > sizeof(long)) /* 32-bit musl */
        futex_number = SYS_futex_time64;
#endif
#else
    long futex_number = SYS_futex_time64;
#endif
    if (timeout == NULL || !is_timeout(futex_number, timeout))
        return -1;
    return in_nanoseconds(timeout->tv_sec, timeout->tv_nsec);
}

HOOK(int, epoll_pwait2, is_checking(),
     (int epfd, struct epoll_event *events, int maxevents, const struct timespec *timeout,
      const sigset_t *mask),
     (epfd, events, maxevents, timeout, mask))
{
    tell_wait_begins(epfd, maxevents, nanoseconds_of(timeout), site);
    return wait_ended(epfd, events, NEXT(epoll_pwait2)(epfd, events, maxevents, timeout, mask));
}

#if HAS_TIME64
struct timespec64 {
    int64_t seconds;
    int64_t nanoseconds; /* the upper half is not looked at */
};

static int64_t nanoseconds_of64(const struct timespec64 *timeout)
{
    if (timeout == NULL || !is_timeout(SYS_futex_time64, timeout))
        return -1;
    return in_nanoseconds(timeout->seconds, (int32_t)timeout->nanoseconds);
}

HOOK(int, __epoll_pwait2_time64, is_checking(),
     (int epfd, struct epoll_event *events, int maxevents, const struct timespec64 *timeout,
      const sigset_t *mask),
     (epfd, events, maxevents, timeout, mask))
{
    tell_wait_begins(epfd, maxevents, nanoseconds_of64(timeout), site);
    return wait_ended(epfd, events,
                      NEXT(__epoll_pwait2_time64)(epfd, events, maxevents, timeout, mask));
}

int64_t nanoseconds_of_kernel(const void *timeout)
{
    return nanoseconds_of64(timeout);
}
#else
int64_t nanoseconds_of_kernel(const void *timeout)
{
    return nanoseconds_of(timeout);
}
#endif
