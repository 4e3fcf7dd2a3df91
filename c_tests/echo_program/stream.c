/* One connection's socket: see stream.h.
 *
 * It has memory of its own only while its peer is slow: what could not be sent, at most BUFFER_SIZE
 * bytes. Until that is sent nothing is read from it. */
#include "stream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* After these a short read proves nothing: the end or an error follows the data, or the kernel
 * stopped reading at the urgent mark (net/ipv4/tcp.c, tcp_recvmsg_locked). */
static const uint32_t READ_ON = EPOLLRDHUP | EPOLLHUP | EPOLLERR | EPOLLPRI;

/* What a slow peer has not taken: the bytes from `start` to `end`. */
struct rest {
    uint32_t start, end;
    char bytes[];
};

bool stream_note(struct stream *stream, uint32_t events)
{
    if (events & (EPOLLIN | READ_ON))
        stream->readable = true;
    if (events & READ_ON)
        stream->read_on = true;
    return stream->pending ? (events & (EPOLLOUT | READ_ON)) != 0 : stream->readable;
}

/* Sends what can be sent now. -1 is an error; otherwise how much, 0 if nothing. */
static ssize_t send_some(struct stream *stream, struct shared *shared, const char *data, size_t size)
{
    ssize_t sent;
    do
        sent = send(stream->fd, data, size, MSG_NOSIGNAL);
    while (sent == -1 && errno == EINTR);
    if (sent == -1)
        return errno == EAGAIN ? 0 : -1;
    shared->echoed += (uint64_t)sent;
    stream->silent = 0;
    return sent;
}

/* Sends of the pending rest what can be sent. False: the connection is broken. */
static bool flush(struct stream *stream, struct shared *shared)
{
    struct rest *rest = stream->pending;
    ssize_t sent = send_some(stream, shared, rest->bytes + rest->start, rest->end - rest->start);
    if (sent == -1)
        return false;
    rest->start += (uint32_t)sent;
    if (rest->start == rest->end) {
        free(rest);
        stream->pending = NULL;
    }
    return true;
}

/* Keeps a copy of what cannot be sent now. False: there is no memory. */
static bool keep(struct stream *stream, struct shared *shared, const char *bytes, size_t size)
{
    struct rest *rest = malloc(sizeof(struct rest) + size);
    if (!rest) {
        say("out of memory: a connection is closed and %zu bytes are lost", size);
        shared->lost += size;
        return false;
    }
    rest->start = 0;
    rest->end = (uint32_t)size;
    memcpy(rest->bytes, bytes, size);
    stream->pending = rest;
    return true;
}

bool stream_echo(struct stream *stream, struct shared *shared, const char *message, size_t size)
{
    ssize_t sent = send_some(stream, shared, message, size);
    if (sent == -1)
        return false;
    size_t rest = size - (size_t)sent;
    return rest == 0 || keep(stream, shared, message + sent, rest);
}

/* Reads once, into the buffer from `at` on. Returns how much is to be echoed, 0 if nothing; -1 at the
 * end of the stream or an error. */
static ssize_t read_once(struct stream *stream, struct shared *shared, size_t at)
{
    size_t room = BUFFER_SIZE - at;
    if (!stream->lingering && stream->left < room)
        room = stream->left;
    ssize_t got;
    do
        got = recv(stream->fd, shared->buffer + at, room, 0);
    while (got == -1 && errno == EINTR);
    if (got == -1 && errno == EAGAIN) {
        stream->readable = stream->read_on = false;
        if (stream->left != NO_LIMIT)
            stream->left = 0;
        return 0;
    }
    if (got <= 0)
        return -1;
    if ((size_t)got < room && !stream->read_on)
        stream->readable = false; /* drained: epoll(7), question 9 */
    if (stream->lingering)
        return 0;
    if (stream->left != NO_LIMIT)
        stream->left -= (uint32_t)got;
    return got;
}

/* Reads what has come behind a message that is so long that its peer is probably still sending: it is
 * echoed in one with that, and the peer, too, can read it in one. Returns how much more it is. */
static size_t read_more(struct stream *stream, struct shared *shared, size_t at)
{
    size_t start = at;
    ssize_t got = STREAM_SIZE;
    while (got >= STREAM_SIZE && at < BUFFER_SIZE && stream->left > 0) {
        got = read_once(stream, shared, at);
        at += got > 0 ? (size_t)got : 0;
    }
    if (got == -1)
        stream->readable = stream->read_on = true; /* the next turn finds the end again */
    return at - start;
}

ssize_t stream_turn(struct stream *stream, struct shared *shared)
{
    if (stream->pending && !flush(stream, shared))
        return -1;
    bool wanted = stream->lingering || stream->left > 0;
    if (stream->pending || !stream->readable || !wanted)
        return 0;
    ssize_t got = read_once(stream, shared, shared->packed_size);
    if (got >= STREAM_SIZE)
        got += (ssize_t)read_more(stream, shared, shared->packed_size + (size_t)got);
    return got;
}

bool stream_pack(struct stream *stream, struct shared *shared, size_t size)
{
    shared->packed[shared->messages].from = stream;
    shared->packed[shared->messages++].size = size;
    shared->packed_size += size;
    return shared->packed_size >= PACKED_SIZE || shared->messages == BATCH;
}

/* When everything of the limit is echoed it says so to the peer. A close now could reset the connection
 * and destroy what is on its way to the peer: only after the peer's own end of stream it cannot. */
bool stream_end_turn(struct stream *stream)
{
    if (stream->pending || stream->left > 0 || stream->lingering)
        return true;
    stream->lingering = stream->readable = true;
    return shutdown(stream->fd, SHUT_WR) == 0;
}

bool stream_wants_turn(const struct stream *stream)
{
    return stream->readable && !stream->pending;
}

void stream_limit(struct stream *stream)
{
    int bytes = 0;
    stream->left = ioctl(stream->fd, FIONREAD, &bytes) == 0 && bytes > 0 ? (uint32_t)bytes : 0;
    stream->readable = stream->read_on = true;
}

/* Sent bytes that the peer has not acknowledged; the end of the stream counts as one. */
static int unacknowledged(const struct stream *stream)
{
    int bytes = 0;
    return ioctl(stream->fd, TIOCOUTQ, &bytes) == 0 ? bytes : 0;
}

bool stream_is_given_up(struct stream *stream)
{
    int before = stream->unacked;
    stream->unacked = unacknowledged(stream);
    stream->silent = stream->unacked < before ? 0 : stream->silent + 1;
    return stream->silent >= PATIENCE;
}

uint64_t stream_unsent(const struct stream *stream)
{
    uint64_t pending = stream->pending ? stream->pending->end - stream->pending->start : 0;
    uint64_t unread = stream->left == NO_LIMIT ? 0 : stream->left;
    int unacked = unacknowledged(stream);
    return pending + unread + (uint64_t)(unacked - (stream->lingering && unacked > 0));
}

void stream_close(struct stream *stream)
{
    close(stream->fd);
    free(stream->pending);
}
