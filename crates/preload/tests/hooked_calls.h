/*
 * The calls whose hooks are measured: in instructions by overhead.c, and in nanoseconds by epshim-bench (hooks.c). They
 * are made through a pointer to the function that the program gets, or to libc's own.
 */
#ifndef HOOKED_CALLS_H
#define HOOKED_CALLS_H

#include <dlfcn.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

typedef int wait_function(int, struct epoll_event *, int, int);
typedef int control_function(int, int, int, struct epoll_event *);
typedef ssize_t read_function(int, void *, size_t);
typedef ssize_t write_function(int, const void *, size_t);
typedef ssize_t recv_function(int, void *, size_t, int);
typedef int close_function(int);
typedef int poll_function(struct pollfd *, nfds_t, int);
typedef int select_function(int, fd_set *, fd_set *, fd_set *, struct timeval *);

static int epfd, registered, null, unwatched;

static long wait_once(uintptr_t function)
{
    struct epoll_event event;
    return ((wait_function *)function)(epfd, &event, 1, 0);
}

static long control_once(uintptr_t function)
{
    struct epoll_event event = {.events = EPOLLIN};
    return ((control_function *)function)(epfd, EPOLL_CTL_MOD, registered, &event);
}

static long read_once(uintptr_t function)
{
    char byte;
    return ((read_function *)function)(null, &byte, 1);
}

static long write_once(uintptr_t function)
{
    return ((write_function *)function)(null, "x", 1);
}

static long recv_once(uintptr_t function)
{
    char byte;
    return ((recv_function *)function)(unwatched, &byte, 1, MSG_DONTWAIT);
}

static long close_once(uintptr_t function)
{
    return ((close_function *)function)(-1);
}

static long poll_once(uintptr_t function)
{
    struct pollfd entry = {.fd = null, .events = POLLIN};
    return ((poll_function *)function)(&entry, 1, -1);
}

static long select_once(uintptr_t function)
{
    fd_set set;
    FD_ZERO(&set);
    FD_SET(null, &set);
    return ((select_function *)function)(null + 1, &set, NULL, NULL, NULL);
}

static const struct call {
    const char *name;
    long (*once)(uintptr_t);
    long expected;
} calls[] = {
    {"epoll_wait", wait_once, 1}, {"epoll_ctl", control_once, 0}, {"read", read_once, 0},
    {"write", write_once, 1},     {"recv", recv_once, -1},        {"close", close_once, -1},
    {"poll", poll_once, 1},       {"select", select_once, 1},
};
#define CALLS (sizeof calls / sizeof *calls)

static _Noreturn void fail(const char *what)
{
    fprintf(stderr, "hooks: %s\n", what);
    exit(1);
}

static void prepare(void)
{
    struct epoll_event event = {.events = EPOLLIN};
    int ends[2];
    epfd = epoll_create1(0);
    registered = eventfd(1, 0);
    null = open("/dev/null", O_RDWR);
    if (epfd < 0 || registered < 0 || null < 0 || socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0)
        fail("no descriptors");
    unwatched = ends[0];
    if (epoll_ctl(epfd, EPOLL_CTL_ADD, registered, &event) < 0)
        fail("epoll_ctl");
}

/* libc's own, and the one that the program gets. */
static void find_both(const char *name, uintptr_t both[2])
{
    void *libc = dlopen("libc.so.6", RTLD_LAZY | RTLD_NOLOAD);
    if (libc == NULL)
        fail("libc.so.6 is not there");
    both[0] = (uintptr_t)dlsym(libc, name);
    both[1] = (uintptr_t)dlsym(RTLD_DEFAULT, name);
}

#endif
