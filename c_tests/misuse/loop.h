/* The scene of a misuse program: peers, time, and the last lines of its output.
 *
 * Each program is compiled twice: as it is it misuses epoll, with -DRIGHT it does the same job
 * rightly. The lines that differ are behind #ifndef RIGHT and #ifdef RIGHT, the wrong ones first.
 *
 * Nothing here calls epoll, nor reads or writes a registered descriptor: every call site that a
 * checker could report is in the program itself. What the programs' opening comments say is
 * described in crates/harness/src/misuse.rs. */
#ifndef LOOP_H
#define LOOP_H

#define _GNU_SOURCE

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* For limits and verdicts, which are no part of the misuse: the right version waits longer for what
 * must come, and must also have done its job. */
#ifndef RIGHT
enum { IS_MISUSE = 1 };
#else
enum { IS_MISUSE = 0 };
#endif

/* A call that cannot fail here, unless the machine is out of something. */
#define MUST(call) must((call), #call, __FILE__, __LINE__)

/* The deliveries of a wait; none if a signal ended it (signal(7): SIGCONT does so without any
 * handler). */
#define DELIVERED(wait) delivered((wait), #wait, __FILE__, __LINE__)

static inline int must(long result, const char *call, const char *file, int line)
{
    if (result == -1) {
        fprintf(stderr, "%s:%d: %s: %s\n", file, line, call, strerror(errno));
        exit(1);
    }
    return (int)result;
}

static inline int delivered(int result, const char *call, const char *file, int line)
{
    return result == -1 && errno == EINTR ? 0 : must(result, call, file, line);
}

static inline int64_t now_ns(void)
{
    struct timespec now;
    MUST(clock_gettime(CLOCK_MONOTONIC, &now));
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

/* A moment to come. */
static inline int64_t in_ms(int ms)
{
    return now_ns() + ms * INT64_C(1000000);
}

/* The timeout of a wait that shall end then. Rounded up: it is 0 only when the moment has come. */
static inline int ms_until(int64_t moment)
{
    int64_t left = moment - now_ns();
    return left <= 0 ? 0 : (int)((left + 999999) / 1000000);
}

static inline void sleep_until(int64_t moment)
{
    struct timespec until = {.tv_sec = (time_t)(moment / 1000000000),
                             .tv_nsec = (long)(moment % 1000000000)};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
        ;
}

/* A socket of this type on the loopback, with a port of the kernel's choice. */
static inline int bind_to_loopback(int type, struct sockaddr_in *address)
{
    socklen_t size = sizeof(*address);
    int fd = MUST(socket(AF_INET, type | SOCK_CLOEXEC, 0));
    *address = (struct sockaddr_in){.sin_family = AF_INET,
                                    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    MUST(bind(fd, (struct sockaddr *)address, size));
    MUST(getsockname(fd, (struct sockaddr *)address, &size));
    return fd;
}

static inline int listen_on_loopback(int flags, struct sockaddr_in *address)
{
    int fd = bind_to_loopback(SOCK_STREAM | flags, address);
    MUST(listen(fd, 16));
    return fd;
}

static inline int connect_to(const struct sockaddr_in *address)
{
    int fd = MUST(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    MUST(connect(fd, (const struct sockaddr *)address, sizeof(*address)));
    return fd;
}

/* A connection whose one end, `ours`, is for the loop and does not block; the peer's does. */
static inline void connect_pair(int *ours, int *peer)
{
    int ends[2];
    MUST(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends));
    MUST(fcntl(ends[0], F_SETFL, O_NONBLOCK));
    *ours = ends[0];
    *peer = ends[1];
}

/* Sends all of it, little as it is. An end that does not block may have no room for a moment. */
static inline void tell(int fd, const char *text)
{
    while (send(fd, text, strlen(text), MSG_NOSIGNAL) == -1) {
        struct pollfd room = {.fd = fd, .events = POLLOUT};
        MUST(errno == EAGAIN ? poll(&room, 1, -1) : -1);
    }
}

/* What was seen, in numbers, and the verdict on it. */
__attribute__((format(printf, 2, 3))) static inline int report(bool misbehaved, const char *format,
                                                               ...)
{
    va_list numbers;
    va_start(numbers, format);
    vprintf(format, numbers);
    va_end(numbers);
    printf("\nmisbehaved: %s\n", misbehaved ? "yes" : "no");
    return 0;
}

#endif
