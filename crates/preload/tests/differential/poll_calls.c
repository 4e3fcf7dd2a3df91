/* Calls of poll and select, in libc and through syscall(2). */
#include "world.h"

#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define MOST 16

/* Declared by no header; what -D_FORTIFY_SOURCE makes of poll and ppoll. */
int __poll_chk(struct pollfd *entries, nfds_t count, int timeout, size_t room);
int __ppoll_chk(struct pollfd *entries, nfds_t count, const struct timespec *timeout,
                const sigset_t *mask, size_t room);
int __poll(struct pollfd *entries, nfds_t count, int timeout);
int __select(int limit, fd_set *reading, fd_set *writing, fd_set *exceptional, struct timeval *timeout);

static short some_events(struct world *world)
{
    static const short masks[] = {POLLIN, POLLOUT, POLLIN | POLLOUT, 0, POLLPRI, POLLWRNORM, POLLRDNORM};
    return one_in(world, 16) ? (short)random_bits(world) : masks[below(world, 7)];
}

static void poll_some(struct world *world)
{
    struct pollfd entries[MOST];
    memset(entries, 0, sizeof(entries));
    for (int i = 0; i < MOST; i++)
        entries[i] = (struct pollfd){any(world), some_events(world), 0};
    nfds_t count = (nfds_t)below(world, MOST + 1);
    struct pollfd *pointer = entries;
    if (one_in(world, 40))
        pointer = one_in(world, 2) ? bad_pointer() : NULL;
    if (one_in(world, 60))
        count = one_in(world, 2) ? 5000 : ~(nfds_t)0 >> below(world, 32); /* more than there may be */
    struct timespec brief = {0, one_in(world, 30) ? 1000000000 : 0};
    /* libc itself reads the timeouts that it is given. */
    struct timespec *timeout = one_in(world, 30) ? bad_pointer() : &brief;
    int patience = one_in(world, 300) ? 1 : 0;
    sigset_t mask;
    sigemptyset(&mask);
    switch (below(world, 7)) {
    case 0:
        MADE(world, ppoll(pointer, count, &brief, &mask), count, patience, 0);
        break;
    case 1:
        MADE(world, syscall(SYS_ppoll, pointer, count, timeout, NULL, 8), count, patience, 0);
        break;
    case 2:
        MADE(world, __poll(pointer, count, patience), count, patience, 0);
        break;
    case 3:
        count = count > MOST ? MOST : count; /* more would end the program */
        MADE(world, __poll_chk(pointer, count, patience, sizeof(entries)), count, patience, 0);
        break;
    case 4:
        count = count > MOST ? MOST : count;
        MADE(world, __ppoll_chk(pointer, count, &brief, &mask, sizeof(entries)), count, 0, 0);
        break;
    default:
        MADE(world, poll(pointer, count, patience), count, patience, 0);
    }
    for (int i = 0; i < MOST; i++)
        absorb(world, &entries[i].revents, sizeof(entries[i].revents));
}

/* Bits beyond fd_set's own size too: descriptors may have higher numbers. */
struct set {
    unsigned long words[4096 / (8 * sizeof(unsigned long))];
};

static fd_set *some_set(struct world *world, struct set *set)
{
    memset(set, 0, sizeof(*set));
    for (int i = below(world, 8); i > 0; i--) {
        int fd = any(world);
        size_t bits = 8 * sizeof(unsigned long);
        if (fd >= 0 && fd < 4096)
            set->words[(size_t)fd / bits] |= 1UL << ((size_t)fd % bits);
    }
    if (one_in(world, 40))
        return bad_pointer();
    return one_in(world, 3) ? NULL : (fd_set *)set;
}

static void select_some(struct world *world)
{
    struct set sets[3];
    fd_set *reading = some_set(world, &sets[0]), *writing = some_set(world, &sets[1]);
    fd_set *exceptional = some_set(world, &sets[2]);
    struct timeval none = {0, 0}, *pointer = one_in(world, 30) ? bad_pointer() : &none;
    struct timespec brief = {0, one_in(world, 30) ? 1000000000 : 0};
    struct timespec *timeout = one_in(world, 30) ? bad_pointer() : &brief;
    int limit = one_in(world, 30) ? below(world, 3) - 2 : below(world, 4097);
    long result;
    switch (below(world, 5)) {
    case 0:
        result = MADE(world, pselect(limit, reading, writing, exceptional, &brief, NULL), limit, 0, 0);
        break;
    case 1:
        result = MADE(world, __select(limit, reading, writing, exceptional, &none), limit, 0, 0);
        break;
    case 2:
        result = MADE(world, syscall(SYS_pselect6, limit, reading, writing, exceptional, timeout, NULL),
                      limit, 0, 0);
        break;
    case 3:
#if defined(SYS_select) && !defined(SYS__newselect)
        result = MADE(world, syscall(SYS_select, limit, reading, writing, exceptional, pointer), limit, 0,
                      0);
        break;
#endif
    default:
        (void)pointer;
        result = MADE(world, select(limit, reading, writing, exceptional, &none), limit, 0, 0);
    }
    if (result >= 0)
        absorb(world, sets, sizeof(sets));
}

void call_poll(struct world *world)
{
    if (one_in(world, 3))
        select_some(world);
    else
        poll_some(world);
}
