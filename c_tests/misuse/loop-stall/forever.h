/* A loop that never waits again is ended from outside: by a signal, whose handler has the last word. */
#ifndef FOREVER_H
#define FOREVER_H

#include "../loop.h"

#include <signal.h>

/* A loop that stands still for longer than this does so for ever. */
enum { LONGEST_S = 13 };

static const char *what_happened;

static void end_now(int signal)
{
    (void)signal;
    exit(report(true, "%s for %d s", what_happened, LONGEST_S));
}

/* The loop sleeps in a system call by then, and in no function that a handler must not interrupt. */
static inline void end_later(const char *what)
{
    what_happened = what;
    if (signal(SIGALRM, end_now) == SIG_ERR)
        exit(1);
    alarm(LONGEST_S);
}

#endif
