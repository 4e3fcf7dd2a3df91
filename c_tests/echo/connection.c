/* One connection: its turn, its unsent rest, its interest, its end.
 *
 * What a turn usually does is inlined into two loops, connections_turn and connections_echo, so that
 * they make one system call after another without a return between: see transfer.h. */
#include "echo.h"
#include "transfer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* Registered once. Each delivery says all that is the case, so that EPOLLOUT comes with every
 * EPOLLIN: it is news only to a connection with something pending. */
static const uint32_t INTEREST = EPOLLIN | EPOLLOUT | EPOLLPRI | EPOLLRDHUP | EPOLLET;

/* After these a short read proves nothing: the end or an error follows the data, or the kernel
 * stopped reading at the urgent mark (net/ipv4/tcp.c, tcp_recvmsg_locked). */
static const uint32_t READ_ON = EPOLLRDHUP | EPOLLHUP | EPOLLERR | EPOLLPRI;

/* Takes over fd, also where it fails; then errno is set. */
bool connection_open(struct server *server, int fd)
{
    struct connection *c = calloc(1, sizeof *c);
    if (!c || !server_register(server, EPOLL_CTL_ADD, fd, INTEREST, c)) {
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

void connection_note(struct server *server, struct connection *c, uint32_t events)
{
    if (events & (EPOLLIN | READ_ON))
        c->readable = true;
    if (events & READ_ON)
        c->read_on = true;
    if (c->pending ? events & (EPOLLOUT | READ_ON) : c->readable)
        make_ready(server, c);
}

/* From now on only what our kernel has already acknowledged is read and echoed. */
void connection_limit(struct server *server, struct connection *c)
{
    int waiting = 0;
    c->left = ioctl(c->fd, FIONREAD, &waiting) == 0 && waiting > 0 ? (size_t)waiting : 0;
    c->readable = c->read_on = true;
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
static bool flush(struct server *server, struct connection *c)
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
static bool keep(struct server *server, struct connection *c, const char *rest_of, size_t rest)
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
static size_t read_more(struct server *server, struct connection *c, size_t at)
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

void connection_give_up(struct server *server, struct connection *c)
{
    c->given_up = true;
    make_ready(server, c);
}

/* Everything of the limit is echoed: says so to the peer. A close now could reset the connection and
 * destroy what is on its way to the peer: only after the peer's own end of stream it cannot. */
static bool linger(struct connection *c)
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
static void connections_echo(struct server *server)
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

void connections_turn(struct server *server)
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
