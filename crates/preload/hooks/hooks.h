/*
 * What the hooks are made of. src/exports.rs exports each hook under libc's name, as a jump, so that
 * the return address in a hook is the program's.
 *
 * build.rs writes the hooks themselves, from functions.toml: around each call those of the functions
 * below that its kind of call needs (build/calls.rs). Until the constructor has run, they may be
 * called for nothing, and what they report is not heard.
 */
#ifndef EPSHIM_HOOKS_H
#define EPSHIM_HOOKS_H

#include "next.h"
#include "entry.h"

#include <errno.h>

#define APART __attribute__((noinline))
#define UNUSED __attribute__((unused))

#ifndef RWF_NOWAIT
#define RWF_NOWAIT 8 /* uapi/linux/fs.h */
#endif
#ifndef SPLICE_F_NONBLOCK
#define SPLICE_F_NONBLOCK 2 /* linux/splice.h */
#endif

/* Options of wait(2) that ask for children without an exit signal too: __WALL, __WCLONE. The observer is one. */
#define OF_CLONES ((int)0xc0000000)

#pragma GCC visibility push(hidden)

static inline bool is_checking(void)
{
    return atomic_load_explicit(&epshim_checking, memory_order_relaxed);
}

static inline bool is_chaos(void)
{
    return atomic_load_explicit(&epshim_chaos, memory_order_relaxed);
}

/* Whether calls were reported from the start: then the end of the program is reported too, also if checking stopped in between. */
extern bool has_begun;

/* The program is about to end with this status, or with the one that this returns. */
int ending(int status);

/* ---- epoll ------------------------------------------------------------------------------------ */

/* An epoll was made, unless epfd is -1. */
void created(int epfd, int flags, const void *site);

/* A timeout of any type in nanoseconds, negative for none. */
int64_t nanoseconds(int milliseconds);
int64_t nanoseconds_of(const struct timespec *timeout);
int64_t nanoseconds_of64(const struct timespec64 *timeout);
#define NANOSECONDS(timeout)                                                                       \
    _Generic((timeout),                                                                            \
        int: nanoseconds,                                                                          \
        const struct timespec *: nanoseconds_of,                                                   \
        const struct timespec64 *: nanoseconds_of64)(timeout)

/* A ring was made (io_uring_setup(2)), unless fd is -1: what goes through it is not seen. */
void ring_made(int fd, long number);

/* ---- poll and select: what waits for a descriptor beside epoll ---------------------------------- */

static inline bool is_any_watched(void)
{
    return atomic_load_explicit(&epshim_watched_end, memory_order_relaxed) != 0;
}

/* A call begins. Returns the name of a wait for room that was reported, or 0 where none was. */
uintptr_t poll_begins(const struct pollfd *entries, nfds_t count);
uintptr_t select_begins(int limit, const fd_set *writing);
/* The call returned result. */
void poll_ended(uintptr_t wait, const struct pollfd *entries, nfds_t count, int result);
void select_ended(uintptr_t wait, int limit, const fd_set *reading, int result);

/* ---- Closing. It is reported before the call: after it, the number may be another thread's. ---- */

/* Whether the close of this descriptor is reported. */
static inline bool is_close_observed(int fd)
{
    return is_watched(fd) || atomic_load_explicit(&epshim_hazard, memory_order_relaxed);
}

/* Reports that this descriptor is about to be closed. */
static inline void closing(int fd, const void *site)
{
    if (is_watched(fd))
        on_closing(fd, site);
    if (fd >= 0 && atomic_load_explicit(&epshim_hazard, memory_order_relaxed))
        on_closing_any((unsigned)fd, (unsigned)fd);
}

/* The same of every watched descriptor from first to last. */
void closing_range(unsigned first, unsigned last, int flags, const void *site);
void closing_stream(FILE *stream, const void *site);
void closing_directory(DIR *directory, const void *site);

/* ---- Copies and flags --------------------------------------------------------------------------- */

/* 'from' has another descriptor now, unless copy is -1. */
void copied(int from, int copy, const void *site);
/* dup2 or dup3 is about to close 'to', if it is open and the call will not fail. */
void replacing(int from, int to, int flags, const void *site);
/* A call on a watched descriptor returned result. */
void fcntl_ended(int fd, int operation, int result, const void *site);
void ioctl_ended(int fd, unsigned long operation, int result, const void *site);
void shutdown_ended(int fd, int how, int result);

/* ---- Sockets that are new ------------------------------------------------------------------------ */

static inline bool has_lines(void)
{
    return atomic_load_explicit(&epshim_has_lines, memory_order_relaxed);
}

/* A socket is there now, unless fd is -1: which line of the user's it belongs to can be had. */
static inline void opened(int fd, const void *site)
{
    if (fd >= 0 && has_lines())
        on_opened(fd, site);
}

/* connect has returned. One that has succeeded is of interest where something is known of it: it may be the
 * second, of a socket whose first was in progress. */
static inline void connected(int fd, int error, const void *site)
{
    if (error != 0 || is_watched(fd))
        on_connected(fd, error, site);
    if (error == 0 || error == EINPROGRESS)
        opened(fd, site);
}

/* ---- Input and output --------------------------------------------------------------------------- */

/* What a call with these MSG_ flags takes from a socket; kind where they say nothing of it. */
static inline enum io_kind kind_of_receive(enum io_kind kind, int flags)
{
    if (flags & (MSG_ERRQUEUE | MSG_OOB))
        return IO_BESIDE;
    return flags & MSG_PEEK ? IO_PEEK : kind;
}

/* What a vmsplice does: it reads or writes a pipe, according to the end. */
enum io_kind kind_of_vmsplice(int fd);

/* Reports that a call returned got. */
static inline void io_ended(int fd, enum io_kind kind, size_t asked, ssize_t got, const void *site)
{
    on_io_end(fd, kind, asked, got, got < 0 ? errno : 0, site);
}

/* The room in a list of buffers. To be asked only when the kernel has read the list. */
static inline size_t size_of_parts(const struct iovec *parts, size_t count)
{
    size_t size = 0;
    for (size_t i = 0; i < count; i++)
        size += parts[i].iov_len;
    return size;
}

/* How many messages a recvmmsg asks for, as IO_MESSAGES has it. */
size_t messages_asked(unsigned count, int got, const void *timeout);
/* How many bytes went with the messages that a sendmmsg sent; -1 where it failed. */
ssize_t bytes_of_messages(const struct mmsghdr *messages, int sent);
/* And how many it asked for, when `written` went. */
size_t bytes_asked(ssize_t written, int sent, unsigned count);

/* ---- A call with two descriptors, reported to those that are watched ----------------------------- */

struct transfer {
    int from, to;      /* -1 where not watched */
    enum io_kind kind; /* of the input */
    const void *site;
};

struct transfer transfer_begins(int from, enum io_kind kind, int to, bool dontwait,
                                const void *site);
/* Reports both sides. output_fails: an error is the output's, else the input's. */
void transfer_ended(const struct transfer *transfer, size_t size, ssize_t got, bool output_fails);

long hook_syscall(long number, uintptr_t a, uintptr_t b, uintptr_t c, uintptr_t d, uintptr_t e,
                  uintptr_t f);

#pragma GCC visibility pop

#endif
