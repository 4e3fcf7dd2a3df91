/* The loop: wait, note, turns, accept. */
#include "echo.h"

#include <errno.h>
#include <time.h>

/* epoll_ctl(2) with a pointer as data. */
bool server_register(struct server *server, int op, int fd, uint32_t events, void *source)
{
    struct epoll_event event = {.events = events, .data.ptr = source};
    return epshim_ctl(server->epoll, op, fd, &event) == 0;
}

static int64_t milliseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int timeout(const struct server *server)
{
    if (server->first_ready)
        return 0;
    int64_t until = INT64_MAX;
    if (server->accept_paused)
        until = server->retry_at;
    if (server->stopping && server->sweep_at < until)
        until = server->sweep_at;
    if (until == INT64_MAX)
        return -1;
    int64_t left = until - milliseconds();
    return left > 0 ? (int)left : 0;
}

/* One turn for each connection that is on the ready list now; those that are put on it again have
 * theirs in the next round. */
static void turns(struct server *server)
{
    struct connection *c = server->first_ready;
    server->first_ready = server->last_ready = NULL;
    while (c) {
        struct connection *next = c->next_ready;
        c->queued = false;
        connection_turn(server, c);
        c = next;
    }
    connections_echo(server);
}

/* False: stop at once. */
static bool heed_stop_signals(struct server *server)
{
    for (unsigned signals = signals_read(server); signals > 0; signals--) {
        if (server->stopping) {
            stop_at_once(server);
            return false;
        }
        stop_begin(server);
    }
    return true;
}

/* One round. False: stop at once. */
static bool round_of(struct server *server, const struct epoll_event *batch, int ready)
{
    bool signalled = false, accept_now = false;
    for (int i = 0; i < ready; i++) {
        void *source = batch[i].data.ptr;
        if (source == &server->listener)
            accept_now = true;
        else if (source == &server->stop_signals)
            signalled = true;
        else if (source == &server->statistics)
            statistics_print(server);
        else
            connection_note(server, source, batch[i].events);
    }
    if (signalled && !heed_stop_signals(server))
        return false;
    turns(server);
    if (server->accept_paused)
        accept_now = server->freed || server->now >= server->retry_at;
    server->freed = false;
    if (accept_now && server->listener != -1)
        listener_turn(server);
    if (server->stopping)
        stop_sweep(server);
    return true;
}

int server_run(struct server *server)
{
    static struct epoll_event batch[BATCH];
    while (!server->stopping || server->count > 0 || server->listener != -1) {
        int ready = epshim_wait(server->epoll, batch, BATCH, timeout(server));
        if (ready == -1 && errno != EINTR) {
            say_errno("epoll_wait failed");
            return 1;
        }
        server->now = milliseconds();
        if (!round_of(server, batch, ready) || server->failed)
            return 1;
    }
    return server->lost > 0 ? 1 : 0;
}
