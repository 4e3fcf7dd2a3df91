/* Five clients at the door of a server that may open one more descriptor. */
#ifndef CROWD_H
#define CROWD_H

#include "../loop.h"

#include <sys/resource.h>

enum { CLIENTS = 5 };

static inline void connect_crowd(const struct sockaddr_in *address, int clients[CLIENTS])
{
    for (int i = 0; i < CLIENTS; i++)
        clients[i] = connect_to(address);
}

/* Lowers the limit, so that only the lowest free descriptor can be had. Returns the old limit. */
static inline struct rlimit leave_one_descriptor(void)
{
    struct rlimit before, limit;
    int lowest = MUST(dup(STDOUT_FILENO));
    MUST(close(lowest));
    MUST(getrlimit(RLIMIT_NOFILE, &before));
    limit = before;
    limit.rlim_cur = (rlim_t)lowest + 1;
    MUST(setrlimit(RLIMIT_NOFILE, &limit));
    return before;
}

static inline void close_crowd(const struct rlimit *before, const int clients[CLIENTS])
{
    MUST(setrlimit(RLIMIT_NOFILE, before));
    for (int i = 0; i < CLIENTS; i++)
        MUST(close(clients[i]));
}

#endif
