/* One connection: its beginning, its limit during the stop, its end. Its turns are in turn.h. */
#include "echo.h"
#include "turn.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* Registered once. Each delivery says all that is the case, so that EPOLLOUT comes with every
 * EPOLLIN: it is news only to a connection with something pending. */
static const uint32_t INTEREST = EPOLLIN | EPOLLOUT | EPOLLPRI | EPOLLRDHUP | EPOLLET;

struct connection *connection_allocate(void)
{
    return calloc(1, sizeof(struct connection));
}

/* Takes over both, also where it fails; then errno is set. */
bool connection_open(struct server *server, struct connection *c, int fd)
{
    if (!server_register(server, EPOLL_CTL_ADD, fd, INTEREST, c)) {
        int error = errno;
        free(c);
        close(fd);
        errno = error;
        return false;
    }
    c->fd = fd;
    c->left = NO_LIMIT;
    c->next = server->connections;
    if (c->next)
        c->next->previous = c;
    server->connections = c;
    server->count++;
    server->total++;
    if (server->stopping)
        connection_limit(server, c);
    return true;
}

/* From now on only what our kernel has already acknowledged is read and echoed. */
void connection_limit(struct server *server, struct connection *c)
{
    int waiting = 0;
    c->left = ioctl(c->fd, FIONREAD, &waiting) == 0 && waiting > 0 ? (size_t)waiting : 0;
    c->readable = c->read_on = true;
    make_ready(server, c);
}

void connection_give_up(struct server *server, struct connection *c)
{
    c->given_up = true;
    make_ready(server, c);
}

/* Bytes that the peer should get and has not: ours, and those its kernel did not acknowledge. */
uint64_t connection_unsent(const struct connection *c)
{
    size_t pending = c->pending ? c->pending_end - c->pending_start : 0;
    size_t unread = c->left == NO_LIMIT ? 0 : c->left;
    int unacked = 0;
    if (ioctl(c->fd, TIOCOUTQ, &unacked) == -1)
        unacked = 0;
    unacked -= c->lingering && unacked > 0; /* the end of stream counts as one */
    return pending + unread + (uint64_t)unacked;
}

void connection_close(struct server *server, struct connection *c)
{
    if (c->previous)
        c->previous->next = c->next;
    else
        server->connections = c->next;
    if (c->next)
        c->next->previous = c->previous;
    server->count--;
    server->freed = true;
    close(c->fd);
    free(c->pending);
    free(c);
}
