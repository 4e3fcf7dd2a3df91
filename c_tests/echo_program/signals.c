/* Signals. The kernel picks the one thread that gets a signal, and its handler notifies the server of
 * each. No loop handles them in a wait's signal mask: with epoll_pwait(2) the kernel would return ready
 * events before it delivers a signal, each time, so that load could starve it.
 *
 * The handlers are without SA_RESTART, so that they interrupt the call that the thread is in. */
#include "program.h"

#include <errno.h>
#include <signal.h>

/* These stay until the process ends, for so does the handler. */
static struct server *const *notified;
static unsigned notified_count;

static void on_signal(int signal)
{
    int saved = errno;
    for (unsigned i = 0; i < notified_count; i++)
        server_notify(notified[i], signal);
    errno = saved;
}

bool signals_catch(struct server *const *servers, unsigned count)
{
    static const int signals[] = {SIGTERM, SIGINT, SIGUSR1};
    struct sigaction handle = {.sa_handler = on_signal};
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigset_t unblocked;
    bool done = true;
    notified = servers;
    notified_count = count;
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
