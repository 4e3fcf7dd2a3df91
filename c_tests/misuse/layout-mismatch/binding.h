/* A language binding with its own idea of struct epoll_event, and ten pipes to try it with. */
#ifndef BINDING_H
#define BINDING_H

#include "../loop.h"

/* The commonest wrong layout: on x86 without the packing that is there, elsewhere with a packing
 * that is not (<sys/epoll.h>, __EPOLL_PACKED). */
#if defined(__x86_64__) || defined(__i386__)
struct wrong_event {
    uint32_t events;
    _Alignas(8) uint64_t data;
};
#else
struct wrong_event {
    uint32_t events;
    uint64_t data;
} __attribute__((packed));
#endif

enum { PIPES = 10 };

/* What the binding passes to the kernel, which takes it for what it is not; with room for both. */
union events {
    struct wrong_event wrong[PIPES];
    struct epoll_event real[PIPES];
};

struct pipes {
    int read[PIPES], write[PIPES];
};

static inline void open_pipes(struct pipes *pipes)
{
    for (int i = 0; i < PIPES; i++) {
        int ends[2];
        MUST(pipe2(ends, O_CLOEXEC | O_NONBLOCK));
        pipes->read[i] = ends[0];
        pipes->write[i] = ends[1];
    }
}

/* Which of them it is; -1 for a number that is none. */
static inline int find_pipe(const struct pipes *pipes, uint64_t fd)
{
    for (int i = 0; i < PIPES; i++)
        if ((uint64_t)pipes->read[i] == fd)
            return i;
    return -1;
}

static inline void close_pipes(const struct pipes *pipes)
{
    for (int i = 0; i < PIPES; i++) {
        MUST(close(pipes->read[i]));
        MUST(close(pipes->write[i]));
    }
}

#endif
