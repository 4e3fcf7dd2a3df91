/* Signals. All of them reach the loop as descriptors of its epoll, so that load cannot starve them:
 * with epoll_pwait(2) the kernel would return ready events before it delivers a signal, each time.
 *
 * SIGTERM and SIGINT come through a signalfd. SIGUSR1 has a handler, without SA_RESTART, so that
 * it interrupts whatever call it meets; the handler writes to an eventfd. */
#include "echo.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

static int statistics_wanted = -1;

static void on_sigusr1(int signal)
{
    const uint64_t one = 1;
    int saved = errno;
    (void)signal;
    /* EAGAIN: it is wanted already, 2^64-2 times. */
    if (write(statistics_wanted, &one, sizeof one) == -1)
        errno = saved;
}

bool signals_open(struct server *server)
{
    struct sigaction on_usr1 = {.sa_handler = on_sigusr1};
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigset_t stop, usr1;
    sigemptyset(&on_usr1.sa_mask);
    sigemptyset(&ignore.sa_mask);
    sigemptyset(&stop);
    sigaddset(&stop, SIGTERM);
    sigaddset(&stop, SIGINT);
    sigemptyset(&usr1);
    sigaddset(&usr1, SIGUSR1);

    server->stop_signals = signalfd(-1, &stop, SFD_NONBLOCK | SFD_CLOEXEC);
    server->statistics = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    statistics_wanted = server->statistics;
    if (server->stop_signals == -1 || server->statistics == -1 ||
        sigprocmask(SIG_BLOCK, &stop, NULL) == -1 || sigaction(SIGUSR1, &on_usr1, NULL) == -1 ||
        sigprocmask(SIG_UNBLOCK, &usr1, NULL) == -1 || sigaction(SIGPIPE, &ignore, NULL) == -1 ||
        !server_register(server, EPOLL_CTL_ADD, server->stop_signals, EPOLLIN,
                         &server->stop_signals) ||
        !server_register(server, EPOLL_CTL_ADD, server->statistics, EPOLLIN,
                         &server->statistics)) {
        say_errno("cannot set up signals");
        return false;
    }
    return true;
}

/* Takes the signals that ask to stop; returns how many there were. */
unsigned signals_read(struct server *server)
{
    struct signalfd_siginfo info;
    unsigned signals = 0;
    while (read(server->stop_signals, &info, sizeof info) == (ssize_t)sizeof info)
        signals++;
    return signals;
}

void statistics_print(struct server *server)
{
    uint64_t times;
    if (read(server->statistics, &times, sizeof times) == (ssize_t)sizeof times)
        say("%zu connections now, %" PRIu64 " in total, %" PRIu64 " bytes echoed", server->count,
            server->total, server->echoed);
}
