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

void stop_begin(struct server *server)
{
    server->stopping = true;
    server->sweep_at = server->now + SWEEP_MS;
    /* Connections that arrive later cannot keep the stop from ending. */
    server->backlog_left = BACKLOG;
    for (struct connection *c = server->connections; c; c = c->next)
        connection_limit(server, c);
    accept_turn(server);
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
        if (stream_is_given_up(&c->stream) && !c->given_up) {
            lost += stream_unsent(&c->stream);
            closed++;
            connection_give_up(server, c);
        }
    }
    say_given_up(closed, lost);
    server->shared.lost += lost;
    if (server->listener != -1 && ++server->listener_silent >= PATIENCE) {
        say_listener_given_up();
        server->shared.lost++;
        listener_close(server);
    }
}

void stop_at_once(struct server *server)
{
    uint64_t lost = 0;
    for (struct connection *c = server->connections; c; c = c->next)
        lost += stream_unsent(&c->stream);
    say_stopped_at_once(server->count, lost);
}
