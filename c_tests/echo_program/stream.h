/* What a connection does with its socket, for every loop: notes what is ready, reads,
 * sends back, keeps what a slow peer does not take. It knows no epoll but the bits of a delivery. */
#ifndef STREAM_H
#define STREAM_H

#include "program.h"

#include <sys/epoll.h>

/* Registered once, edge-triggered. Each delivery says all that is the case, so that EPOLLOUT comes
 * with every EPOLLIN: it is news only to a connection with something pending. */
#define STREAM_INTEREST (EPOLLIN | EPOLLOUT | EPOLLPRI | EPOLLRDHUP | EPOLLET)

/* What a stream may still read and echo before the stop. */
#define NO_LIMIT UINT32_MAX

struct stream {
    int fd;
    int unacked;     /* bytes that the peer's kernel has not acknowledged, at the last sweep */
    uint32_t left;   /* bytes that are still to be read and echoed; NO_LIMIT before the stop */
    uint8_t silent;  /* sweeps without progress */
    bool readable;   /* not drained: no edge will report what is there already */
    bool read_on;    /* a short read does not prove a drain: end of stream, error, urgent mark */
    bool lingering;  /* everything is sent and shut down; what comes is discarded */
    struct rest *pending; /* what could not be sent, or NULL */
};

/* What the connections of a thread share. All of them read into one buffer. The messages of a round lie
 * there one behind another, until they are written. */
struct shared {
    uint64_t echoed, lost; /* bytes since the start, and those that will never be echoed */
    size_t messages, packed_size;
    struct {
        struct stream *from;
        size_t size;
    } packed[BATCH];
    _Alignas(4096) char buffer[BUFFER_SIZE]; /* the kernel copies a stream faster into whole pages */
};

/* Remembers what a delivery says. Returns whether there is something to do. */
bool stream_note(struct stream *stream, uint32_t events);

/* One turn, a bounded amount of work: sends of what is pending what can be sent, and reads once, behind
 * what is packed. Returns how much it has read, 0 if nothing; -1 at the end of the stream or an error. */
ssize_t stream_turn(struct stream *stream, struct shared *shared);

/* Packs what a turn has read. True: it is enough, write it now. */
bool stream_pack(struct stream *stream, struct shared *shared, size_t size);

/* Sends back a message. False: the connection is broken. */
bool stream_echo(struct stream *stream, struct shared *shared, const char *message, size_t size);

/* Ends a turn, when what it has read is sent or pending. False: the connection is broken. */
bool stream_end_turn(struct stream *stream);

/* Whether it wants another turn: no delivery will say that there is more to read. */
bool stream_wants_turn(const struct stream *stream);

/* From now on only what our kernel has already acknowledged is read and echoed. */
void stream_limit(struct stream *stream);

/* Once a second during the stop: whether the peer has made no progress for too long. */
bool stream_is_given_up(struct stream *stream);

/* Bytes that the peer should get and has not: ours, and those its kernel did not acknowledge. */
uint64_t stream_unsent(const struct stream *stream);

/* Closes the socket, and frees what is pending. */
void stream_close(struct stream *stream);

#endif /* STREAM_H */
