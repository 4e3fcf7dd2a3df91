/* The three calls that a message takes, epoll_wait(2), recv(2) and send(2) on a socket that does not
 * block, made where they stand: no function lies between, and so no return from one. After a system
 * call such a return is often mispredicted on processors with the mitigation "Safe RET"
 * (spec_rstack_overflow in /sys/devices/system/cpu/vulnerabilities), and after a sleep nearly always.
 * What it brings: docs/design.md, The echo servers. What it costs: no wait here can be cancelled
 * (pthread_cancel(3)), which nobody does.
 *
 * Whoever preloads a library, such as the checker, may want to see the calls: then epshim and libc
 * make them, as they do on other architectures. So they do with -DECHO_LIBC_CALLS. */
#ifndef TRANSFER_H
#define TRANSFER_H

#include "echo.h"

#include <errno.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#define ALWAYS_INLINE inline __attribute__((always_inline))
#define UNLIKELY(condition) __builtin_expect(condition, 0)

#if !defined(ECHO_LIBC_CALLS) && defined(__x86_64__) && defined(__LP64__)
#define ECHO_INLINE_CALLS 1
/* syscall(2), architecture calling conventions. */
static ALWAYS_INLINE long transfer_call(long number, int fd, const void *data, size_t size, int flags)
{
    register long fourth __asm__("r10") = flags;
    register long address __asm__("r8") = 0;
    register long length __asm__("r9") = 0;
    long result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"((long)fd), "S"(data), "d"(size), "r"(fourth), "r"(address),
                       "r"(length)
                     : "rcx", "r11", "memory");
    return result;
}
#elif !defined(ECHO_LIBC_CALLS) && defined(__aarch64__) && defined(__LP64__)
#define ECHO_INLINE_CALLS 1
static ALWAYS_INLINE long transfer_call(long number, int fd, const void *data, size_t size, int flags)
{
    register long which __asm__("x8") = number;
    register long result __asm__("x0") = fd;
    register const void *second __asm__("x1") = data;
    register size_t third __asm__("x2") = size;
    register long fourth __asm__("x3") = flags;
    register long address __asm__("x4") = 0;
    register long length __asm__("x5") = 0;
    __asm__ volatile("svc 0"
                     : "+r"(result)
                     : "r"(which), "r"(second), "r"(third), "r"(fourth), "r"(address), "r"(length)
                     : "memory");
    return result;
}
#endif

/* All return what the kernel does: a number or a size, or an error's number negated. errno is not
 * touched, or says the same. */
static ALWAYS_INLINE ssize_t transfer_wait(bool through_libc, int epoll, struct epoll_event *batch,
                                           int timeout)
{
#ifdef ECHO_INLINE_CALLS
    if (!UNLIKELY(through_libc)) /* without a signal mask epoll_pwait is epoll_wait, which aarch64 has not */
        return transfer_call(SYS_epoll_pwait, epoll, batch, BATCH, timeout);
#else
    (void)through_libc;
#endif
    int ready = epshim_wait(epoll, batch, BATCH, timeout);
    return ready == -1 ? -errno : ready;
}

static ALWAYS_INLINE ssize_t transfer_in(bool through_libc, int fd, char *data, size_t size)
{
#ifdef ECHO_INLINE_CALLS
    if (!UNLIKELY(through_libc))
        return transfer_call(SYS_recvfrom, fd, data, size, 0);
#else
    (void)through_libc;
#endif
    ssize_t got = recv(fd, data, size, 0);
    return got == -1 ? -errno : got;
}

static ALWAYS_INLINE ssize_t transfer_out(bool through_libc, int fd, const char *data, size_t size)
{
#ifdef ECHO_INLINE_CALLS
    if (!UNLIKELY(through_libc))
        return transfer_call(SYS_sendto, fd, data, size, MSG_NOSIGNAL);
#else
    (void)through_libc;
#endif
    ssize_t sent = send(fd, data, size, MSG_NOSIGNAL);
    return sent == -1 ? -errno : sent;
}

#endif /* TRANSFER_H */
