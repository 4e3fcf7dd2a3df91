/* epshim: epoll with a proven ABI.
 *
 * The only public header of libepshim. C99 and later, C++11 and later.
 *
 * Contract of every function, unless it says otherwise:
 *   - Failure is -1 with errno set. On success errno is left alone.
 *   - No call is retried: EINTR is returned, as by libc.
 *   - A pointer that the kernel cannot use is EFAULT, not a crash.
 *   - The library keeps no state and takes no lock: call it from any thread, and after fork.
 *     A child of fork shares the parent's epoll: what it deletes is deleted for both.
 *   - Nothing is allocated, and nothing is owned by the library: close what you create.
 *   - epshim_wait, epshim_pwait, epshim_pwait2 and epshim_wait_split are cancellation points.
 *   - Since 0.1.0.
 *
 * Link with -lepshim. See epoll(7), epoll_ctl(2) and epoll_wait(2).
 */
#ifndef EPSHIM_H
#define EPSHIM_H

#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>

#define EPSHIM_VERSION_MAJOR 0
#define EPSHIM_VERSION_MINOR 1
#define EPSHIM_VERSION_PATCH 0
#define EPSHIM_VERSION "0.1.0"

/* ---- The layout of struct epoll_event, asserted ---------------------------------------------- */

#if defined(__cplusplus)
#define EPSHIM_STATIC_ASSERT_(name, condition, text) static_assert(condition, text)
#define EPSHIM_ALIGNOF_(type) alignof(type)
#elif defined(__STDC_VERSION__) && __STDC_VERSION__ >= 201112L
#define EPSHIM_STATIC_ASSERT_(name, condition, text) _Static_assert(condition, text)
#define EPSHIM_ALIGNOF_(type) _Alignof(type)
#else /* C99: an array of negative size does not compile, and its name says why. */
#define EPSHIM_STATIC_ASSERT_(name, condition, text) extern char name[(condition) ? 1 : -1]
#define EPSHIM_ALIGNOF_(type) offsetof(struct { char c; type member; }, member)
#endif

/* What the library was built and proved with on this target. The kernel packs the structure on
 * x86-64 only (include/uapi/linux/eventpoll.h); glibc packs it on 32-bit x86 too; the other
 * differences come from the alignment of a 64-bit integer. */
#if defined(__x86_64__) || (defined(__i386__) && defined(__GLIBC__))
#define EPSHIM_EVENT_SIZE 12
#define EPSHIM_EVENT_ALIGN 1
#define EPSHIM_EVENT_DATA_OFFSET 4
#elif defined(__m68k__)
#define EPSHIM_EVENT_SIZE 12
#define EPSHIM_EVENT_ALIGN 2
#define EPSHIM_EVENT_DATA_OFFSET 4
#elif defined(__i386__) || defined(__sh__) || defined(__arc__) || defined(__csky__)
#define EPSHIM_EVENT_SIZE 12
#define EPSHIM_EVENT_ALIGN 4
#define EPSHIM_EVENT_DATA_OFFSET 4
#else
#define EPSHIM_EVENT_SIZE 16
#define EPSHIM_EVENT_ALIGN 8
#define EPSHIM_EVENT_DATA_OFFSET 8
#endif

EPSHIM_STATIC_ASSERT_(epshim_event_size_differs,
                      sizeof(struct epoll_event) == EPSHIM_EVENT_SIZE,
                      "epshim: struct epoll_event has not the size this target's ABI gives it");
#if !defined(__STRICT_ANSI__) || defined(__cplusplus) || __STDC_VERSION__ >= 201112L
EPSHIM_STATIC_ASSERT_(epshim_event_align_differs,
                      EPSHIM_ALIGNOF_(struct epoll_event) == EPSHIM_EVENT_ALIGN,
                      "epshim: struct epoll_event has not the alignment this target's ABI gives it");
#endif
EPSHIM_STATIC_ASSERT_(epshim_event_events_moved,
                      offsetof(struct epoll_event, events) == 0,
                      "epshim: epoll_event.events is not at the start");
EPSHIM_STATIC_ASSERT_(epshim_event_data_moved,
                      offsetof(struct epoll_event, data) == EPSHIM_EVENT_DATA_OFFSET,
                      "epshim: epoll_event.data is not where this target's ABI has it");
EPSHIM_STATIC_ASSERT_(epshim_data_size_differs,
                      sizeof(epoll_data_t) == 8,
                      "epshim: epoll_data_t is not 64 bits wide");

/* Compiles only if a structure of yours has exactly the layout of struct epoll_event (C11, C++11).
 * Use it at file scope:
 *
 *     struct my_event { uint32_t events; uint64_t data; } __attribute__((packed));
 *     EPSHIM_ASSERT_EVENT_LAYOUT(struct my_event, events, data);
 */
#if defined(__cplusplus) || (defined(__STDC_VERSION__) && __STDC_VERSION__ >= 201112L)
#define EPSHIM_ASSERT_EVENT_LAYOUT(type, events_field, data_field)                                 \
    EPSHIM_STATIC_ASSERT_(, sizeof(type) == sizeof(struct epoll_event),                            \
                          #type ": size differs from struct epoll_event");                         \
    EPSHIM_STATIC_ASSERT_(, EPSHIM_ALIGNOF_(type) == EPSHIM_ALIGNOF_(struct epoll_event),          \
                          #type ": alignment differs from struct epoll_event");                    \
    EPSHIM_STATIC_ASSERT_(, offsetof(type, events_field) == offsetof(struct epoll_event, events),  \
                          #type "." #events_field ": offset differs from epoll_event.events");     \
    EPSHIM_STATIC_ASSERT_(, offsetof(type, data_field) == offsetof(struct epoll_event, data),      \
                          #type "." #data_field ": offset differs from epoll_event.data");         \
    EPSHIM_STATIC_ASSERT_(, sizeof(((type *)0)->events_field) == 4,                                \
                          #type "." #events_field ": is not 32 bits wide");                        \
    EPSHIM_STATIC_ASSERT_(, sizeof(((type *)0)->data_field) == 8,                                  \
                          #type "." #data_field ": is not 64 bits wide")
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* ---- libc's own ABI, under our names ---------------------------------------------------------
 *
 * Return value and errno equal libc's for every input. Each is async-signal-safe where the system
 * call is, but for the first call of epshim_pwait2, which looks up libc's function. */

/* Makes an epoll instance and returns its descriptor, which the caller closes.
 *   flags   0 or EPOLL_CLOEXEC
 * Errors: EINVAL (unknown flag), EMFILE, ENFILE, ENOMEM. See epoll_create1(2). */
int epshim_create1(int flags);

/* Adds, modifies or deletes the registration of fd.
 *   epfd    an epoll descriptor
 *   op      EPOLL_CTL_ADD, EPOLL_CTL_MOD or EPOLL_CTL_DEL
 *   fd      the descriptor to watch; a socket, pipe, eventfd... not a regular file
 *   event   the interest and the user data; not read for EPOLL_CTL_DEL, which may pass NULL
 * Returns 0.
 * Errors: EBADF, EEXIST (ADD: registered already), ENOENT (MOD, DEL: not registered), EPERM (fd
 * cannot be watched: regular file, directory), EINVAL (epfd is no epoll, fd is epfd, bad op, bad
 * use of EPOLLEXCLUSIVE), ELOOP, ENOMEM, ENOSPC, EFAULT. See epoll_ctl(2). */
int epshim_ctl(int epfd, int op, int fd, struct epoll_event *event);

/* Waits until something is ready.
 *   events     room for maxevents events, filled from the front
 *   maxevents  at least 1
 *   timeout    in milliseconds; 0 looks and returns, negative waits without limit
 * Returns how many events were written, 0 when the timeout passed.
 * Errors: EBADF, EINVAL (epfd is no epoll, maxevents out of range), EINTR, EFAULT.
 * A signal handler ends the wait with EINTR also under SA_RESTART. See epoll_wait(2). */
int epshim_wait(int epfd, struct epoll_event *events, int maxevents, int timeout);

/* Waits as epshim_wait, with the thread's signal mask replaced by *sigmask during the wait;
 * NULL leaves it. See epoll_pwait(2). */
int epshim_pwait(int epfd, struct epoll_event *events, int maxevents, int timeout,
                 const sigset_t *sigmask);

/* Waits as epshim_pwait, with the timeout in nanoseconds; NULL waits without limit.
 * Works on every libc and kernel: where they have no epoll_pwait2 (glibc before 2.35, musl, Linux
 * before 5.11) the timeout is rounded up to the next millisecond, never down.
 * Further errors: EINVAL (timeout negative, or tv_nsec above 999999999).
 * Not declared for 32-bit programs that ask glibc for another time_t than its default
 * (_TIME_BITS=64): use epshim_wait_split. See epoll_pwait2(2). */
#if !(defined(__TIMESIZE) && __TIMESIZE == 32 && defined(_TIME_BITS) && _TIME_BITS == 64)
struct timespec;
int epshim_pwait2(int epfd, struct epoll_event *events, int maxevents,
                  const struct timespec *timeout, const sigset_t *sigmask);
#endif

/* Closes an epoll descriptor: close(2), EINTR and EIO included (the descriptor is closed even
 * then). The registrations end with the last descriptor of the same epoll. A thread that waits on
 * it is not woken. */
int epshim_close(int epfd);

/* ---- Without the structure: for the FFI of other languages ----------------------------------- */

/* epshim_ctl without struct epoll_event: the interest and the 64 bits of user data as integers.
 * Return value and errors as epshim_ctl with ADD, MOD and DEL. */
int epshim_add(int epfd, int fd, uint32_t events, uint64_t data);
int epshim_modify(int epfd, int fd, uint32_t events, uint64_t data);
int epshim_delete(int epfd, int fd);

/* Waits, and writes the deliveries into two plain arrays.
 *   events, data  room for maxevents elements each; element i of both is delivery i. Not NULL
 *                 (EFAULT); otherwise they must be writable, as for any C function
 *   maxevents     at least 1. One call returns at most 256; the rest stays ready for the next
 *   timeout_ns    in nanoseconds; 0 looks and returns, negative waits without limit
 * Returns how many were written. On failure and on timeout the arrays are not touched.
 * Errors: EBADF, EINVAL, EINTR, EFAULT. */
int epshim_wait_split(int epfd, uint32_t *events, uint64_t *data, int maxevents,
                      int64_t timeout_ns);

/* ---- What the library says of itself --------------------------------------------------------- */

/* The layout of struct epoll_event that the library was built with, in bytes. */
struct epshim_layout {
    uint32_t size;          /* sizeof(struct epoll_event) */
    uint32_t align;         /* _Alignof(struct epoll_event) */
    uint32_t events_offset; /* offsetof(struct epoll_event, events) */
    uint32_t data_offset;   /* offsetof(struct epoll_event, data) */
    uint32_t data_size;     /* sizeof(epoll_data_t) */
    uint32_t data_align;    /* _Alignof(epoll_data_t) */
    uint32_t packed;        /* 1: packed; 0: the natural layout of its fields */
};

/* Writes the layout into *out and returns 0. Errors: EFAULT (out is NULL). */
int epshim_layout(struct epshim_layout *out);

/* The version of the library, "MAJOR.MINOR.PATCH", a static string; cannot fail. Compare with
 * EPSHIM_VERSION, the version of this header. */
const char *epshim_version(void);

#ifdef __cplusplus
}
#endif

#endif /* EPSHIM_H */
