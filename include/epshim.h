/* epshim: epoll with a proven ABI.
 *
 * The only public header of libepshim. C99 and later, C++11 and later.
 *
 * Contract of every function, unless it says otherwise:
 *   - Failure is -1 with errno set. On success errno is left alone.
 *   - No call is retried: EINTR is returned, as by libc.
 *   - A pointer that the kernel cannot use is EFAULT, not a crash.
 *   - The library takes no lock. But for the reactor, which has a contract of its own below, it
 *     keeps no state, allocates nothing and owns nothing: call it from any thread, and after fork,
 *     and close what you create.
 *   - A child of fork shares the parent's epoll: what it deletes is deleted for both.
 *   - epshim_wait, epshim_pwait, epshim_pwait2, epshim_wait_split and epshim_close are
 *     cancellation points, and no other function is.
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
#elif defined(__i386__) || defined(__sh__) || defined(__arc__) || defined(__csky__) \
    || defined(__or1k__) || (defined(__arm__) && !defined(__ARM_EABI__))
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

/* ---- The reactor: an event loop with callbacks ------------------------------------------------
 *
 *     static void on_ready(struct epshim_reactor *reactor, uint64_t handle, uint32_t events,
 *                          void *data);
 *
 *     struct epshim_reactor *reactor;
 *     uint64_t handle;
 *     epshim_reactor_new(&reactor);
 *     epshim_reactor_add(reactor, fd, EPOLLIN, on_ready, state, &handle);
 *     epshim_reactor_run(reactor);
 *     epshim_reactor_free(reactor);
 *
 * Rounds. One wait and the callbacks that follow from it are a round: first what the kernel has
 * reported, then the registrations that asked for another turn, then the timers that were due as
 * the round began, and last the callback of epshim_reactor_on_round_end. No callback is made twice
 * for one reason in one round.
 *
 * Handles. A handle names one registration, for as long as it lasts; 0 is never one. A handle of a
 * registration that has ended never names another. What the kernel reports for a registration that
 * has ended is dropped, also when it was reported before the end, and also when the descriptor's
 * number has been used again: no callback is made for it.
 *
 * Callbacks may call everything here but run, run_once and free (EBUSY), for any registration,
 * their own included. They must return normally: no longjmp, no C++ exception, no pthread_exit.
 *
 * Ownership. The descriptors and the data pointers stay the caller's. Remove a registration before
 * you close its descriptor; its data may be freed as soon as epshim_reactor_remove has returned,
 * also in its own callback.
 *
 * Threads. A reactor may be used by any thread, but by one at a time; only epshim_reactor_wake and
 * epshim_reactor_stop may be called at any time by every thread, and by signal handlers. Calling
 * another function while a different thread runs the reactor or is inside one of its functions,
 * or in a signal handler that interrupted one, is EINVAL.
 *
 * Cancellation is held off while a reactor runs, in its callbacks too: a pthread_cancel takes
 * effect after epshim_reactor_run has returned. End it with epshim_reactor_stop.
 *
 * After fork the child shares the reactor's descriptors with its parent. It may call
 * epshim_reactor_free, which changes nothing for the parent, and nothing else.
 *
 * Memory is allocated by epshim_reactor_new, and by epshim_reactor_add when there are more
 * registrations or higher descriptors than ever before; by nothing else, and never for an event.
 * Where it is refused they return ENOMEM, have left nothing behind, and the reactor goes on.
 *
 * Errors of each function that takes a reactor: EFAULT (reactor is NULL), EINVAL (used by another
 * thread); and of each that takes a handle: ENOENT (the registration has ended), EINVAL (a handle
 * of another reactor, or no handle). A reactor that was freed must not be used, as with free(3). */

struct epshim_reactor;

/* Called when a registration is ready (events says for what), or when its timer has expired
 * (events is 0).
 *   handle  the registration; it is there as the callback begins
 *   events  what is ready: only what the latest interest asked for, besides EPOLLERR and EPOLLHUP.
 *           EPOLLERR with the bit POLLNVAL (0x20): the kernel refused a change of interest, for
 *           the descriptor was closed before its registration was removed
 *   data    as it was given to epshim_reactor_add */
typedef void (*epshim_callback)(struct epshim_reactor *reactor, uint64_t handle, uint32_t events,
                                void *data);

/* Creates a reactor, which has two descriptors, both closed on exec, and writes it to *out.
 * Returns 0. Errors: EFAULT (out is NULL), EMFILE, ENFILE, ENOMEM, EAGAIN (65,535 reactors). On
 * failure *out is not touched. */
int epshim_reactor_new(struct epshim_reactor **out);

/* Frees a reactor and its registrations, closing its own descriptors and no others. NULL is left
 * alone. No thread may use the reactor any more, not even to wake or stop it.
 * Returns 0. Errors: EBUSY (called in one of its callbacks). */
int epshim_reactor_free(struct epshim_reactor *reactor);

/* Registers a descriptor and the interest in it.
 *   fd        the descriptor to watch; or -1 with no events: a registration that only has a timer
 *   events    the interest, with EPOLLET, EPOLLONESHOT, EPOLLEXCLUSIVE as for epoll_ctl(2)
 *   callback  called each time it is ready; not NULL
 *   data      passed to the callback
 *   handle    where to write the handle; NULL if it is not wanted: the callback gets it too
 * Returns 0. Errors: EFAULT (callback is NULL), those of epshim_ctl with EPOLL_CTL_ADD, ENOMEM,
 * ENOSPC (also: 2^24 registrations). On failure nothing is registered and *handle is not touched. */
int epshim_reactor_add(struct epshim_reactor *reactor, int fd, uint32_t events,
                       epshim_callback callback, void *data, uint64_t *handle);

/* Asks for another interest. The kernel is told before the next wait, once however often this is
 * called: a change that is taken back within a round makes no system call. What was reported in
 * this round, and is no longer asked for, is dropped.
 * To ask for the interest that is there already arms an EPOLLONESHOT that has fired, and has an
 * EPOLLET interest delivered again if the condition still holds (epoll(7), question 8); otherwise
 * it makes no system call.
 * Returns 0. If the kernel refuses the change, the callback is told; see epshim_callback.
 * Errors: EINVAL (also: no descriptor, or one of the interests is EPOLLEXCLUSIVE). */
int epshim_reactor_modify(struct epshim_reactor *reactor, uint64_t handle, uint32_t events);

/* Ends a registration: no callback is made for it any more, and its handle is never valid again.
 * Returns 0. Errors: EBADF (the descriptor was closed, and perhaps its number used again, before
 * the registration was removed; it has ended nevertheless). */
int epshim_reactor_remove(struct epshim_reactor *reactor, uint64_t handle);

/* Gives a registration another turn in the next round: for a callback that stops before it is
 * done, so that others get their turns. It comes after everybody else's of that round, or together
 * with what the kernel reports for it; the wait before it does not sleep.
 *   events  passed to the callback; not 0 (EINVAL)
 * Returns 0. */
int epshim_reactor_again(struct epshim_reactor *reactor, uint64_t handle, uint32_t events);

/* Sets the timer of a registration, in place of the one it had. Each has one. It is not repeated;
 * the callback may set it again. It never expires early, and one that has expired is called before
 * the next wait sleeps.
 *   timeout_ns  from now, in nanoseconds; negative takes the timer away
 * Returns 0. */
int epshim_reactor_timer(struct epshim_reactor *reactor, uint64_t handle, int64_t timeout_ns);

/* Sets what is called, in the thread that runs the reactor, after epshim_reactor_wake: with handle
 * 0 and events 0. NULL: nothing, which is so at first. Returns 0. */
int epshim_reactor_on_wake(struct epshim_reactor *reactor, epshim_callback callback, void *data);

/* Sets what is called, in the thread that runs the reactor, at the end of each round in which another
 * callback was made: with handle 0 and events 0. NULL: nothing, which is so at first. It is for what
 * is better done once for all callbacks of a round than in each of them, such as writing all that
 * they have read. It may call what every callback may; what it asks for comes in the next round.
 * The callback and data stay the caller's, who may set others at any time, in this callback too.
 * Returns 0. Not to be called in a signal handler (EINVAL if it interrupted the reactor). errno is
 * left alone. */
int epshim_reactor_on_round_end(struct epshim_reactor *reactor, epshim_callback callback,
                                void *data);

/* Sets for how long each wait looks again and again before it sleeps. This saves the time to sleep
 * and be woken, in exchange for a processor that is always busy: worth it where events are a few
 * microseconds apart. The spinning counts towards the timeout, and ends with it and at the next
 * timer. Signal handlers, but for those of faults, run when it is over, and end the wait then.
 *   spin_ns  in nanoseconds; 0: not at all, which is so at first
 * Returns 0. Errors: EINVAL (also: spin_ns is negative). */
int epshim_reactor_spin(struct epshim_reactor *reactor, int64_t spin_ns);

/* Wakes the reactor: ends its wait, and has the callback of epshim_reactor_on_wake called, at least
 * once after the last of several wake-ups. What was written to memory before this call is seen in
 * that callback. While a wake-up is pending another makes no system call.
 * Every thread may call it at any time, and a signal handler. Returns 0. */
int epshim_reactor_wake(struct epshim_reactor *reactor);

/* Has epshim_reactor_run return after the callback under way; if it does not run, at once when it
 * is next called. What is left of the round comes first when the reactor is next run. An
 * epshim_reactor_run_once is woken, and goes on as usual.
 * Every thread may call it at any time, and a signal handler. Returns 0. */
int epshim_reactor_stop(struct epshim_reactor *reactor);

/* Waits and makes callbacks until it is stopped. Signals do not end it (EINTR is not returned).
 * Returns 0. Errors: EBUSY (called in one of its callbacks). */
int epshim_reactor_run(struct epshim_reactor *reactor);

/* Waits once and makes the callbacks of that round; if a round was left in the middle by a stop,
 * finishes it without waiting.
 *   timeout_ns  in nanoseconds; 0 looks and returns, negative waits without limit
 * Returns how many callbacks were made, that of the round's end included; 0 when the timeout passed, or when the wait ended for
 * something that needs no callback. Errors: EBUSY (called in one of its callbacks), EINTR. */
int epshim_reactor_run_once(struct epshim_reactor *reactor, int64_t timeout_ns);

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
