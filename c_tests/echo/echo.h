/* The echo server on the epoll API: one epoll, edge-triggered connections, one thread; or several
 * threads that share nothing, each with an epoll, a listener and connections of its own. The same
 * source is built on libc's epoll and on epshim's (../oracle.h). What is no event loop, such as the
 * command line, is in ../echo_program.
 *
 * A connection is registered once, for both directions, and never again: no epoll_ctl(2) but the
 * one at accept. A round is: wait; note what each delivery says; give each connection that has
 * something to do one turn (one flush, one read); write what was read; accept. All connections
 * read into one buffer. Messages of one round are packed there one behind another and then written
 * all together, so that the kernel's code for reading stays in the caches, and then that for
 * writing; a read that fills the buffer some way is written at once, while it is in the caches.
 *
 * A connection that is not done after its turn stays on the ready list, for its edge will not come
 * again, and has another turn in the next round, after all others. Connections are freed in
 * their own turns only, when all deliveries of the batch are noted: no delivery and no list points
 * to freed memory.
 *
 * Memory: a connection has a buffer of its own only while its peer is slow: what could not be
 * sent, at most BUFFER_SIZE bytes. Until that is sent the server does not read from it.
 */
#ifndef ECHO_H
#define ECHO_H

#include "../echo_program/stream.h"
#include "../oracle.h"

struct connection {
    struct stream stream; /* first: a stream's address is its connection's */
    bool queued;          /* on the ready list */
    bool given_up;        /* its next turn closes it */
    struct connection *next_ready;
    struct connection *previous, *next; /* all connections */
};

/* What one thread has. */
struct server {
    int epoll, listener;
    int stop, statistics; /* eventfds: how many signals have come */
    unsigned thread;      /* its number, from 1; 0 if there are no others */
    int64_t spin;         /* nanoseconds */
    struct connection *connections;
    struct connection *first_ready, *last_ready;
    size_t count;   /* connections now */
    uint64_t total; /* ... since the start */
    int64_t now;    /* milliseconds, since some moment; looked at where it matters */

    struct shortage shortage; /* no room for another connection: the listener's interest is off */
    bool freed;               /* a connection was closed since accept was last tried */
    int64_t retry_at;

    bool stopping;
    size_t backlog_left;      /* connections still to be accepted from the backlog */
    unsigned listener_silent; /* sweeps without an accepted connection */
    int64_t sweep_at;

    bool failed; /* the kernel refused what the server cannot do without */
    struct shared shared;
};

/* server.c: epoll_ctl(2) with a pointer as data. */
bool server_register(struct server *server, int op, int fd, uint32_t events, void *source);

/* accept.c: accepts a bounded number of connections; during the stop as many as the backlog can hold. */
void accept_turn(struct server *server);
void listener_close(struct server *server);

/* connection.c. connection_open takes over memory and descriptor. connections_turn gives one turn to each
 * connection that is on the ready list now; those that are put on it again have theirs in the next round. */
bool connection_open(struct server *server, struct connection *c, int fd);
void connection_note(struct server *server, struct connection *c, uint32_t events);
void connections_turn(struct server *server);
void connection_limit(struct server *server, struct connection *c);
void connection_give_up(struct server *server, struct connection *c);
void connection_close(struct server *server, struct connection *c);

/* stop.c */
void stop_begin(struct server *server);
void stop_sweep(struct server *server);
void stop_at_once(struct server *server);

#endif /* ECHO_H */
