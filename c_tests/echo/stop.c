/* The graceful stop: no byte that our kernel acknowledged before the signal is lost.
 *
 * What is in the backlog is accepted, then the listener is closed. Each connection reads and echoes
 * what had arrived at that moment, ends its own side, discards what the peer still sends, and is
 * closed at the peer's end of stream. A peer without progress does not hold up the stop for ever:
 * only bytes that it takes count as progress, not bytes that it sends.
 *
 * Patience is counted in sweeps, not on the clock: time in which this process was stopped itself
 * (SIGSTOP) is not held against its peers. */
#include "echo.h"

#include <inttypes.h>
#include <sys/ioctl.h>

void stop_begin(struct server *server)
{
    server->stopping = true;
    server->sweep_at = server->now + SWEEP_MS;
    /* The backlog holds at most so many (include/net/sock.h, sk_acceptq_is_full): those that
     * arrive later cannot keep the stop from ending. */
    server->backlog_left = SOMAXCONN + 1;
    for (struct connection *c = server->connections; c; c = c->next)
        connection_limit(server, c);
    listener_turn(server);
}

static bool made_progress(struct connection *c)
{
    int before = c->unacked;
    if (ioctl(c->fd, TIOCOUTQ, &c->unacked) == -1)
        c->unacked = 0;
    return c->unacked < before;
}

/* Once a second: gives up the peers that have made no progress for too long. */
void stop_sweep(struct server *server)
{
    size_t closed = 0;
    uint64_t lost = 0;
    if (server->now < server->sweep_at)
        return;
    server->sweep_at = server->now + SWEEP_MS;
    for (struct connection *c = server->connections; c; c = c->next) {
        c->silent = made_progress(c) ? 0 : c->silent + 1;
        if (c->silent >= PATIENCE && !c->given_up) {
            lost += connection_unsent(c);
            closed++;
            connection_give_up(server, c);
        }
    }
    if (closed > 0)
        say("closed %zu connections without progress for 10 s; %" PRIu64 " bytes are lost", closed,
            lost);
    server->lost += lost;
    if (server->listener != -1 && ++server->listener_silent >= PATIENCE) {
        say("closed the listener; connections that waited for a descriptor are lost");
        server->lost++;
        listener_close(server);
    }
}

void stop_at_once(struct server *server)
{
    uint64_t lost = 0;
    for (struct connection *c = server->connections; c; c = c->next)
        lost += connection_unsent(c);
    say("stopped by a second signal; %zu connections closed, %" PRIu64 " bytes are lost",
        server->count, lost);
}
