/*
 * What a hook costs: the function that the program gets, which is the hook when the library is
 * preloaded, against libc's own, called by turns in blocks within one process.
 *
 * usage: LD_PRELOAD=libepshim_preload.so [EPSHIM_OPTIONS=mode=check] overhead [PAIRS]
 *
 * One line for each call: nanoseconds of libc's own, the median of what the hook adds, with the 95%
 * interval of that median (by rank), and the same in per cent.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BLOCK 2000

typedef int wait_function(int, struct epoll_event *, int, int);
typedef int control_function(int, int, int, struct epoll_event *);
typedef ssize_t read_function(int, void *, size_t);
typedef ssize_t write_function(int, const void *, size_t);
typedef ssize_t recv_function(int, void *, size_t, int);
typedef int close_function(int);
typedef int poll_function(struct pollfd *, nfds_t, int);
typedef int select_function(int, fd_set *, fd_set *, fd_set *, struct timeval *);

static int epfd, registered, null, unwatched;
static long done; /* every call's result is added, and the sum compared */

static void wait_block(uintptr_t function)
{
    struct epoll_event event;
    for (int i = 0; i < BLOCK; i++)
        done += ((wait_function *)function)(epfd, &event, 1, 0);
}

static void control_block(uintptr_t function)
{
    struct epoll_event event = {.events = EPOLLIN};
    for (int i = 0; i < BLOCK; i++)
        done += 1 + ((control_function *)function)(epfd, EPOLL_CTL_MOD, registered, &event);
}

static void read_block(uintptr_t function)
{
    char byte;
    for (int i = 0; i < BLOCK; i++)
        done += 1 + ((read_function *)function)(null, &byte, 1);
}

static void write_block(uintptr_t function)
{
    for (int i = 0; i < BLOCK; i++)
        done += ((write_function *)function)(null, "x", 1);
}

static void recv_block(uintptr_t function)
{
    char byte;
    for (int i = 0; i < BLOCK; i++)
        done += 2 + ((recv_function *)function)(unwatched, &byte, 1, MSG_DONTWAIT);
}

static void close_block(uintptr_t function)
{
    for (int i = 0; i < BLOCK; i++)
        done += 2 + ((close_function *)function)(-1);
}

static void poll_block(uintptr_t function)
{
    struct pollfd entry = {.fd = null, .events = POLLIN};
    for (int i = 0; i < BLOCK; i++)
        done += ((poll_function *)function)(&entry, 1, -1);
}

static void select_block(uintptr_t function)
{
    for (int i = 0; i < BLOCK; i++) {
        fd_set set;
        FD_ZERO(&set);
        FD_SET(null, &set);
        done += ((select_function *)function)(null + 1, &set, NULL, NULL, NULL);
    }
}

static double time_block(void (*block)(uintptr_t), uintptr_t function)
{
    struct timespec from, to;
    long before = done;
    clock_gettime(CLOCK_MONOTONIC, &from);
    block(function);
    clock_gettime(CLOCK_MONOTONIC, &to);
    if (done != before + BLOCK) {
        fprintf(stderr, "overhead: a call returned something else\n");
        exit(1);
    }
    return ((double)(to.tv_sec - from.tv_sec) * 1e9 + (double)(to.tv_nsec - from.tv_nsec)) / BLOCK;
}

static int compare(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

static void measure(const char *name, void (*block)(uintptr_t), void *libc, int pairs)
{
    double *added = calloc((size_t)pairs, sizeof(double));
    double *plain = calloc((size_t)pairs, sizeof(double));
    uintptr_t ours = (uintptr_t)dlsym(RTLD_DEFAULT, name), theirs = (uintptr_t)dlsym(libc, name);
    for (int i = -2; i < pairs; i++) { /* two pairs to warm up */
        int is_ours_first = i % 2 == 0;
        double first = time_block(block, is_ours_first ? ours : theirs);
        double second = time_block(block, is_ours_first ? theirs : ours);
        if (i < 0)
            continue;
        plain[i] = is_ours_first ? second : first;
        added[i] = is_ours_first ? first - second : second - first;
    }
    qsort(added, (size_t)pairs, sizeof(double), compare);
    qsort(plain, (size_t)pairs, sizeof(double), compare);
    int half = (int)ceil(0.98 * sqrt(pairs));
    double base = plain[pairs / 2], low = added[pairs / 2 - half], high = added[pairs / 2 + half];
    printf("%-12s %7.1f ns %+6.2f ns [%+.2f, %+.2f] %+6.2f%% [%+.2f, %+.2f]%s\n", name, base,
           added[pairs / 2], low, high, added[pairs / 2] / base * 100, low / base * 100,
           high / base * 100, ours == theirs ? " (libc itself)" : "");
    free(added);
    free(plain);
}

int main(int count, char **arguments)
{
    int pairs = count > 1 ? atoi(arguments[1]) : 1000, ends[2];
    void *libc = dlopen("libc.so.6", RTLD_LAZY | RTLD_NOLOAD);
    struct epoll_event event = {.events = EPOLLIN};
    if (libc == NULL || pairs < 10)
        return 2;
    epfd = epoll_create1(0);
    registered = eventfd(1, 0);
    null = open("/dev/null", O_RDWR);
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0)
        return 1;
    unwatched = ends[0];
    epoll_ctl(epfd, EPOLL_CTL_ADD, registered, &event);
    measure("epoll_wait", wait_block, libc, pairs);
    measure("epoll_ctl", control_block, libc, pairs);
    measure("read", read_block, libc, pairs);
    measure("write", write_block, libc, pairs);
    measure("recv", recv_block, libc, pairs);
    measure("close", close_block, libc, pairs);
    measure("poll", poll_block, libc, pairs);
    measure("select", select_block, libc, pairs);
    return 0;
}
