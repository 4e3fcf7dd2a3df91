/*
 * epoll. A hook reports before and after the call, never around it: the waits are cancellation
 * points, and a thread that is cancelled in one never comes back to report its end.
 */
#include "hooks.h"

#include <sys/syscall.h>
#include <unistd.h>

/* FUTEX_WAIT | FUTEX_PRIVATE_FLAG (uapi/linux/futex.h), whose headers need not be installed. */
#define FUTEX_WAIT_HERE 128L

void created(int epfd, int flags, const void *site)
{
    if (epfd >= 0)
        on_epoll_created(epfd, flags, site);
}

void ring_made(int fd, long number)
{
    if (fd >= 0)
        on_unseen(number);
}

int64_t nanoseconds(int milliseconds)
{
    return milliseconds == -1 ? -1 : (int64_t)milliseconds * 1000000;
}

/* Whether the kernel can read a timeout, for EFAULT is its word to say. A futex whose value is not
 * the expected one does not wait; but its timeout is read and checked first (kernel/futex/syscalls.c,
 * futex_init_timeout). */
static bool is_timeout(long futex_number, const void *timeout)
{
    if (!may_call(REFUSED_SLEEP))
        return false;
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

int64_t nanoseconds_of(const struct timespec *timeout)
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

int64_t nanoseconds_of64(const struct timespec64 *timeout)
{
#ifdef SYS_futex_time64
    const long futex_number = SYS_futex_time64;
#else
    const long futex_number = SYS_futex; /* all times of the kernel have 64 bits */
#endif
    if (timeout == NULL || !is_timeout(futex_number, timeout))
        return -1;
    return in_nanoseconds(timeout->seconds, (int32_t)timeout->nanoseconds);
}
