/* What one thread does. The loop: wait, note, turns, accept. */
#include "echo.h"
#include "turn.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

/* Pages of its own, all zeroes: those that it never uses are never there. */
struct server *server_allocate(void)
{
    const int protection = PROT_READ | PROT_WRITE, flags = MAP_PRIVATE | MAP_ANONYMOUS;
    void *pages = mmap(NULL, sizeof(struct server), protection, flags, -1, 0);
    return pages == MAP_FAILED ? NULL : pages;
}

bool server_open(struct server *server, struct options *options, unsigned thread)
{
    server->listener = server->stop = server->statistics = -1;
    server->thread = thread;
    server->spin = (int64_t)options->spin_us * 1000;
    const char *preloaded = getenv("LD_PRELOAD");
    server->through_libc = preloaded && *preloaded;
    server->epoll = epshim_create1(EPOLL_CLOEXEC);
    if (server->epoll == -1) {
        say_errno("cannot create an epoll");
        return false;
    }
    return signals_open(server) && listener_open(server, options);
}

/* epoll_ctl(2) with a pointer as data. */
bool server_register(struct server *server, int op, int fd, uint32_t events, void *source)
{
    struct epoll_event event = {.events = events, .data.ptr = source};
    return epshim_ctl(server->epoll, op, fd, &event) == 0;
}

static int64_t nanoseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int64_t milliseconds(void)
{
    return nanoseconds() / 1000000;
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

/* epoll_wait(2), which with --spin-us looks again and again before it sleeps. No signal is missed
 * between two looks: they all come as events. Returns as transfer_wait. */
static ALWAYS_INLINE ssize_t wait_for_events(struct server *server, struct epoll_event *batch)
{
    int until_due = timeout(server);
    if (server->spin > 0 && until_due != 0) {
        int64_t spin = server->spin, start = nanoseconds();
        if (until_due > 0 && until_due < spin / 1000000)
            spin = (int64_t)until_due * 1000000;
        do {
            ssize_t ready = transfer_wait(server->through_libc, server->epoll, batch, 0);
            if (ready != 0)
                return ready;
        } while (nanoseconds() - start < spin);
        until_due = timeout(server);
    }
    return transfer_wait(server->through_libc, server->epoll, batch, until_due);
}

/* False: stop at once. */
static bool heed_stop_signals(struct server *server)
{
    for (uint64_t signals = signals_read(server->stop); signals > 0; signals--) {
        if (server->stopping) {
            stop_at_once(server);
            return false;
        }
        stop_begin(server);
    }
    return true;
}

static void print_statistics(struct server *server)
{
    char thread[32] = "";
    if (signals_read(server->statistics) == 0)
        return;
    if (server->thread > 0)
        snprintf(thread, sizeof thread, "thread %u: ", server->thread);
    say("%s%zu connections now, %" PRIu64 " in total, %" PRIu64 " bytes echoed", thread,
        server->count, server->total, server->echoed);
}

/* One round. False: stop at once. */
static ALWAYS_INLINE bool round_of(struct server *server, const struct epoll_event *batch, ssize_t ready)
{
    bool signalled = false, accept_now = false;
    for (ssize_t i = 0; i < ready; i++) {
        void *source = batch[i].data.ptr;
        if (source == &server->listener)
            accept_now = true;
        else if (source == &server->stop)
            signalled = true;
        else if (source == &server->statistics)
            print_statistics(server);
        else
            connection_note(server, source, batch[i].events);
    }
    if (accept_now || signalled || server->accept_paused || server->stopping)
        server->now = milliseconds(); /* messages depend on no time */
    if (signalled && !heed_stop_signals(server))
        return false;
    connections_turn(server);
    if (server->accept_paused)
        accept_now = server->freed || server->now >= server->retry_at;
    server->freed = false;
    if (accept_now && server->listener != -1)
        listener_turn(server);
    if (server->stopping)
        stop_sweep(server);
    return true;
}

/* Serves until a signal asks to stop; returns the exit status. */
int server_run(struct server *server)
{
    struct epoll_event batch[BATCH];
    while (!server->stopping || server->count > 0 || server->listener != -1) {
        ssize_t ready = wait_for_events(server, batch);
        if (ready < 0 && ready != -EINTR) {
            errno = (int)-ready;
            say_errno("epoll_wait failed");
            return 1;
        }
        if (!round_of(server, batch, ready) || server->failed)
            return 1;
    }
    return server->lost > 0 ? 1 : 0;
}

/* Not the eventfds: a signal may still come. */
void server_close(struct server *server)
{
    while (server->connections)
        connection_close(server, server->connections);
    if (server->listener != -1)
        close(server->listener);
    if (server->epoll != -1)
        epshim_close(server->epoll);
}
