/* The echo server in C: one epoll, edge-triggered connections, one thread; or several threads that
 * share nothing, each with an epoll, a listener and connections of its own.
 *
 * A connection is registered once, for both directions, and never again: no epoll_ctl(2) but the
 * one at accept. A round is: wait; note what each delivery says; give each connection that has
 * something to do one turn (one flush, one read); write what was read; accept. All connections
 * read into one buffer. Messages of one round are packed there one behind another and then written
 * all together, so that the kernel's code for reading stays in the caches, and then that for
 * writing; a read that fills the buffer some way is written at once, while it is in the caches.
 *
 * A connection that is not done after its turn stays on the ready list, for its edge will not come
 * again, and has another turn in the next round, after everybody else's. Connections are freed in
 * their own turns only, when all deliveries of the batch are noted: no delivery and no list points
 * to freed memory.
 *
 * Memory: a connection has a buffer of its own only while its peer is slow: what could not be
 * sent, at most BUFFER_SIZE bytes. Until that is sent the server does not read from it.
 */
#ifndef ECHO_H
#define ECHO_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* accept4 */
#endif

#include "../oracle.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

enum {
    BUFFER_SIZE = 512 * 1024,
    STREAM_SIZE = 32 * 1024, /* whoever sends so much at once is probably still sending */
    PACKED_SIZE = 16 * 1024, /* so much is packed in the buffer, and then it is written */
    BATCH = 256,             /* deliveries per wait */
    ACCEPTS_PER_ROUND = 64, /* so that a flood of new connections does not starve the old ones */
    RETRY_MS = 100,         /* how soon accept is tried again where descriptors are exhausted */
    QUIET_MS = 1000,        /* how often at most it is said that descriptors are exhausted */
    SWEEP_MS = 1000,        /* during the stop: how often progress is checked */
    PATIENCE = 10,          /* sweeps without progress until a peer is given up: 10 seconds */
    MAX_THREADS = 64,
    STACK_SIZE = 256 * 1024, /* of a thread: far more than a round needs */
    MAX_SPIN_US = 1000000
};

/* What a connection may still read and echo before the stop. */
#define NO_LIMIT SIZE_MAX

struct options {
    struct sockaddr_storage address;
    socklen_t length;
    bool reuse_port; /* others may listen there too */
    unsigned threads;
    unsigned spin_us; /* how long to look for events before going to sleep */
};

/* What every turn needs comes first: it shares a cache line. */
struct connection {
    int fd;
    bool readable;   /* not drained: no edge will tell of what is there already */
    bool read_on;    /* a short read does not prove a drain: end of stream, error, urgent mark */
    bool queued;     /* on the ready list */
    bool given_up;   /* its next turn closes it */
    bool lingering;  /* everything is sent and shut down; what comes is discarded */
    unsigned silent; /* sweeps without progress */
    int unacked;     /* bytes that the peer's kernel has not acknowledged, at the last sweep */
    size_t left;     /* bytes that are still to be read and echoed; NO_LIMIT before the stop */
    char *pending;   /* what could not be sent, or NULL */
    uint32_t pending_start, pending_end;
    struct connection *next_ready;
    struct connection *previous, *next; /* all connections */
};

/* What was read from a connection in this round and is not written yet. */
struct message {
    struct connection *from;
    size_t size;
};

/* What one thread has. */
struct server {
    int epoll, listener;
    int stop, statistics; /* eventfds: how many signals have come */
    unsigned thread;      /* its number, from 1; 0 if there are no others */
    int64_t spin;         /* nanoseconds */
    bool through_libc;    /* wait, recv and send: a library is preloaded that may want to see them */
    struct connection *connections;
    struct connection *first_ready, *last_ready;
    size_t count;           /* connections now */
    uint64_t total, echoed; /* connections and bytes, since the start */
    int64_t now;            /* milliseconds, since some moment; looked at where it matters */

    bool accept_paused; /* descriptors are exhausted, the listener's interest is off */
    bool freed;         /* a connection was closed since accept was last tried */
    int64_t retry_at;
    bool pause_told;     /* ... and that was said */
    int64_t quiet_until; /* until then it is not said again */

    bool stopping;
    size_t backlog_left;      /* connections still to be accepted from the backlog */
    unsigned listener_silent; /* sweeps without an accepted connection */
    int64_t sweep_at;
    uint64_t lost; /* bytes that will never be echoed */

    bool failed; /* the kernel refused what the server cannot do without */

    struct message packed[BATCH]; /* they lie in the buffer, one behind another */
    size_t messages, packed_size;
    char buffer[BUFFER_SIZE];
};

/* One line on stderr, "epshim-echo: ..."; say_errno adds what errno means. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
void say_errno(const char *what);

/* options.c: returns -1 if the server shall run, else the exit status; has printed what to print. */
int options_parse(int argc, char **argv, struct options *options);

/* signals.c; signals_catch is for all servers, once they are open. */
bool signals_open(struct server *server);
bool signals_catch(struct server *const *servers, unsigned count);
uint64_t signals_read(int eventfd);

/* listener.c; listener_open writes the address that the kernel has chosen to options. */
bool listener_open(struct server *server, struct options *options);
bool listener_announce(const struct options *options);
void listener_turn(struct server *server);
void listener_close(struct server *server);

/* connection.c; what connections do in a round is in turn.h. connection_open takes over memory and
 * descriptor. */
struct connection *connection_allocate(void);
bool connection_open(struct server *server, struct connection *c, int fd);
void connection_limit(struct server *server, struct connection *c);
uint64_t connection_unsent(const struct connection *c);
void connection_give_up(struct server *server, struct connection *c);
void connection_close(struct server *server, struct connection *c);

/* stop.c */
void stop_begin(struct server *server);
void stop_sweep(struct server *server);
void stop_at_once(struct server *server);

/* server.c; server_allocate returns NULL and sets errno, server_run returns the exit status. */
struct server *server_allocate(void);
bool server_open(struct server *server, struct options *options, unsigned thread);
bool server_register(struct server *server, int op, int fd, uint32_t events, void *source);
int server_run(struct server *server);
void server_close(struct server *server);

#endif /* ECHO_H */
