/*
 * Mistakes of a thread: one in a call, one that the kernel is asked about. With an argument the first thread
 * has ended before them, by pthread_exit(3): the process's id is then that of a thread without memory and
 * without descriptors.
 */
#define _GNU_SOURCE
#include "check.h"

#include <pthread.h>
#include <sched.h>
#include <sys/epoll.h>
#include <unistd.h>

static void *mistakes(void *waits)
{
    char path[8];
    /* The link of a process whose first thread has ended leads nowhere. */
    while (waits != NULL && readlink("/proc/self/exe", path, sizeof(path)) >= 0)
        sched_yield();

    struct epoll_event event = {.events = EPOLLIN};
    int ends[2], epfd = epoll_create1(0);
    CHECK(pipe(ends) == 0);
    CHECK(epoll_ctl(epfd, EPOLL_CTL_ADD, ends[0], &event) == 0);
    CHECK(epoll_ctl(epfd, EPOLL_CTL_ADD, 1000, &event) == -1);
    CHECK(dup(ends[0]) >= 0);
    CHECK(close(ends[0]) == 0);
    CHECK(write(ends[1], "x", 1) == 1);
    for (int i = 0; i < 4; i++)
        CHECK(epoll_wait(epfd, &event, 1, 0) == 1);
    return NULL;
}

int main(int count, char **arguments)
{
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, mistakes, count > 1 ? arguments[1] : NULL) == 0);
    if (count > 1)
        pthread_exit(NULL);
    pthread_join(thread, NULL);
    return 0;
}
