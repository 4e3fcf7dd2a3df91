/*
 * The functions that the program would have called without this library.
 *
 * Each is looked up once, with dlsym(RTLD_NEXT): other preloaded libraries and the sanitizers wrap
 * the same names, and libc's own functions are cancellation points, which raw system calls are not
 * (pthreads(7)). All are looked up in the constructor; whoever calls one earlier looks it up
 * itself. To look one up twice does no harm, so there is no lock and no pthread_once.
 */
#ifndef EPSHIM_NEXT_H
#define EPSHIM_NEXT_H

#include <features.h> /* __GLIBC__ */
#include <stdatomic.h>
#include <stdint.h>

/* glibc on 32 bits (but for x32, whose time_t always had 64) has a second set of the functions that
 * pass times; programs built with _TIME_BITS=64 call those. */
#if defined(__GLIBC__) && UINTPTR_MAX == UINT32_MAX && !defined(__x86_64__)
#define TIME64_FUNCTIONS(F)                                                                        \
    F(__epoll_pwait2_time64) F(__fcntl_time64) F(__ioctl_time64) F(__recvmsg_time64)               \
    F(__recvmmsg_time64) F(__sendmsg_time64) F(__sendmmsg_time64)
#define HAS_TIME64 1
#else
#define TIME64_FUNCTIONS(F)
#define HAS_TIME64 0
#endif

#define FUNCTIONS(F)                                                                               \
    F(epoll_create) F(epoll_create1) F(epoll_ctl) F(epoll_wait) F(epoll_pwait) F(epoll_pwait2)     \
    F(close) F(__close) F(close_range) F(closefrom)                                                \
    F(fclose) F(closedir) F(pclose) F(freopen) F(freopen64)                                        \
    F(dup) F(dup2) F(__dup2) F(dup3)                                                               \
    F(fcntl) F(fcntl64) F(__fcntl) F(ioctl) F(shutdown)                                            \
    F(read) F(__read) F(__read_chk) F(readv) F(preadv2) F(preadv64v2) F(eventfd_read)              \
    F(recv) F(__recv_chk) F(recvfrom) F(__recvfrom_chk) F(recvmsg) F(recvmmsg)                     \
    F(accept) F(accept4)                                                                           \
    F(write) F(__write) F(writev) F(pwritev2) F(pwritev64v2) F(eventfd_write)                      \
    F(send) F(__send) F(sendto) F(sendmsg) F(sendmmsg)                                             \
    F(sendfile) F(sendfile64) F(splice) F(tee) F(vmsplice)                                         \
    F(syscall)                                                                                     \
    TIME64_FUNCTIONS(F)

#define NUMBER(name) NEXT_##name,
enum function { FUNCTIONS(NUMBER) FUNCTION_COUNT };
#undef NUMBER

#pragma GCC visibility push(hidden)

/* Addresses; 0 where the function was not looked up yet. */
extern _Atomic uintptr_t epshim_next[FUNCTION_COUNT];

/* Looks one up. Never 0: a function that libc does not have is replaced by a system call, or by
 * one that fails with ENOSYS. */
uintptr_t look_up(enum function function);

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
typedef int ioctl_function(int fd, unsigned long operation, ...);

#endif
