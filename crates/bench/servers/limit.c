/* The limit: what an echo server on epoll can reach on this processor, by means that are not to be copied.
 *
 * It does what c_tests/echo does, in the same order: edge-triggered, registered once, all messages of a
 * round read first and then written. But the three calls of a message, epoll_wait(2), recv(2) and send(2),
 * are inlined system calls, and all of a turn is inlined into one loop: no function lies between two calls,
 * and so no return from one. After a system call such a return is often mispredicted on processors with
 * the mitigation "Safe RET" (spec_rstack_overflow in /sys/devices/system/cpu/vulnerabilities), and after a
 * sleep nearly always; on others it is not. The price: no such call is a cancellation point, a sanitizer or
 * a preloaded library does not see them, and on other architectures libc makes them.
 *
 * As a peer it stops at SIGTERM at once. */
#define _GNU_SOURCE
#include "peer.h"

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>

#define ALWAYS_INLINE inline __attribute__((always_inline))
#define UNLIKELY(condition) __builtin_expect(condition, 0)

enum {
    BATCH = 256,
    STREAM_SIZE = 32 * 1024, /* a peer that sends this much at once is probably still sending */
    PACKED_SIZE = 16 * 1024, /* this much is packed in the buffer, and then it is written */
};

static const uint32_t INTEREST = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
/* After these a short read proves nothing: the end or an error follows the data. */
static const uint32_t READ_ON = EPOLLRDHUP | EPOLLHUP | EPOLLERR;

struct connection {
    int fd;
    bool readable, read_on, queued;
    char *pending; /* what the peer was too slow to take; until it is sent nothing is read */
    size_t pending_start, pending_end;
    struct connection *next_ready;
};

static struct connection *first_ready, *last_ready;
static struct {
    struct connection *from;
    size_t size;
} packed[BATCH];
static size_t messages, packed_size;
static int stop_signals;

/* ---- System calls: a number or a size, or an error's number negated -------------------------- */

#if defined(__x86_64__) && defined(__LP64__)
/* syscall(2), architecture calling conventions. */
static ALWAYS_INLINE long call(long number, int fd, const void *data, size_t size, int flags)
{
    register long fourth __asm__("r10") = flags;
    register long address __asm__("r8") = 0;
    register long length __asm__("r9") = 0;
    long result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"((long)fd), "S"(data), "d"(size), "r"(fourth), "r"(address),
                       "r"(length)
                     : "rcx", "r11", "memory");
    return result;
}
#elif defined(__aarch64__) && defined(__LP64__)
static ALWAYS_INLINE long call(long number, int fd, const void *data, size_t size, int flags)
{
    register long which __asm__("x8") = number;
    register long result __asm__("x0") = fd;
    register const void *second __asm__("x1") = data;
    register size_t third __asm__("x2") = size;
    register long fourth __asm__("x3") = flags;
    register long address __asm__("x4") = 0;
    register long length __asm__("x5") = 0;
    __asm__ volatile("svc 0"
                     : "+r"(result)
                     : "r"(which), "r"(second), "r"(third), "r"(fourth), "r"(address), "r"(length)
                     : "memory");
    return result;
}
#else
static long call(long number, int fd, const void *data, size_t size, int flags)
{
    long result = syscall(number, fd, data, size, flags, 0, 0);
    return result == -1 ? -errno : result;
}
#endif

/* Without a signal mask epoll_pwait is epoll_wait, which aarch64 has not. */
static ALWAYS_INLINE long wait_for_events(int epoll, struct epoll_event *batch, int timeout)
{
    return call(SYS_epoll_pwait, epoll, batch, BATCH, timeout);
}

static ALWAYS_INLINE long receive(int fd, char *data, size_t size)
{
    return call(SYS_recvfrom, fd, data, size, 0);
}

static ALWAYS_INLINE long send_some(int fd, const char *data, size_t size)
{
    long sent = call(SYS_sendto, fd, data, size, MSG_NOSIGNAL);
    return sent == -EAGAIN ? 0 : sent;
}

/* ---- Connections ----------------------------------------------------------------------------- */

static ALWAYS_INLINE void make_ready(struct connection *c)
{
    if (c->queued)
        return;
    c->queued = true;
    c->next_ready = NULL;
    if (last_ready)
        last_ready->next_ready = c;
    else
        first_ready = c;
    last_ready = c;
}

static ALWAYS_INLINE void note(struct connection *c, uint32_t events)
{
    if (events & (EPOLLIN | READ_ON))
        c->readable = true;
    if (events & READ_ON)
        c->read_on = true;
    if (c->pending ? events & (EPOLLOUT | READ_ON) : c->readable)
        make_ready(c);
}

static ALWAYS_INLINE void end_turn(struct connection *c, bool open)
{
    if (UNLIKELY(!open)) {
        close(c->fd);
        free(c->pending);
        free(c);
    } else if (c->readable && !c->pending) {
        make_ready(c);
    }
}

static bool flush(struct connection *c)
{
    long sent = send_some(c->fd, c->pending + c->pending_start, c->pending_end - c->pending_start);
    if (sent < 0)
        return false;
    c->pending_start += (size_t)sent;
    if (c->pending_start == c->pending_end) {
        free(c->pending);
        c->pending = NULL;
    }
    return true;
}

static ALWAYS_INLINE bool echo(struct connection *c, const char *message, size_t size)
{
    long sent = send_some(c->fd, message, size);
    if (UNLIKELY(sent < (long)size) && sent >= 0) {
        c->pending_start = 0;
        c->pending_end = size - (size_t)sent;
        c->pending = keep(message + sent, c->pending_end);
    }
    return sent >= 0;
}

/* Reads once, into the buffer from `at` on. Returns how much, 0 if nothing; -1 at the end. */
static ALWAYS_INLINE long read_once(struct connection *c, size_t at)
{
    size_t room = buffer_size - at;
    long got = receive(c->fd, buffer + at, room);
    if (got == -EAGAIN) {
        c->readable = c->read_on = false;
        return 0;
    }
    if (got <= 0)
        return -1;
    if ((size_t)got < room && !c->read_on)
        c->readable = false; /* drained: epoll(7), question 9 */
    return got;
}

static size_t read_more(struct connection *c, size_t at)
{
    size_t start = at;
    long got = STREAM_SIZE;
    while (got >= STREAM_SIZE && at < buffer_size) {
        got = read_once(c, at);
        at += got > 0 ? (size_t)got : 0;
    }
    if (got == -1)
        c->readable = c->read_on = true; /* the next turn finds the end again */
    return at - start;
}

static ALWAYS_INLINE void echo_packed(void)
{
    const char *message = buffer;
    for (size_t i = 0; i < messages; i++) {
        end_turn(packed[i].from, echo(packed[i].from, message, packed[i].size));
        message += packed[i].size;
    }
    messages = packed_size = 0;
}

static ALWAYS_INLINE void turn(struct connection *c)
{
    long got = 0;
    bool open = !UNLIKELY(c->pending != NULL) || flush(c);
    if (open && !c->pending && c->readable)
        got = read_once(c, packed_size);
    if (UNLIKELY(got >= STREAM_SIZE))
        got += (long)read_more(c, packed_size + (size_t)got);
    if (got <= 0) {
        end_turn(c, open && got == 0);
        return;
    }
    packed[messages].from = c;
    packed[messages++].size = (size_t)got;
    packed_size += (size_t)got;
    if (packed_size >= PACKED_SIZE || messages == BATCH)
        echo_packed();
}

static ALWAYS_INLINE void turns(void)
{
    struct connection *c = first_ready;
    first_ready = last_ready = NULL;
    while (c) {
        struct connection *next = c->next_ready;
        c->queued = false;
        turn(c);
        c = next;
    }
    echo_packed();
}

static void accept_all(int epoll, int listener)
{
    for (;;) {
        int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0 && (errno == ECONNABORTED || errno == EINTR))
            continue;
        if (fd < 0 && errno == EAGAIN)
            return;
        struct connection *c = fd < 0 ? NULL : calloc(1, sizeof(*c));
        struct epoll_event event = {.events = INTEREST, .data.ptr = c};
        if (c == NULL || epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0)
            fail("accept");
        c->fd = fd;
    }
}

static void on_signal(int number)
{
    const uint64_t one = 1;
    (void)number;
    if (write(stop_signals, &one, sizeof(one)) < 0)
        _exit(1);
}

int main(int argc, char **argv)
{
    int listener = start(argc, argv);
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event batch[BATCH];
    struct epoll_event listening = {.events = EPOLLIN, .data.ptr = &listening};
    struct epoll_event stopping = {.events = EPOLLIN, .data.ptr = &stopping};

    stop_signals = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &listening) < 0 ||
        epoll_ctl(epoll, EPOLL_CTL_ADD, stop_signals, &stopping) < 0)
        fail("epoll_ctl");
    signal(SIGTERM, on_signal);
    signal(SIGINT, on_signal);
    for (;;) {
        long ready = wait_for_events(epoll, batch, first_ready ? 0 : -1);
        if (ready < 0 && ready != -EINTR)
            return 1;
        bool accepting = false;
        for (long i = 0; i < ready; i++) {
            void *source = batch[i].data.ptr;
            if (source == &stopping)
                return 0;
            if (source == &listening)
                accepting = true;
            else
                note(source, batch[i].events);
        }
        turns();
        if (accepting)
            accept_all(epoll, listener);
    }
}
