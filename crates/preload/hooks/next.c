/* Looking up the next functions, and what stands in for those that libc does not have. */
#include "hooks.h"

#include <dlfcn.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

_Atomic uintptr_t epshim_next[FUNCTION_COUNT];

static long raw(long number, long a, long b, long c, long d, long e, long f)
{
    return NEXT_VARIADIC(syscall, syscall_function)(number, a, b, c, d, e, f);
}

int no_function(void)
{
    errno = ENOSYS;
    return -1;
}

/* glibc has it since 2.35, musl not at all. Not a cancellation point: only libc can make one. */
static int wait_raw(int epfd, struct epoll_event *events, int maxevents, const void *timeout,
                    const sigset_t *mask)
{
#ifdef SYS_epoll_pwait2
    return (int)raw(SYS_epoll_pwait2, epfd, (long)events, maxevents, (long)timeout, (long)mask,
                    _NSIG / 8);
#else
    (void)epfd, (void)events, (void)maxevents, (void)timeout, (void)mask;
    return no_function();
#endif
}

int raw_epoll_pwait2(int epfd, struct epoll_event *events, int maxevents, const void *timeout,
                     const sigset_t *mask)
{
    if (HAS_TIME64) /* Its timeout is 32 bits wide, the system call's 64. */
        return no_function();
    return wait_raw(epfd, events, maxevents, timeout, mask);
}

int raw_epoll_pwait2_time64(int epfd, struct epoll_event *events, int maxevents,
                            const void *timeout, const sigset_t *mask)
{
    return wait_raw(epfd, events, maxevents, timeout, mask);
}

int raw_close_range(unsigned first, unsigned last, int flags)
{
#ifdef SYS_close_range
    return (int)raw(SYS_close_range, (long)first, (long)last, flags, 0, 0, 0);
#else
    (void)first, (void)last, (void)flags;
    return no_function();
#endif
}

int raw_execveat(int folder, const char *path, char *const *arguments, char *const *environment,
                 int flags)
{
    return (int)raw(SYS_execveat, folder, (long)path, (long)arguments, (long)environment, flags, 0);
}

void raw_closefrom(int first)
{
    if (first < 0)
        first = 0;
    if (raw_close_range((unsigned)first, UINT_MAX, 0) == 0)
        return;
    for (long fd = first, end = sysconf(_SC_OPEN_MAX); fd < end; fd++)
        NEXT(close)((int)fd);
}

static ssize_t raw_vector(long number, int fd, const struct iovec *parts, int count,
                          offset64 offset, int flags)
{
    /* The offset is passed in two halves, of which 64-bit kernels look at the lower alone. */
    return raw(number, fd, (long)parts, count, (long)offset, (long)(offset >> 32), flags);
}

ssize_t raw_preadv64v2(int fd, const struct iovec *parts, int count, offset64 offset, int flags)
{
    return raw_vector(SYS_preadv2, fd, parts, count, offset, flags);
}

ssize_t raw_pwritev64v2(int fd, const struct iovec *parts, int count, offset64 offset, int flags)
{
    return raw_vector(SYS_pwritev2, fd, parts, count, offset, flags);
}

ssize_t raw_preadv2(int fd, const struct iovec *parts, int count, off_t offset, int flags)
{
    return sizeof(off_t) == 8 ? raw_preadv64v2(fd, parts, count, offset, flags) : no_function();
}

ssize_t raw_pwritev2(int fd, const struct iovec *parts, int count, off_t offset, int flags)
{
    return sizeof(off_t) == 8 ? raw_pwritev64v2(fd, parts, count, offset, flags) : no_function();
}

uintptr_t look_up(enum function function)
{
    int saved = errno;
    uintptr_t address = (uintptr_t)dlsym(RTLD_NEXT, epshim_names[function]);
    if (address == 0)
        address = stand_in(function);
    atomic_store_explicit(&epshim_next[function], address, memory_order_relaxed);
    errno = saved;
    return address;
}

bool has_begun;

/* Calls that come before this one are forwarded, and not reported. */
__attribute__((constructor)) static void start(void)
{
    int saved = errno;
    for (int function = 0; function < FUNCTION_COUNT; function++)
        look_up((enum function)function);
    dlerror(); /* What was not found is none of the program's errors. */
    on_start(secure_getenv("EPSHIM_OPTIONS"));
    /* Where it cannot be had, the book-keeping notices by itself, later. */
    has_begun = is_checking();
    if (has_begun)
        pthread_atfork(on_fork_begin, on_fork_parent, on_fork_child);
    errno = saved;
}
