/*
 * Chaos: the faults of `epshim chaos`, made between the book-keeping and libc, in the generated hooks of watched
 * descriptors (build/calls.rs). The checker sees what the program asked and what it got, as if libc had done it.
 *
 * What is made is decided in Rust (src/entry/chaos.rs), before the call and after it, never around it. Without
 * chaos each such hook has one branch more, which is never taken.
 */
#ifndef EPSHIM_CHAOS_H
#define EPSHIM_CHAOS_H

#include "hooks.h"

#pragma GCC visibility push(hidden)

/* A call, and what is to become of it. */
struct chaos {
    uint64_t asked; /* bytes, events */
    uint64_t room;  /* what the kernel is asked for instead */
    int error;      /* not 0: the kernel is not asked, and this is told */
    int lost;       /* the connection that is accepted is closed, or the connect goes on, and this is told */
    uint64_t fault; /* the fault and one; 0: none */
    uint64_t gives; /* what it gives; of a connect, before: the family of the address */
    int signal;     /* sent to the thread before an error is told; 0: none */
};

/* Before a call on a descriptor, and after it. */
void on_chaos_input(struct chaos *chaos, int fd, int flags, const void *site);
void on_chaos_output(struct chaos *chaos, int fd, int flags, const void *site);
void on_chaos_moved(const struct chaos *chaos, int fd, bool is_output, ssize_t got, const void *site);
void on_chaos_accept(struct chaos *chaos, int fd, const void *site);
void on_chaos_accepted(const struct chaos *chaos, int fd, int got, const void *site);
void on_chaos_wait(struct chaos *chaos, int epfd, int64_t timeout, const void *site);
/* Returns how many events there are now. */
int on_chaos_waited(const struct chaos *chaos, int epfd, struct epoll_event *events, int count,
                    const void *site);
/* Makes the call under the lock of chaos, and returns what it returned, an error below 0. false: it was not
 * made, for this thread is in the book-keeping. */
bool on_chaos_ctl(int epfd, int op, int fd, struct epoll_event *event, const void *site, int *result);
/* An ioctl was made: the program may know how much there is. */
void on_chaos_counted(int fd);
void on_chaos_connect(struct chaos *chaos, int fd, const void *site);
/* It returned with this error, 0: none. Whether `lost` is to be told. */
bool on_chaos_connected(const struct chaos *chaos, int fd, int error);

/* The next epoll_ctl, for Rust. */
int epshim_next_epoll_ctl(int epfd, int op, int fd, struct epoll_event *event);

/* Lists of buffers that are cut; of longer ones nothing is cut. */
#define CUT_PARTS 16

/* Copies a list as the kernel would read it, and returns the room in it; 0: it cannot be cut. */
uint64_t cuttable(struct iovec *copy, const struct iovec *parts, int count);
/* Cuts the copy, and returns how many parts are left. */
int cut(struct iovec *copy, int count, uint64_t room);

int chaos_ctl(int epfd, int op, int fd, struct epoll_event *event, const void *site);

/* Likewise of a message on a stream without control data, whose copy is `whole`. */
uint64_t cuttable_message(struct iovec *copy, struct msghdr *whole, const struct msghdr *message);

/* The family of an address; 0: it has none, or cannot be read. */
uint64_t family_of(const struct sockaddr *address, socklen_t length);
/* An address of the socket's family on this machine which nobody has. Returns its length. */
socklen_t address_of_nobody(int fd, struct sockaddr_storage *address);

/* Fails, after the signal that is to interrupt the call: its handler may leave by siglongjmp(3). */
int told(const struct chaos *chaos, int error);

#pragma GCC visibility pop

#endif
