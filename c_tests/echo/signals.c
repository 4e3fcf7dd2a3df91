/* Signals. All of them reach the loops as descriptors of their epolls, so that load cannot starve
 * them: with epoll_pwait(2) the kernel would return ready events before it delivers a signal, each
 * time. A signal comes to one thread only, whichever it may be, and its handler tells all: it adds
 * one to an eventfd of each.
 *
 * The handlers are without SA_RESTART, so that they interrupt whatever call they meet. */
#include "echo.h"

#include <errno.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* These and their eventfds stay until the process ends, for so does the handler. */
static struct server *const *told;
static unsigned told_count;

static void on_signal(int signal)
{
    const uint64_t one = 1;
    int saved = errno;
    for (unsigned i = 0; i < told_count; i++) {
        int fd = signal == SIGUSR1 ? told[i]->statistics : told[i]->stop;
        /* EAGAIN: it has been told 2^64-2 times. */
        if (write(fd, &one, sizeof one) == -1)
            errno = saved;
    }
}

bool signals_open(struct server *server)
{
    server->stop = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    server->statistics = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (server->stop == -1 || server->statistics == -1 ||
        !server_register(server, EPOLL_CTL_ADD, server->stop, EPOLLIN, &server->stop) ||
        !server_register(server, EPOLL_CTL_ADD, server->statistics, EPOLLIN,
                         &server->statistics)) {
        say_errno("cannot set up signals");
        return false;
    }
    return true;
}

bool signals_catch(struct server *const *servers, unsigned count)
{
    static const int signals[] = {SIGTERM, SIGINT, SIGUSR1};
    struct sigaction handle = {.sa_handler = on_signal};
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigset_t unblocked;
    bool done = true;
    told = servers;
    told_count = count;
    sigemptyset(&handle.sa_mask);
    sigemptyset(&ignore.sa_mask);
    sigemptyset(&unblocked);
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
        sigaddset(&handle.sa_mask, signals[i]);
        sigaddset(&unblocked, signals[i]);
    }
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        done = done && sigaction(signals[i], &handle, NULL) == 0;
    done = done && sigaction(SIGPIPE, &ignore, NULL) == 0 &&
           sigprocmask(SIG_UNBLOCK, &unblocked, NULL) == 0;
    if (!done)
        say_errno("cannot set up signals");
    return done;
}

/* How many signals have come since the last call. */
uint64_t signals_read(int eventfd)
{
    uint64_t count;
    return read(eventfd, &count, sizeof count) == (ssize_t)sizeof count ? count : 0;
}
