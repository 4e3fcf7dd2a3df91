/* A connection in the server's loop: registered, put on the ready list, given its turns, closed. What it does
 * with its socket is in ../echo_program/stream.c. */
#include "echo.h"

#include <errno.h>
#include <stdlib.h>

static void make_ready(struct server *server, struct connection *c)
{
    if (c->queued)
        return;
    c->queued = true;
    c->next_ready = NULL;
    if (server->last_ready)
        server->last_ready->next_ready = c;
    else
        server->first_ready = c;
    server->last_ready = c;
}

/* Takes over both, also where it fails; then errno is set. */
bool connection_open(struct server *server, struct connection *c, int fd)
{
    c->stream.fd = fd;
    c->stream.left = NO_LIMIT;
    if (!server_register(server, EPOLL_CTL_ADD, fd, STREAM_INTEREST, c)) {
        int error = errno;
        stream_close(&c->stream);
        free(c);
        errno = error;
        return false;
    }
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

/* Remembers what a delivery says. */
void connection_note(struct server *server, struct connection *c, uint32_t events)
{
    if (stream_note(&c->stream, events))
        make_ready(server, c);
}

/* Ends a turn: what was read is sent, or pending. A connection that has ended is freed. */
static void end_turn(struct server *server, struct connection *c, bool open)
{
    if (!open || !stream_end_turn(&c->stream))
        connection_close(server, c);
    else if (stream_wants_turn(&c->stream))
        make_ready(server, c);
}

/* Writes what is packed, and ends those turns. */
static void echo_packed(struct server *server)
{
    struct shared *shared = &server->shared;
    const char *message = shared->buffer;
    for (size_t i = 0; i < shared->messages; i++) {
        struct stream *stream = shared->packed[i].from;
        size_t size = shared->packed[i].size;
        end_turn(server, (struct connection *)stream, stream_echo(stream, shared, message, size));
        message += size;
    }
    shared->messages = shared->packed_size = 0;
}

static void turn(struct server *server, struct connection *c)
{
    ssize_t got = c->given_up ? -1 : stream_turn(&c->stream, &server->shared);
    if (got <= 0)
        end_turn(server, c, got == 0);
    else if (stream_pack(&c->stream, &server->shared, (size_t)got))
        echo_packed(server);
}

void connections_turn(struct server *server)
{
    struct connection *c = server->first_ready;
    server->first_ready = server->last_ready = NULL;
    while (c) {
        struct connection *next = c->next_ready;
        c->queued = false;
        turn(server, c);
        c = next;
    }
    echo_packed(server);
}

void connection_limit(struct server *server, struct connection *c)
{
    stream_limit(&c->stream);
    make_ready(server, c);
}

void connection_give_up(struct server *server, struct connection *c)
{
    c->given_up = true;
    make_ready(server, c);
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
    stream_close(&c->stream);
    free(c);
}
