/* Clients that connect one after the other, each when the one before was served. */
#ifndef WORKERS_H
#define WORKERS_H

#include "../loop.h"

#include <sys/socket.h>

/* Connects, waits for the answer, and closes, this number of times. */
static inline void be_clients(const struct sockaddr_in *address, int times)
{
    for (int i = 0; i < times; i++) {
        char answer;
        int fd = connect_to(address);
        MUST(read(fd, &answer, 1));
        MUST(close(fd));
        /* The workers sleep again. */
        sleep_until(now_ns() + 2000000);
    }
}

/* Before it accepts a worker lets others go first that are less busy. */
static inline void be_polite(void)
{
    sleep_until(now_ns() + 500000);
}

/* Answers a connection. */
static inline void serve(int fd)
{
    tell(fd, "!");
    MUST(close(fd));
}

#endif
