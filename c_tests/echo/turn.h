/* What connections do in a round: what was delivered is noted, messages are read and written, the rest is
 * kept. All of it is inlined into the server's loop, which so makes one system call after another without
 * a return between: see transfer.h. What happens seldom is in connection.c. */
#ifndef TURN_H
#define TURN_H

#include "echo.h"
#include "transfer.h"

#include <stdlib.h>
#include <string.h>

/* After these a short read proves nothing: the end or an error follows the data, or the kernel
 * stopped reading at the urgent mark (net/ipv4/tcp.c, tcp_recvmsg_locked). */
static const uint32_t READ_ON = EPOLLRDHUP | EPOLLHUP | EPOLLERR | EPOLLPRI;

static inline void make_ready(struct server *server, struct connection *c)
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

/* Remembers what a delivery says. */
static ALWAYS_INLINE void connection_note(struct server *server, struct connection *c, uint32_t events)
{
    if (events & (EPOLLIN | READ_ON))
        c->readable = true;
    if (events & READ_ON)
        c->read_on = true;
    if (c->pending ? events & (EPOLLOUT | READ_ON) : c->readable)
        make_ready(server, c);
}

/* Sends what can be sent now. -1 is an error; otherwise how much, 0 if nothing. */
static ALWAYS_INLINE ssize_t send_some(struct server *server, struct connection *c,
                                       const char *data, size_t size)
{
    ssize_t sent;
    do
        sent = transfer_out(server->through_libc, c->fd, data, size);
    while (UNLIKELY(sent == -EINTR));
    if (UNLIKELY(sent < 0))
        return sent == -EAGAIN ? 0 : -1;
    server->echoed += (uint64_t)sent;
    c->silent = 0;
    return sent;
}

/* Sends of the pending rest what can be sent. False: the connection is broken. */
static inline bool flush(struct server *server, struct connection *c)
{
    ssize_t sent = send_some(server, c, c->pending + c->pending_start,
                             c->pending_end - c->pending_start);
    if (sent == -1)
        return false;
    c->pending_start += (size_t)sent;
    if (c->pending_start == c->pending_end) {
        free(c->pending);
        c->pending = NULL;
    }
    return true;
}

/* Keeps a copy of what cannot be sent now. False: there is no memory. */
static inline bool keep(struct server *server, struct connection *c, const char *rest_of, size_t rest)
{
    c->pending = malloc(rest);
    if (!c->pending) {
        say("out of memory: a connection is closed and %zu bytes are lost", rest);
        server->lost += rest;
        return false;
    }
    memcpy(c->pending, rest_of, rest);
    c->pending_start = 0;
    c->pending_end = (uint32_t)rest;
    return true;
}

/* Sends back a message. False: the connection is broken. */
static ALWAYS_INLINE bool echo(struct server *server, struct connection *c, const char *message,
                               size_t size)
{
    ssize_t sent = send_some(server, c, message, size);
    if (sent == -1)
        return false;
    size_t rest = size - (size_t)sent;
    return rest == 0 || keep(server, c, message + sent, rest);
}

/* Reads once, into the buffer from `at` on. Returns how much is to be echoed, 0 if nothing; -1 at the
 * end of the stream or an error. */
static ALWAYS_INLINE ssize_t read_once(struct server *server, struct connection *c, size_t at)
{
    size_t room = BUFFER_SIZE - at;
    if (!c->lingering && c->left < room)
        room = c->left;
    ssize_t got;
    do
        got = transfer_in(server->through_libc, c->fd, server->buffer + at, room);
    while (UNLIKELY(got == -EINTR));
    if (got == -EAGAIN) {
        c->readable = c->read_on = false;
        if (c->left != NO_LIMIT)
            c->left = 0;
        return 0;
    }
    if (got <= 0)
        return -1;
    if ((size_t)got < room && !c->read_on)
        c->readable = false; /* drained: epoll(7), question 9 */
    if (c->lingering)
        return 0;
    if (c->left != NO_LIMIT)
        c->left -= (size_t)got;
    return got;
}

/* Reads what has come behind so much of a stream that its peer is probably still sending: it is
 * echoed in one with that, and the peer, too, can read it in one. */
static inline size_t read_more(struct server *server, struct connection *c, size_t at)
{
    size_t start = at;
    ssize_t got = STREAM_SIZE;
    while (got >= STREAM_SIZE && at < BUFFER_SIZE && c->left > 0) {
        got = read_once(server, c, at);
        at += got > 0 ? (size_t)got : 0;
    }
    if (got == -1)
        c->readable = c->read_on = true; /* the next turn finds the end again */
    return at - start;
}

/* Reads behind what is packed. Returns as read_once. */
static ALWAYS_INLINE ssize_t read_message(struct server *server, struct connection *c)
{
    ssize_t got = read_once(server, c, server->packed_size);
    if (UNLIKELY(got >= STREAM_SIZE))
        got += (ssize_t)read_more(server, c, server->packed_size + (size_t)got);
    return got;
}

/* Everything of the limit is echoed: says so to the peer. A close now could reset the connection and
 * destroy what is on its way to the peer: only after the peer's own end of stream it cannot. */
static inline bool linger(struct connection *c)
{
    c->lingering = c->readable = true;
    return shutdown(c->fd, SHUT_WR) == 0;
}

/* Ends a turn: what was read is sent, or pending. A connection that has ended is freed. */
static ALWAYS_INLINE void end_turn(struct server *server, struct connection *c, bool open)
{
    if (open && !c->pending && c->left == 0 && !c->lingering)
        open = linger(c);
    if (!open)
        connection_close(server, c);
    else if (c->readable && !c->pending)
        make_ready(server, c);
}

/* One turn: a bounded amount of work. Returns how much it has read; the turn ends when that is
 * written. Otherwise it has ended. */
static ALWAYS_INLINE size_t turn(struct server *server, struct connection *c)
{
    ssize_t got = 0;
    bool open = !c->given_up && (!c->pending || flush(server, c));
    if (open && !c->pending && c->readable && (c->lingering || c->left > 0))
        got = read_message(server, c);
    if (got > 0)
        return (size_t)got;
    end_turn(server, c, open && got == 0);
    return 0;
}

/* Writes what is packed, and ends those turns. */
static ALWAYS_INLINE void connections_echo(struct server *server)
{
    const char *message = server->buffer;
    for (size_t i = 0; i < server->messages; i++) {
        struct connection *c = server->packed[i].from;
        size_t size = server->packed[i].size;
        end_turn(server, c, echo(server, c, message, size));
        message += size;
    }
    server->messages = server->packed_size = 0;
}

/* One turn for each connection that is on the ready list now; those that are put on it again have
 * theirs in the next round. */
static ALWAYS_INLINE void connections_turn(struct server *server)
{
    struct connection *c = server->first_ready;
    server->first_ready = server->last_ready = NULL;
    while (c) {
        struct connection *next = c->next_ready;
        c->queued = false;
        size_t got = turn(server, c);
        if (got > 0) {
            server->packed[server->messages++] = (struct message){c, got};
            server->packed_size += got;
            if (server->packed_size >= PACKED_SIZE || server->messages == BATCH)
                connections_echo(server);
        }
        c = next;
    }
    connections_echo(server);
}

#endif /* TURN_H */
