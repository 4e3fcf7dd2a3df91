/* What the C echo servers share: all that is not the event loop. The command line (options.c), the
 * listening socket (listener.c), signals (signals.c), threads and standard streams (main.c), and what
 * a connection does with its socket (stream.c).
 *
 * A server is what one thread has. Two loops implement it, each a program of its own: the one in
 * ../echo on the epoll API, and ../echo_reactor.c on epshim_reactor_*. Nothing here calls epoll.
 */
#ifndef PROGRAM_H
#define PROGRAM_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* accept4 */
#endif

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

enum {
    BUFFER_SIZE = 512 * 1024, /* what one read takes at most, and so what one connection can own */
    STREAM_SIZE = 32 * 1024,  /* a peer that sends this much at once is probably still sending */
    PACKED_SIZE = 16 * 1024,  /* this much is packed in the buffer, and then it is written */
    BATCH = 256,              /* messages that are packed; in ../echo also deliveries per wait */
    ACCEPTS_PER_ROUND = 64,   /* so that a flood of new connections does not starve the old ones */
    RETRY_MS = 100,           /* how soon accept is tried again where there is no room */
    SWEEP_MS = 1000,          /* during the stop: how often progress is checked */
    PATIENCE = 10,            /* sweeps without progress until a peer is given up: 10 seconds */
    BACKLOG = SOMAXCONN + 1,  /* the backlog holds no more (include/net/sock.h, sk_acceptq_is_full) */
    MAX_THREADS = 64
};

struct options {
    struct sockaddr_storage address;
    socklen_t length;
    bool reuse_port; /* others may listen there too */
    unsigned threads;
    unsigned spin_us; /* how long to look for events before going to sleep */
};

/* What a loop implements.
 *
 * server_new takes the listener over, unless it fails: then it returns NULL and sets errno. `thread`
 * is its number, from 1; 0 if there are no others. server_run returns the exit status. server_notify
 * says that a signal has come: it is called in a signal handler, by any thread, until the process
 * ends. So server_close closes everything but what server_notify needs. */
struct server;
struct server *server_new(const struct options *options, int listener, unsigned thread);
int server_run(struct server *server);
bool server_is_stopping(const struct server *server);
void server_notify(struct server *server, int signal);
void server_close(struct server *server);

/* One line on stderr, "epshim-echo: ..."; say_errno adds what errno means. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
void say_errno(const char *what);
/* ... of statistics, of peers that were given up (nothing, where none was), of what the stop lost. */
void say_statistics(unsigned thread, size_t now, uint64_t total, uint64_t echoed);
void say_given_up(size_t closed, uint64_t lost);
void say_listener_given_up(void);
void say_stopped_at_once(size_t closed, uint64_t lost);

/* Monotonic. */
int64_t nanoseconds(void);

/* options.c: returns -1 if the server shall run, else the exit status; has printed what to print. */
int options_parse(int argc, char **argv, struct options *options);

/* signals.c: has these servers notified, from now on, of SIGTERM, SIGINT and SIGUSR1. */
bool signals_catch(struct server *const *servers, unsigned count);

/* listener.c. listener_open writes the address that the kernel has chosen to options; -1: it has
 * said why not. */
int listener_open(struct options *options);
bool listener_announce(const struct options *options);

/* Accepts one connection, non-blocking, if there is memory for one. Returns its descriptor, or
 * negated: EAGAIN (no client waits), EINTR (the connection at the front of the backlog broke, there
 * may be others), or why there is no room for it. */
int listener_accept(int listener, bool has_memory);

/* There is no room for another connection. A program that takes and frees the last descriptor all the
 * time must not fill the log: at most one shortage a second is reported, with its end. */
struct shortage {
    bool lasts, reported;
    int64_t quiet_until;
};
void shortage_begin(struct shortage *shortage, int error);
void shortage_end(struct shortage *shortage);

#endif /* PROGRAM_H */
