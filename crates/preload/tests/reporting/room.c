/*
 * usage: room room|input|another
 *
 * A thread for each way to wait without epoll. Each has a socket of its own that an epoll watches for
 * input, fills it, and then waits: for room in it, for input of it, or for room in another one. The
 * peer comes two seconds later. Only the first has not forgotten what it could not write.
 */
#define _GNU_SOURCE
#include "check.h"

#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Declared by no header, or only with -D_FORTIFY_SOURCE. Weak: musl does not have them. */
__attribute__((weak)) int __poll(struct pollfd *entries, nfds_t count, int timeout);
__attribute__((weak)) int __poll_chk(struct pollfd *entries, nfds_t count, int timeout, size_t room);
__attribute__((weak)) int __ppoll_chk(struct pollfd *entries, nfds_t count,
                                      const struct timespec *timeout, const sigset_t *mask, size_t room);
__attribute__((weak)) int __select(int limit, fd_set *reading, fd_set *writing, fd_set *exceptional,
                                   struct timeval *timeout);

/* What a thread waits for: room in `awaited`, or input of it. */
struct worker {
    int fd, peer, awaited, other[2];
    short events;
};

static char bytes[65536];

static void fill(int fd)
{
    while (send(fd, bytes, sizeof(bytes), MSG_DONTWAIT) > 0)
        continue;
}

/* Each has a call of its own that finds no room: a finding is reported once for each. */
#define WORKER(name, call)                                                                         \
    static void *name(void *argument)                                                              \
    {                                                                                              \
        struct worker *worker = argument;                                                          \
        struct pollfd entry = {worker->awaited, worker->events, 0};                                \
        fd_set set, *reading = NULL, *writing = NULL;                                              \
        FD_ZERO(&set);                                                                             \
        FD_SET(worker->awaited, &set);                                                             \
        *(worker->events == POLLOUT ? &writing : &reading) = &set;                                 \
        while (send(worker->fd, bytes, sizeof(bytes), MSG_DONTWAIT) > 0)                           \
            continue;                                                                              \
        (void)entry, (void)reading, (void)writing;                                                 \
        CHECK_EQ(call, 1);                                                                         \
        CHECK_EQ(send(worker->fd, bytes, 1, 0), 1);                                                \
        return NULL;                                                                               \
    }

#define LIMIT worker->awaited + 1

WORKER(with_poll, poll(&entry, 1, -1))
WORKER(with_inner_poll, (__poll == NULL ? poll : __poll)(&entry, 1, 60000))
WORKER(with_checked_poll, __poll_chk == NULL ? poll(&entry, 1, -1)
                                             : __poll_chk(&entry, 1, -1, sizeof(entry)))
WORKER(with_ppoll, ppoll(&entry, 1, NULL, NULL))
WORKER(with_checked_ppoll, __ppoll_chk == NULL ? ppoll(&entry, 1, NULL, NULL)
                                               : __ppoll_chk(&entry, 1, NULL, NULL, sizeof(entry)))
WORKER(with_select, select(LIMIT, reading, writing, NULL, NULL))
WORKER(with_inner_select, (__select == NULL ? select : __select)(LIMIT, reading, writing, NULL, NULL))
WORKER(with_pselect, pselect(LIMIT, reading, writing, NULL, NULL, NULL))
WORKER(with_ppoll_by_number, (int)syscall(SYS_ppoll, &entry, 1L, NULL, NULL, 8L))
WORKER(with_pselect_by_number, (int)syscall(SYS_pselect6, (long)LIMIT, reading, writing, NULL, NULL, NULL))

static void *(*const ways[])(void *) = {
    with_poll,       with_inner_poll, with_checked_poll, with_ppoll,           with_checked_ppoll,
    with_select, with_inner_select, with_pselect,      with_ppoll_by_number, with_pselect_by_number};
enum { WAYS = sizeof(ways) / sizeof(ways[0]) };

static void drain(int fd)
{
    static char taken[65536];
    while (recv(fd, taken, sizeof(taken), MSG_DONTWAIT) > 0)
        continue;
}

static void make(struct worker *worker, const char *what)
{
    int ends[2];
    CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    worker->fd = ends[0];
    worker->peer = ends[1];
    CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, worker->other), 0);
    worker->awaited = strcmp(what, "another") == 0 ? worker->other[0] : worker->fd;
    worker->events = strcmp(what, "input") == 0 ? POLLIN : POLLOUT;
    if (worker->awaited != worker->fd)
        fill(worker->awaited);
}

int main(int count, char **arguments)
{
    struct worker workers[WAYS];
    pthread_t threads[WAYS];
    struct epoll_event event = {.events = EPOLLIN};
    int epfd = epoll_create1(0);
    CHECK_EQ(count, 2);
    for (int i = 0; i < WAYS; i++) {
        make(&workers[i], arguments[1]);
        CHECK_EQ(epoll_ctl(epfd, EPOLL_CTL_ADD, workers[i].fd, &event), 0);
        CHECK_EQ(pthread_create(&threads[i], NULL, ways[i], &workers[i]), 0);
    }
    for (int ticks = 0; ticks < 22; ticks++)
        CHECK_EQ(epoll_wait(epfd, &event, 1, 100), 0);
    for (int i = 0; i < WAYS; i++) {
        drain(workers[i].peer);
        drain(workers[i].other[1]);
        CHECK_EQ(send(workers[i].peer, "x", 1, 0), 1);
    }
    for (int i = 0; i < WAYS; i++)
        CHECK_EQ(pthread_join(threads[i], NULL), 0);
    return 0;
}
