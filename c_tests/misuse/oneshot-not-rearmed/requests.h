/* A peer that sends two requests, the second after the answer to the first. */
#ifndef REQUESTS_H
#define REQUESTS_H

#include "../loop.h"

#include <pthread.h>

/* Longer than a checker waits before it suspects that the program does not re-arm. */
enum { RUN_MS = 6500 };

static inline void *two_requests(void *peer)
{
    char answer;
    tell(*(int *)peer, "1");
    if (read(*(int *)peer, &answer, 1) == 1)
        tell(*(int *)peer, "2");
    return NULL;
}

#endif
