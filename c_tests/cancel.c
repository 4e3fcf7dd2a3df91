/* pthread_cancel ends each wait, blocked or not, runs the cleanup handlers, and leaves the epoll
 * usable. The waits are cancellation points in libc, and must stay so (pthreads(7)). */
#define _GNU_SOURCE
#include "oracle.h"

#include "check.h"

#include <pthread.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

struct waiter {
    int (*wait)(int epfd);
    int epfd;
    int cleaned_up;
};

static int wait_forever(int epfd)
{
    struct epoll_event event;
    return epshim_wait(epfd, &event, 1, -1);
}

static int pwait_forever(int epfd)
{
    struct epoll_event event;
    sigset_t none;
    sigemptyset(&none);
    return epshim_pwait(epfd, &event, 1, -1, &none);
}

static int pwait2_forever(int epfd)
{
    struct epoll_event event;
    return epshim_pwait2(epfd, &event, 1, NULL, NULL);
}

static int pwait2_for_an_hour(int epfd)
{
    struct epoll_event event;
    struct timespec hour = {3600, 0};
    return epshim_pwait2(epfd, &event, 1, &hour, NULL);
}

#ifndef EPSHIM_ORACLE
static int split_forever(int epfd)
{
    uint32_t events;
    uint64_t data;
    return epshim_wait_split(epfd, &events, &data, 1, -1);
}
#endif

static void clean_up(void *waiter)
{
    ((struct waiter *)waiter)->cleaned_up = 1;
}

static void *run(void *argument)
{
    struct waiter *waiter = argument;
    pthread_cleanup_push(clean_up, waiter);
    waiter->wait(waiter->epfd);
    pthread_cleanup_pop(0);
    return NULL;
}

/* Whether the process has a thread asleep in an epoll wait: its wchan or, where that is hidden,
 * the sleeping state of every thread but this one. */
static int a_thread_sleeps(void)
{
    int asleep = 0;
    DIR *tasks = opendir("/proc/self/task");
    struct dirent *entry;
    CHECK(tasks != NULL);
    while ((entry = readdir(tasks)) != NULL) {
        char path[300], line[512] = "";
        FILE *stat;
        if (entry->d_name[0] == '.' || atoi(entry->d_name) == getpid())
            continue;
        snprintf(path, sizeof(path), "/proc/self/task/%s/stat", entry->d_name);
        stat = fopen(path, "r");
        if (stat == NULL)
            continue;
        if (fgets(line, sizeof(line), stat) != NULL && strstr(line, ") S ") != NULL)
            asleep = 1;
        fclose(stat);
    }
    closedir(tasks);
    return asleep;
}

/* Cancels a thread that sleeps in the wait, or, with `pending`, one that has not begun it. */
static void cancel(int (*wait)(int), int pending)
{
    struct waiter waiter = {.wait = wait, .epfd = epshim_create1(0)};
    pthread_t thread;
    void *result;
    CHECK_EQ(pthread_create(&thread, NULL, run, &waiter), 0);
    if (!pending)
        while (!a_thread_sleeps())
            sched_yield();
    CHECK_EQ(pthread_cancel(thread), 0);
    CHECK_EQ(pthread_join(thread, &result), 0);
    CHECK(result == PTHREAD_CANCELED);
    CHECK_EQ(waiter.cleaned_up, 1);
    CHECK_SUCCEEDS(epshim_close(waiter.epfd), 0);
}

int main(void)
{
    static int (*const waits[])(int) = {
        wait_forever, pwait_forever, pwait2_forever, pwait2_for_an_hour,
#ifndef EPSHIM_ORACLE
        split_forever,
#endif
    };
    int before = open_descriptors();
    for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
        for (int round = 0; round < 20; round++) {
            cancel(waits[i], 0);
            cancel(waits[i], 1);
        }
    }
    CHECK_EQ(open_descriptors(), before);
    return 0;
}
