/* The echo server on epshim_reactor_*: the twin of echo/, which is on the epoll API. What is no event loop,
 * such as the command line and what a connection does with its socket, is in echo_program/.
 *
 * The reactor has the list of what is ready, the order of turns and the timers. A connection is registered
 * once, for both directions, edge-triggered. In its turn it only reads, behind what others have read in
 * this round; the callback at the round's end writes all of that, so that the kernel's code for reading
 * stays in the caches, and then that for writing. A connection that is not done asks for another turn, in
 * the next round: its edge will not come again. */
#include "echo_program/stream.h"
#include "epshim.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

struct connection {
    struct stream stream; /* first: a stream's address is its connection's */
    struct server *server;
    uint64_t handle;
    struct connection *previous, *next; /* all that are registered */
};

/* What one thread has. */
struct server {
    struct epshim_reactor *reactor;
    int listener;
    uint64_t listener_handle, sweep_handle;
    unsigned thread;                 /* its number, from 1; 0 if there are no others */
    _Atomic uint32_t stops, reports; /* signals that have come */
    uint32_t stops_seen, reports_seen;
    struct connection *connections;
    struct connection *waiting; /* accepted, but there was no memory to register it */
    size_t count;               /* connections now */
    uint64_t total;             /* ... since the start */

    struct shortage shortage; /* no room for another connection: the listener's interest is off */
    bool freed;               /* a connection was closed in this round */

    bool stopping, failed;
    size_t backlog_left;      /* connections still to be accepted from the backlog */
    unsigned listener_silent; /* sweeps without an accepted connection */
    struct shared shared;
};

static const int64_t MS = 1000000; /* nanoseconds */

static void connection_close(struct connection *c)
{
    struct server *server = c->server;
    if (c->previous)
        c->previous->next = c->next;
    else
        server->connections = c->next;
    if (c->next)
        c->next->previous = c->previous;
    server->count--;
    server->freed = true;
    epshim_reactor_remove(server->reactor, c->handle);
    stream_close(&c->stream);
    free(c);
}

/* Ends a turn: what was read is sent, or pending. A connection that has ended is freed. */
static void end_turn(struct connection *c, bool open)
{
    if (!open || !stream_end_turn(&c->stream))
        connection_close(c);
    else if (stream_wants_turn(&c->stream))
        epshim_reactor_again(c->server->reactor, c->handle, EPOLLIN);
}

/* Writes what is packed, and ends those turns. */
static void echo_packed(struct server *server)
{
    struct shared *shared = &server->shared;
    const char *message = shared->buffer;
    for (size_t i = 0; i < shared->messages; i++) {
        struct stream *stream = shared->packed[i].from;
        size_t size = shared->packed[i].size;
        end_turn((struct connection *)stream, stream_echo(stream, shared, message, size));
        message += size;
    }
    shared->messages = shared->packed_size = 0;
}

static void on_ready(struct epshim_reactor *reactor, uint64_t handle, uint32_t events, void *data)
{
    struct connection *c = data;
    (void)reactor, (void)handle;
    if (!stream_note(&c->stream, events))
        return;
    ssize_t got = stream_turn(&c->stream, &c->server->shared);
    if (got <= 0)
        end_turn(c, got == 0);
    else if (stream_pack(&c->stream, &c->server->shared, (size_t)got))
        echo_packed(c->server);
}

static void limit(struct connection *c)
{
    stream_limit(&c->stream);
    epshim_reactor_again(c->server->reactor, c->handle, EPOLLIN);
}

/* Accepts and registers one connection. The memory comes first: without it the connection stays in the
 * backlog. Returns 0, EAGAIN if no client waits, or why there is no room. */
static int accept_one(struct server *server)
{
    struct connection *c = server->waiting;
    if (!c) {
        c = calloc(1, sizeof *c);
        int fd = listener_accept(server->listener, c != NULL);
        if (fd < 0) {
            free(c);
            return fd == -EINTR ? 0 : -fd;
        }
        *c = (struct connection){.stream = {.fd = fd, .left = NO_LIMIT}, .server = server};
        server->waiting = c;
        server->listener_silent = 0;
    }
    if (epshim_reactor_add(server->reactor, c->stream.fd, STREAM_INTEREST, on_ready, c, &c->handle) == -1)
        return errno;
    server->waiting = NULL;
    c->next = server->connections;
    if (c->next)
        c->next->previous = c;
    server->connections = c;
    server->count++;
    server->total++;
    if (server->stopping)
        limit(c);
    return 0;
}

static void listener_close(struct server *server)
{
    epshim_reactor_remove(server->reactor, server->listener_handle);
    close(server->listener);
    server->listener = -1;
    server->shortage.lasts = false;
    if (server->waiting)
        stream_close(&server->waiting->stream);
    free(server->waiting);
    server->waiting = NULL;
}

/* Accepts a bounded number of connections; during the stop as many as the backlog can hold. Where there is
 * no room the listener would be reported for ever, and the loop would spin: then its interest is off until
 * a connection was closed or 100 ms have passed. */
static void accept_some(struct server *server)
{
    size_t each_round = ACCEPTS_PER_ROUND;
    size_t *left = server->stopping ? &server->backlog_left : &each_round;
    int error = 0;
    for (; *left > 0 && error == 0; --*left)
        error = accept_one(server);
    if (error != 0 && error != EAGAIN) {
        shortage_begin(&server->shortage, error);
        epshim_reactor_modify(server->reactor, server->listener_handle, 0);
        epshim_reactor_timer(server->reactor, server->listener_handle, RETRY_MS * MS);
    } else if (server->stopping) {
        listener_close(server);
    } else if (server->shortage.lasts) {
        shortage_end(&server->shortage);
        epshim_reactor_modify(server->reactor, server->listener_handle, EPOLLIN);
        epshim_reactor_timer(server->reactor, server->listener_handle, -1);
    }
}

/* A client waits, or it is time to try again. */
static void on_listener(struct epshim_reactor *reactor, uint64_t handle, uint32_t events, void *server)
{
    (void)reactor, (void)handle, (void)events;
    accept_some(server);
}

static void on_round_end(struct epshim_reactor *reactor, uint64_t handle, uint32_t events, void *data)
{
    struct server *server = data;
    (void)handle, (void)events;
    echo_packed(server);
    if (server->freed && server->shortage.lasts)
        accept_some(server);
    server->freed = false;
    if (server->stopping && server->count == 0 && server->listener == -1)
        epshim_reactor_stop(reactor);
}

/* Once a second during the stop (see echo/stop.c): gives up the peers that have made no progress for too long. */
static void on_sweep(struct epshim_reactor *reactor, uint64_t handle, uint32_t events, void *data)
{
    struct server *server = data;
    uint64_t lost = 0;
    size_t closed = 0;
    (void)events;
    epshim_reactor_timer(reactor, handle, SWEEP_MS * MS);
    echo_packed(server); /* what follows frees connections */
    for (struct connection *c = server->connections, *next; c; c = next) {
        next = c->next;
        if (stream_is_given_up(&c->stream)) {
            lost += stream_unsent(&c->stream);
            closed++;
            connection_close(c);
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

static void stop_begin(struct server *server)
{
    server->stopping = true;
    server->backlog_left = BACKLOG;
    epshim_reactor_timer(server->reactor, server->sweep_handle, SWEEP_MS * MS);
    for (struct connection *c = server->connections; c; c = c->next)
        limit(c);
    accept_some(server);
}

static void stop_at_once(struct server *server)
{
    uint64_t lost = 0;
    for (struct connection *c = server->connections; c; c = c->next)
        lost += stream_unsent(&c->stream);
    say_stopped_at_once(server->count, lost);
    server->failed = true;
    epshim_reactor_stop(server->reactor);
}

/* Signals have come. */
static void on_wake(struct epshim_reactor *reactor, uint64_t handle, uint32_t events, void *data)
{
    struct server *server = data;
    uint32_t reports = server->reports, stops = server->stops;
    (void)reactor, (void)handle, (void)events;
    echo_packed(server);
    if (server->reports_seen != reports)
        say_statistics(server->thread, server->count, server->total, server->shared.echoed);
    server->reports_seen = reports;
    for (; server->stops_seen != stops && !server->failed; server->stops_seen++)
        server->stopping ? stop_at_once(server) : stop_begin(server);
}

/* What it has opened where it fails ends with the process. */
struct server *server_new(const struct options *options, int listener, unsigned thread)
{
    /* Pages of its own, all zeroes: those that it never uses are never there. */
    struct server *server =
        mmap(NULL, sizeof *server, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (server == MAP_FAILED || epshim_reactor_new(&server->reactor) == -1)
        return NULL;
    server->thread = thread;
    server->listener = listener;
    epshim_reactor_spin(server->reactor, options->spin_us * INT64_C(1000));
    epshim_reactor_on_wake(server->reactor, on_wake, server);
    epshim_reactor_on_round_end(server->reactor, on_round_end, server);
    bool done = epshim_reactor_add(server->reactor, listener, EPOLLIN, on_listener, server,
                                   &server->listener_handle) == 0 &&
                epshim_reactor_add(server->reactor, -1, 0, on_sweep, server, &server->sweep_handle) == 0;
    return done ? server : NULL;
}

int server_run(struct server *server)
{
    if (epshim_reactor_run(server->reactor) == -1) {
        say_errno("epoll_wait failed");
        return 1;
    }
    return server->failed || server->shared.lost > 0 ? 1 : 0;
}

bool server_is_stopping(const struct server *server)
{
    return server->stopping;
}

void server_notify(struct server *server, int signal)
{
    signal == SIGUSR1 ? server->reports++ : server->stops++;
    epshim_reactor_wake(server->reactor);
}

/* Not the reactor: a signal may still come. */
void server_close(struct server *server)
{
    while (server->connections)
        connection_close(server->connections);
    if (server->listener != -1)
        listener_close(server);
}
