/* Accepting: a bounded number of connections a round. The listener is level-triggered, so that what one
 * round does not accept is reported again.
 *
 * Where descriptors or memory are exhausted accept fails and leaves the connection in the backlog:
 * the listener would be reported for ever, and the loop would spin. Then its interest is off until
 * a connection was closed or 100 ms have passed. */
#include "echo.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

/* Accepts one connection. Returns 0, EAGAIN if no client waits, or why there is no room. The memory
 * comes first: without it the connection stays in the backlog. */
static int accept_one(struct server *server)
{
    struct connection *c = calloc(1, sizeof(struct connection));
    int fd = listener_accept(server->listener, c != NULL);
    if (fd >= 0) {
        server->listener_silent = 0;
        return connection_open(server, c, fd) ? 0 : errno;
    }
    free(c);
    return fd == -EINTR ? 0 : -fd;
}

static void set_interest(struct server *server, uint32_t events)
{
    if (!server_register(server, EPOLL_CTL_MOD, server->listener, events, &server->listener)) {
        say_errno("cannot change the interest in the listener");
        server->failed = true;
    }
}

static void pause_accept(struct server *server, int error)
{
    server->retry_at = server->now + RETRY_MS;
    if (server->shortage.lasts)
        return;
    shortage_begin(&server->shortage, error);
    set_interest(server, 0);
}

static void resume_accept(struct server *server)
{
    if (!server->shortage.lasts)
        return;
    shortage_end(&server->shortage);
    set_interest(server, EPOLLIN);
}

void accept_turn(struct server *server)
{
    size_t each_round = ACCEPTS_PER_ROUND;
    size_t *left = server->stopping ? &server->backlog_left : &each_round;
    int error = 0;
    for (; *left > 0 && error == 0; --*left)
        error = accept_one(server);
    if (error != 0 && error != EAGAIN)
        pause_accept(server, error);
    else if (server->stopping)
        listener_close(server);
    else
        resume_accept(server);
}

void listener_close(struct server *server)
{
    close(server->listener);
    server->listener = -1;
    server->shortage.lasts = false;
}
