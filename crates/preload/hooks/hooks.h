/*
 * The hooks: what the program calls instead of libc's functions of these names. src/exports.rs
 * exports each under libc's name, as a jump, so that the return address in a hook is the program's.
 *
 * A hook that has nothing to tell is one load, one test and a jump to the next function. For that
 * what is told is a function of its own: see HOOK. The hooks of variadic functions are not
 * variadic: integer arguments are passed alike on all Linux ABIs, and one that was not passed is
 * handed on unseen.
 */
#ifndef EPSHIM_HOOKS_H
#define EPSHIM_HOOKS_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include "next.h"
#include "tell.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>

/* Before 1.2.4, musl made macros of the names with 64. */
#undef fcntl64
#undef freopen64
#undef preadv64v2
#undef pwritev64v2
#undef sendfile64

#ifndef RWF_NOWAIT
#define RWF_NOWAIT 8 /* uapi/linux/fs.h */
#endif

/* Begins the hook of a function: what follows is the body of the call that is told of, because
 * is_told; it has the parameters and site, the program's call. NEXT is the function itself. Until
 * the constructor has run that body may be entered for nothing, and what it tells is not heard. */
#define HOOK(type, name, is_told, parameters, arguments)                                           \
    HOOK_AS(__typeof__(hook_##name), type, name, is_told, parameters, arguments)

/* The same where the next function has another type: it is variadic. */
#define HOOK_AS(next_type, type, name, is_told, parameters, arguments)                             \
    static APART type told_##name(LIST parameters, const void *site);                               \
    type hook_##name parameters                                                                    \
    {                                                                                              \
        uintptr_t next = atomic_load_explicit(&epshim_next[NEXT_##name], memory_order_relaxed);    \
        if (__builtin_expect(next != 0 && !(is_told), 1))                                          \
            return ((next_type *)next)arguments;                                                   \
        return told_##name(LIST arguments, __builtin_return_address(0));                           \
    }                                                                                              \
    static APART type told_##name(LIST parameters, __attribute__((unused)) const void *site)

#define LIST(...) __VA_ARGS__
#define APART __attribute__((noinline))

/* The 64-bit offsets, which musl has under no other name than off_t. */
typedef int64_t offset64;

struct timespec64; /* 32-bit glibc's, for the time64 functions */

int hook_epoll_create(int size);
int hook_epoll_create1(int flags);
int hook_epoll_ctl(int epfd, int op, int fd, struct epoll_event *event);
int hook_epoll_wait(int epfd, struct epoll_event *events, int maxevents, int timeout);
int hook_epoll_pwait(int epfd, struct epoll_event *events, int maxevents, int timeout,
                     const sigset_t *mask);
int hook_epoll_pwait2(int epfd, struct epoll_event *events, int maxevents,
                      const struct timespec *timeout, const sigset_t *mask);

int hook_close(int fd);
int hook___close(int fd);
int hook_close_range(unsigned first, unsigned last, int flags);
void hook_closefrom(int first);
int hook_fclose(FILE *stream);
int hook_closedir(DIR *directory);
int hook_pclose(FILE *stream);
FILE *hook_freopen(const char *path, const char *mode, FILE *stream);
FILE *hook_freopen64(const char *path, const char *mode, FILE *stream);

int hook_dup(int fd);
int hook_dup2(int from, int to);
int hook___dup2(int from, int to);
int hook_dup3(int from, int to, int flags);

int hook_fcntl(int fd, int operation, uintptr_t argument);
int hook_fcntl64(int fd, int operation, uintptr_t argument);
int hook___fcntl(int fd, int operation, uintptr_t argument);
int hook_ioctl(int fd, unsigned long operation, uintptr_t argument);
int hook_shutdown(int fd, int how);

ssize_t hook_read(int fd, void *buffer, size_t size);
ssize_t hook___read(int fd, void *buffer, size_t size);
ssize_t hook___read_chk(int fd, void *buffer, size_t size, size_t room);
ssize_t hook_readv(int fd, const struct iovec *parts, int count);
ssize_t hook_preadv2(int fd, const struct iovec *parts, int count, off_t offset, int flags);
ssize_t hook_preadv64v2(int fd, const struct iovec *parts, int count, offset64 offset, int flags);
int hook_eventfd_read(int fd, eventfd_t *value);

ssize_t hook_recv(int fd, void *buffer, size_t size, int flags);
ssize_t hook___recv_chk(int fd, void *buffer, size_t size, size_t room, int flags);
ssize_t hook_recvfrom(int fd, void *buffer, size_t size, int flags, struct sockaddr *address,
                      socklen_t *length);
ssize_t hook___recvfrom_chk(int fd, void *buffer, size_t size, size_t room, int flags,
                            struct sockaddr *address, socklen_t *length);
ssize_t hook_recvmsg(int fd, struct msghdr *message, int flags);
int hook_recvmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags,
                  struct timespec *timeout);
int hook_accept(int fd, struct sockaddr *address, socklen_t *length);
int hook_accept4(int fd, struct sockaddr *address, socklen_t *length, int flags);

ssize_t hook_write(int fd, const void *buffer, size_t size);
ssize_t hook___write(int fd, const void *buffer, size_t size);
ssize_t hook_writev(int fd, const struct iovec *parts, int count);
ssize_t hook_pwritev2(int fd, const struct iovec *parts, int count, off_t offset, int flags);
ssize_t hook_pwritev64v2(int fd, const struct iovec *parts, int count, offset64 offset, int flags);
int hook_eventfd_write(int fd, eventfd_t value);

ssize_t hook_send(int fd, const void *buffer, size_t size, int flags);
ssize_t hook___send(int fd, const void *buffer, size_t size, int flags);
ssize_t hook_sendto(int fd, const void *buffer, size_t size, int flags,
                    const struct sockaddr *address, socklen_t length);
ssize_t hook_sendmsg(int fd, const struct msghdr *message, int flags);
int hook_sendmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags);

ssize_t hook_sendfile(int to, int from, off_t *offset, size_t size);
ssize_t hook_sendfile64(int to, int from, offset64 *offset, size_t size);
ssize_t hook_splice(int from, offset64 *from_offset, int to, offset64 *to_offset, size_t size,
                    unsigned flags);
ssize_t hook_tee(int from, int to, size_t size, unsigned flags);
ssize_t hook_vmsplice(int fd, const struct iovec *parts, size_t count, unsigned flags);

long hook_syscall(long number, long a, long b, long c, long d, long e, long f);

#if HAS_TIME64
int hook___epoll_pwait2_time64(int epfd, struct epoll_event *events, int maxevents,
                               const struct timespec64 *timeout, const sigset_t *mask);
int hook___fcntl_time64(int fd, int operation, uintptr_t argument);
int hook___ioctl_time64(int fd, unsigned long operation, uintptr_t argument);
ssize_t hook___recvmsg_time64(int fd, struct msghdr *message, int flags);
int hook___recvmmsg_time64(int fd, struct mmsghdr *messages, unsigned count, int flags,
                           struct timespec64 *timeout);
ssize_t hook___sendmsg_time64(int fd, const struct msghdr *message, int flags);
int hook___sendmmsg_time64(int fd, struct mmsghdr *messages, unsigned count, int flags);
#endif

static inline bool is_checking(void)
{
    return atomic_load_explicit(&epshim_checking, memory_order_relaxed);
}

/* Whether it is told of that this descriptor is closed. */
static inline bool is_close_told(int fd)
{
    return is_watched(fd) || atomic_load_explicit(&epshim_looking, memory_order_relaxed);
}

/* Tells that this descriptor is about to be closed. */
static inline void closing(int fd, const void *site)
{
    if (is_watched(fd))
        tell_closing(fd, site);
    if (fd >= 0 && atomic_load_explicit(&epshim_looking, memory_order_relaxed))
        tell_gone((unsigned)fd, (unsigned)fd);
}

/* Tells that a call returned got, and passes it on. */
static inline ssize_t io_ended(int fd, enum tell_io kind, size_t asked, ssize_t got,
                               const void *site)
{
    tell_io_ended(fd, kind, asked, got, got < 0 ? errno : 0, site);
    return got;
}

/* The room in a list of buffers. To be asked only when the kernel has read the list. */
static inline size_t size_of_parts(const struct iovec *parts, size_t count)
{
    size_t size = 0;
    for (size_t i = 0; i < count; i++)
        size += parts[i].iov_len;
    return size;
}

/* What a call with these MSG_ flags takes from a socket; kind where they say nothing of it. */
static inline enum tell_io kind_of_receive(enum tell_io kind, int flags)
{
    if (flags & (MSG_ERRQUEUE | MSG_OOB))
        return TELL_BESIDE;
    return flags & MSG_PEEK ? TELL_PEEK : kind;
}

/* What is told by a hook and by the hook of syscall alike: */

/* Timeouts as they are told: of epoll_wait, and of the system call epoll_pwait2. */
int64_t nanoseconds(int milliseconds);
int64_t nanoseconds_of_kernel(const void *timeout);
/* How much count messages ask for, and in written how much of it went, when sent of them did. */
size_t size_of_messages(const struct mmsghdr *messages, unsigned count, int sent, ssize_t *written);
/* How many messages a recvmmsg asks for, as TELL_MESSAGES has it. */
size_t messages_asked(unsigned count, int got, const void *timeout);
/* What a vmsplice does: it reads or writes a pipe, according to the end. */
enum tell_io kind_of_vmsplice(int fd);
/* Tells of every watched descriptor from first to last. */
void closing_range(unsigned first, unsigned last, int flags, const void *site);
/* Whether dup2 or dup3 is about to close a descriptor of whose close it is told. */
bool replaces(int from, int to);
/* A call on a watched descriptor returned result; and so do they. */
int fcntl_ended(int fd, int operation, int result, const void *site);
int ioctl_ended(int fd, unsigned long operation, int result, const void *site);

#endif
