/*
 * The line between the hooks, in C, and the book-keeping, in Rust (src/entry/).
 *
 * The hooks forward every call and keep nothing. They report it before or after the call,
 * never around it: no Rust frame lies under a call that can block, so that pthread_cancel unwinds
 * C frames only. Everything here may be called from a signal handler, and leaves errno as it was.
 */
#ifndef EPSHIM_ENTRY_H
#define EPSHIM_ENTRY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>

#pragma GCC visibility push(hidden)

/* Descriptors at and above this number are not watched, which the report says. */
#define WATCHABLE (1u << 20)
#define WORD_BITS (8 * sizeof(unsigned long))

/* Bit FD is set while something is known of FD: it is an epoll, or registered in one. */
extern _Atomic unsigned long epshim_watched[WATCHABLE / WORD_BITS];

static inline bool is_watched(int fd)
{
    unsigned number = (unsigned)fd;
    if (number >= WATCHABLE)
        return false;
    return atomic_load_explicit(&epshim_watched[number / WORD_BITS], memory_order_relaxed) >>
               (number % WORD_BITS) & 1;
}

/* No descriptor from here on was watched since the start; 0: none was, and no call of poll or select
 * matters. */
extern _Atomic unsigned epshim_watched_end;

/* Whether a write to a watched descriptor was short or found no room since the start: else no thread
 * waits for room in one. */
extern _Atomic bool epshim_any_unwritten;

/* Whether SIGPIPE was seen to be ignored or handled: then no write ends the program. */
extern _Atomic bool epshim_sigpipe_is_harmless;

static inline bool may_raise_sigpipe(void)
{
    return !atomic_load_explicit(&epshim_sigpipe_is_harmless, memory_order_relaxed);
}

/* Whether the program's language has lines that the library can read (src/questions/python.rs): then every socket
 * that is made is reported. */
extern _Atomic bool epshim_has_lines;

/* Whether anything is checked at all. False: transparent, and nothing below is called. */
extern _Atomic bool epshim_checking;

/* Whether faults are made (chaos.h). */
extern _Atomic bool epshim_chaos;

/* Whether a thread of the library uses descriptors of the program just now (src/questions/hazard.rs):
 * then the hooks report every close. */
extern _Atomic bool epshim_hazard;

/* What the hooks and the library may not call of their own, because of a sandbox: a bit for each group
 * of calls (src/runtime/sandbox.rs). */
extern _Atomic unsigned epshim_refused;
#define REFUSED_SLEEP (1u << 1)
#define REFUSED_DESCRIPTORS (1u << 4)

static inline bool may_call(unsigned refused)
{
    return (atomic_load_explicit(&epshim_refused, memory_order_relaxed) & refused) == 0;
}

/* How deep this thread is in the book-keeping: a signal handler finds more than 0. */
int *epshim_depth(void);
/* Where on the stack this thread entered it, or 0. */
uintptr_t *epshim_frame(void);
/* This thread's id; 0 before the library has asked for it. */
int *epshim_tid(void);
/* Its place among the loops of the page (src/runtime/loops.rs), from 1; 0: it has asked for none. */
uint32_t *epshim_place(void);
/* What it has read last: a descriptor, as src/books/slot.rs writes one; 0: nothing. */
uint32_t *epshim_source(void);
/* Its ring, as src/runtime/rings.rs numbers them; 0: none. */
uint32_t *epshim_ring(void);

/* The program is about to enter a sandbox (seccomp(2)), or only asks whether it could; and then it has
 * entered it, or not. */
void on_sandbox_begin(const void *site, bool is_earnest);
void on_sandbox_end(bool has_entered);
/* In a sandbox: write(2) to fd has succeeded. */
void on_written(int fd);

/* The constructor runs; options is EPSHIM_OPTIONS, or NULL. Sets epshim_checking. */
void on_start(const char *options);

/* What kind of input or output a call is: enum io_kind, made of functions.toml. */
#include "io_kind.h"

/* An epoll was made. */
void on_epoll_created(int epfd, int flags, const void *site);
/* epoll_ctl is about to be called: what it adds may be delivered to another thread before it returns.
 * What this returns is for on_epoll_ctl. The event is not looked at: that is the kernel's first. */
uint64_t on_epoll_ctl_begin(int epfd, int op, int fd);
/* epoll_ctl returned; error is 0 or its errno. event may be NULL or unreadable where error is not 0,
 * and where op is EPOLL_CTL_DEL. */
void on_epoll_ctl(int epfd, int op, int fd, const struct epoll_event *event, int error, uint64_t begun,
                  const void *site);
/* A wait is about to be made; timeout in nanoseconds, negative for none. It may never end, for this
 * thread: pthread_cancel, or siglongjmp from a handler. */
void on_wait_begin(int epfd, int maxevents, int64_t timeout, const void *site);
/* It returned count deliveries, or -1 and error. */
void on_wait_end(int epfd, const struct epoll_event *events, int count, int error);

/* This thread is about to wait for room in a watched descriptor, in poll or select. wait is another
 * number for each call that the thread is in: a signal handler may make one too. The call may never
 * end, as above. */
void on_room_awaited(int fd, uintptr_t wait);
/* That wait ended, for all its descriptors. */
void on_room_wait_ended(uintptr_t wait);
/* poll or select said that a watched descriptor has input. */
void on_input_polled(int fd);

/* A call that may block on a watched descriptor is about to be made; dontwait: it asked not to block. */
void on_io_begin(int fd, enum io_kind kind, bool dontwait, const void *site);
/* Likewise, a write that did not ask to be spared SIGPIPE. Before on_io_begin. */
void on_unguarded_write(int fd, const void *site);
/* It returned: got as the call did, error is 0 or its errno. asked is 0 where a list of buffers was
 * not read by the kernel. A write that knows only that something is left asks for got + 1; sendfile
 * and splice, whose short counts may be due to the other side, for got, and splice does not report its
 * output of an error, for the same reason. */
void on_io_end(int fd, enum io_kind kind, size_t asked, ssize_t got, int error, const void *site);

/* A socket was made, accepted, or connected, where epshim_has_lines. */
void on_opened(int fd, const void *site);

/* connect returned; error is 0 or its errno. */
void on_connected(int fd, int error, const void *site);
/* The error of a watched socket was asked for: SO_ERROR. */
void on_error_taken(int fd, const void *site);

/* While a hazard is announced: these are about to be closed, watched or not. */
void on_closing_any(unsigned first, unsigned last);
/* A watched descriptor is about to be closed (or replaced, by dup2 and dup3). */
void on_closing(int fd, const void *site);
/* A descriptor's file has another descriptor now. from is watched. */
void on_duplicated(int from, int to, const void *site);
/* O_NONBLOCK of a watched descriptor may have changed. */
void on_flags_changed(int fd);
/* A watched descriptor was shut down for writing. */
void on_shut_down(int fd);
/* A call that the hooks cannot follow was made through syscall(2): io_uring_setup. */
void on_unseen(long number);
/* A call is about to be made that the library's thread must not be there for, */
void on_alone_begin(void);
/* and has returned. */
void on_alone_end(void);
/* fork is about to be made by this thread, and nothing else runs in it until one of these: */
void on_fork_begin(void);
/* fork returned in the parent, */
void on_fork_parent(void);
/* or in the child. */
void on_fork_child(void);
/* The program is about to execute another one. Any thread, and a signal handler too; a child of vfork.
 * Returns whether on_exec_failed is to be called if that fails. */
bool on_exec_begin(void);
void on_exec_failed(void);
/* A program is about to be started by a function that forks by itself. Any thread. */
void on_spawned(void);
/* The program is about to wait for any child, of every kind. Any thread, and a signal handler too. */
void on_clones_awaited(void);
/* That call has returned. */
void on_clones_waited_for(void);
/* The program ends by exit(3), whose handlers have run. Returns the status that it is to have, or -1: its
 * own. */
int on_end(void);
/* It is about to end at once, with as little. Any thread, and a signal handler too, anywhere; a child of
 * vfork. Returns the same. */
int on_leaving(void);

#pragma GCC visibility pop

#endif
