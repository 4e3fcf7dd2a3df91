/* A thread that sleeps in a wait of its own making. */
#ifndef WAITER_H
#define WAITER_H

#include "../loop.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>

struct waiter {
    int epfd, wake_up;
    atomic_int thread; /* its id, when it is about to wait */
    atomic_bool ended;
};

static inline void about_to_wait(struct waiter *waiter)
{
    atomic_store(&waiter->thread, (int)syscall(SYS_gettid));
}

/* Returns when it sleeps (proc_pid_stat(5)). */
static inline void until_it_sleeps(struct waiter *waiter)
{
    char path[64], line[512];
    for (bool sleeps = false; !sleeps; sleep_until(in_ms(1))) {
        snprintf(path, sizeof(path), "/proc/self/task/%d/stat", atomic_load(&waiter->thread));
        FILE *stat = fopen(path, "r");
        if (stat == NULL)
            continue;
        sleeps = fgets(line, sizeof(line), stat) != NULL && strstr(line, ") S ") != NULL;
        fclose(stat);
    }
}

/* Whether it ends by then. */
static inline bool ends_until(struct waiter *waiter, int64_t moment)
{
    while (!atomic_load(&waiter->ended) && ms_until(moment) > 0)
        sleep_until(in_ms(1));
    return atomic_load(&waiter->ended);
}

#endif
