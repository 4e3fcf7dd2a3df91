/* Two clients: one whose request takes long, and one whose request is answered at once, if the loop is there. */
#ifndef HANDLERS_H
#define HANDLERS_H

#include "../loop.h"

enum { LONG_MS = 1500 };

/* Registers both ends of the server. */
static inline void connect_two(int epfd, int fds[2], int peers[2])
{
    for (int i = 0; i < 2; i++) {
        connect_pair(&fds[i], &peers[i]);
        struct epoll_event interest = {.events = EPOLLIN, .data.fd = fds[i]};
        MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, fds[i], &interest));
        tell(peers[i], "x");
    }
}

static inline void close_two(int epfd, int fds[2], int peers[2])
{
    for (int i = 0; i < 2; i++) {
        MUST(close(fds[i]));
        MUST(close(peers[i]));
    }
    MUST(close(epfd));
}

#endif
