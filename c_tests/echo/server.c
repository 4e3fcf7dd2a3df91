/* What one thread does. The loop: wait, note, turns, accept. */
#include "echo.h"

#include <errno.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

/* How many signals have come since the last call. */
static uint64_t read_signals(int eventfd)
{
    uint64_t count;
    return read(eventfd, &count, sizeof count) == (ssize_t)sizeof count ? count : 0;
}

/* Pages of its own, all zeroes: those that it never uses are never there. */
static struct server *allocate(void)
{
    const int protection = PROT_READ | PROT_WRITE, flags = MAP_PRIVATE | MAP_ANONYMOUS;
    void *pages = mmap(NULL, sizeof(struct server), protection, flags, -1, 0);
    return pages == MAP_FAILED ? NULL : pages;
}

/* What it has opened where it fails ends with the process. */
struct server *server_new(const struct options *options, int listener, unsigned thread)
{
    struct server *server = allocate();
    if (!server)
        return NULL;
    server->thread = thread;
    server->spin = (int64_t)options->spin_us * 1000;
    server->listener = listener;
    if ((server->epoll = epshim_create1(EPOLL_CLOEXEC)) == -1 ||
        (server->stop = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) == -1 ||
        (server->statistics = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) == -1)
        return NULL;
    int *sources[] = {&server->listener, &server->stop, &server->statistics};
    for (size_t i = 0; i < sizeof sources / sizeof *sources; i++)
        if (!server_register(server, EPOLL_CTL_ADD, *sources[i], EPOLLIN, sources[i]))
            return NULL;
    return server;
}

/* epoll_ctl(2) with a pointer as data. */
bool server_register(struct server *server, int op, int fd, uint32_t events, void *source)
{
    struct epoll_event event = {.events = events, .data.ptr = source};
    return epshim_ctl(server->epoll, op, fd, &event) == 0;
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
    if (server->shortage.lasts)
        until = server->retry_at;
    if (server->stopping && server->sweep_at < until)
        until = server->sweep_at;
    if (until == INT64_MAX)
        return -1;
    int64_t left = until - milliseconds();
    return left > 0 ? (int)left : 0;
}

/* epoll_wait(2), which with --spin-us looks again and again before it sleeps. No signal is missed
 * between two looks: they all come as events. */
static int wait_for_events(struct server *server, struct epoll_event *batch)
{
    int until_due = timeout(server);
    if (server->spin > 0 && until_due != 0) {
        int64_t spin = server->spin, start = nanoseconds();
        if (until_due > 0 && until_due < spin / 1000000)
            spin = (int64_t)until_due * 1000000;
        do {
            int ready = epshim_wait(server->epoll, batch, BATCH, 0);
            if (ready != 0)
                return ready;
        } while (nanoseconds() - start < spin);
        until_due = timeout(server);
    }
    return epshim_wait(server->epoll, batch, BATCH, until_due);
}

/* False: stop at once. */
static bool heed_stop_signals(struct server *server)
{
    for (uint64_t signals = read_signals(server->stop); signals > 0; signals--) {
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
    if (read_signals(server->statistics) > 0)
        say_statistics(server->thread, server->count, server->total, server->shared.echoed);
}

/* One round. False: stop at once. */
static bool round_of(struct server *server, const struct epoll_event *batch, int ready)
{
    bool signalled = false, accept_now = false;
    for (int i = 0; i < ready; i++) {
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
    if (accept_now || signalled || server->shortage.lasts || server->stopping)
        server->now = milliseconds(); /* messages depend on no time */
    if (signalled && !heed_stop_signals(server))
        return false;
    connections_turn(server);
    if (server->shortage.lasts)
        accept_now = server->freed || server->now >= server->retry_at;
    server->freed = false;
    if (accept_now && server->listener != -1)
        accept_turn(server);
    if (server->stopping)
        stop_sweep(server);
    return true;
}

/* Serves until a signal asks to stop; returns the exit status. */
int server_run(struct server *server)
{
    struct epoll_event batch[BATCH];
    while (!server->stopping || server->count > 0 || server->listener != -1) {
        int ready = wait_for_events(server, batch);
        if (ready == -1 && errno != EINTR) {
            say_errno("epoll_wait failed");
            return 1;
        }
        if (!round_of(server, batch, ready) || server->failed)
            return 1;
    }
    return server->shared.lost > 0 ? 1 : 0;
}

bool server_is_stopping(const struct server *server)
{
    return server->stopping;
}

/* The eventfd's counter holds 2^64-2 signals: the write cannot fail. */
void server_notify(struct server *server, int signal)
{
    const uint64_t one = 1;
    int eventfd = signal == SIGUSR1 ? server->statistics : server->stop;
    if (write(eventfd, &one, sizeof one) == -1)
        return;
}

/* Not the eventfds: a signal may still come. */
void server_close(struct server *server)
{
    while (server->connections)
        connection_close(server, server->connections);
    if (server->listener != -1)
        close(server->listener);
    epshim_close(server->epoll);
}
