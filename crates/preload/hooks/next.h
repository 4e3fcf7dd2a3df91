/*
 * The functions that the program would have called without this library.
 *
 * Each is looked up once, with dlsym(RTLD_NEXT): other preloaded libraries and the sanitizers wrap
 * the same names, and libc's own functions are cancellation points, which raw system calls are not
 * (pthreads(7)). All are looked up in the constructor; a hook that is called earlier looks its
 * function up itself. To look one up twice does no harm, so there is no lock and no pthread_once.
 */
#ifndef EPSHIM_NEXT_H
#define EPSHIM_NEXT_H

#include "types.h"

#include "functions.h" /* made of functions.toml */

#pragma GCC visibility push(hidden)

/* Addresses, by enum function; 0 where the function was not looked up yet. */
extern _Atomic uintptr_t epshim_next[FUNCTION_COUNT];
/* Their names. */
extern const char *const epshim_names[FUNCTION_COUNT];

/* Looks one up. Never 0: a function that libc does not have is replaced by a system call, or by
 * one that fails with ENOSYS. */
uintptr_t look_up(enum function function);

/* What replaces a function that libc does not have: the table's key `absent`. */
uintptr_t stand_in(enum function function);
int no_function(void);
int raw_epoll_pwait2(int epfd, struct epoll_event *events, int maxevents, const void *timeout,
                     const sigset_t *mask);
int raw_epoll_pwait2_time64(int epfd, struct epoll_event *events, int maxevents,
                            const void *timeout, const sigset_t *mask);
int raw_close_range(unsigned first, unsigned last, int flags);
void raw_closefrom(int first);
int raw_execveat(int folder, const char *path, char *const *arguments, char *const *environment,
                 int flags);
ssize_t raw_preadv2(int fd, const struct iovec *parts, int count, off_t offset, int flags);
ssize_t raw_preadv64v2(int fd, const struct iovec *parts, int count, offset64 offset, int flags);
ssize_t raw_pwritev2(int fd, const struct iovec *parts, int count, off_t offset, int flags);
ssize_t raw_pwritev64v2(int fd, const struct iovec *parts, int count, offset64 offset, int flags);

#pragma GCC visibility pop

static inline uintptr_t next_address(enum function function)
{
    uintptr_t address = atomic_load_explicit(&epshim_next[function], memory_order_relaxed);
    return __builtin_expect(address != 0, 1) ? address : look_up(function);
}

/* The next function of that name, with the type of its hook. */
#define NEXT(name) ((__typeof__(&hook_##name))next_address(NEXT_##name))

/* The same for a variadic one: it may expect from its caller what only the call of a variadic
 * function provides (on powerpc64 room on the stack, on x86-64 a count in a register). */
#define NEXT_VARIADIC(name, type) ((type *)next_address(NEXT_##name))

typedef long syscall_function(long number, ...);
typedef int control_function(int fd, int operation, ...);

#endif
