/* A client that resets its connection, and a verdict on what the next write does: in a child, which it may end. */
#ifndef CLIENT_H
#define CLIENT_H

#include "../loop.h"

#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

/* A connection whose client has left with a reset. */
static inline int connect_and_leave(void)
{
    struct sockaddr_in address;
    struct linger reset = {.l_onoff = 1, .l_linger = 0};
    int listener = listen_on_loopback(0, &address), client = connect_to(&address);
    int fd = MUST(accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK));
    MUST(close(listener));
    MUST(setsockopt(client, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)));
    MUST(close(client));
    return fd;
}

/* Waits until the reset is here. */
static inline void wait_for_reset(int fd)
{
    struct pollfd reset = {.fd = fd, .events = 0};
    while (poll(&reset, 1, -1) != 1)
        ;
}

/* Whether the process that makes this write is ended by SIGPIPE. */
static inline bool is_ended_by(ssize_t (*answer)(int), int fd)
{
    int status;
    pid_t child = MUST(fork());
    if (child == 0) {
        answer(fd);
        _exit(0);
    }
    MUST(waitpid(child, &status, 0));
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGPIPE;
}

#endif
