/* A handler that counts, and a loop that reads a signalfd for a while, and the verdict. */
#ifndef HANDLER_H
#define HANDLER_H

#include "../loop.h"

#include <pthread.h>
#include <signal.h>
#include <sys/signalfd.h>

enum { SENT = 5, RUN_MS = 2200 };

static volatile sig_atomic_t handled;

static inline void count(int signal)
{
    (void)signal;
    handled++;
}

static inline sigset_t count_signals(void)
{
    sigset_t mask;
    struct sigaction action = {.sa_handler = count, .sa_flags = SA_RESTART};
    MUST(sigaction(SIGUSR1, &action, NULL));
    sigemptyset(&mask);
    sigaddset(&mask, SIGUSR1);
    return mask;
}

/* As another process would, while the loop is about to wait. */
static inline void send_signal(void)
{
    MUST(kill(getpid(), SIGUSR1));
    sleep_until(in_ms(10));
}

/* A thread that has nothing to do with the loop. */
static inline void *rest(void *unused)
{
    sleep_until(in_ms(RUN_MS));
    return unused;
}

#endif
