/*
 * Random calls whose results depend on the seed alone: the same program is run with and without
 * the library, and every result must be the same.
 *
 * A world is what one thread has: its random numbers, its descriptors, and the digest of what its
 * calls returned. Nothing blocks: every descriptor is O_NONBLOCK and every timeout short. Nothing
 * depends on time, addresses or the network.
 */
#ifndef WORLD_H
#define WORLD_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define POOL 40
#define BLOCK 1024      /* calls between two lines of output */
#define UNTOUCHED 12345 /* errno before every call */
#define RANGE 256       /* numbers that belong to one thread */

struct world {
    const char *name;
    uint64_t random;
    uint64_t digest;
    long calls;
    long traced_block; /* -1 for none: its calls are printed */
    int base;          /* 0: descriptors as they come; else the first number of the thread's own */
    int pool[POOL];    /* -1 where empty */
    bool epolls[POOL]; /* which of them were made as epolls */
    /* What is written. vmsplice makes a pipe of the memory itself: what is read there later is what
     * these are then, so they must not lie on the stack, which is the library's too. */
    char bytes[3000];
};

uint64_t random_bits(struct world *world);
/* A number below limit. */
int below(struct world *world, int limit);
bool one_in(struct world *world, int odds);

/* Notes a call that was just made, with its result, errno and arguments; returns the result. */
long note(struct world *world, const char *text, long result, long a, long b, long c);
#define MADE(world, call, a, b, c)                                                                 \
    note(world, #call, (errno = UNTOUCHED, (long)(call)), (long)(a), (long)(b), (long)(c))

/* Adds what a call delivered. */
void absorb(struct world *world, const void *bytes, size_t size);

/* Some descriptor: mostly one of the pool, sometimes one that is not open. */
int any(struct world *world);
/* The same; mostly an epoll. */
int any_epoll(struct world *world);
/* A place of the pool, whose descriptor may be replaced. */
int place(struct world *world);
/* Takes a new descriptor into the pool: moved to the thread's own numbers, where it has some, and
 * made O_NONBLOCK. What it replaces is closed. Returns its place, or -1. */
int adopt(struct world *world, int fd);
/* Notes what a call that makes a descriptor returned, and adopts it. Other threads make some too, so
 * that the number is noted only where there are none. Returns its place, or -1. */
int take(struct world *world, const char *text, int fd);
/* A pointer that the kernel must refuse. */
void *bad_pointer(void);

void call_epoll(struct world *world);
void call_poll(struct world *world);
void call_input(struct world *world);
void call_output(struct world *world);
void call_messages(struct world *world);
void call_descriptor(struct world *world);
void call_process(struct world *world);
/* Makes a call of any of the kinds above but the last. */
void call_any(struct world *world);
void make_descriptor(struct world *world);

#endif
