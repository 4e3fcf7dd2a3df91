/*
 * A call on a registered descriptor may block, so that the checker's thread is there and looks, again and again,
 * whether one hangs. It does so at its own pace: the program's waits do not wake it.
 */
#define _GNU_SOURCE
#include "check.h"

#include <dirent.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

/* How often the threads beside this one have given up the processor by themselves (proc_pid_status(5)). */
static long sleeps_of_others(void)
{
    long sum = 0;
    DIR *folder = opendir("/proc/self/task");
    CHECK(folder != NULL);
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        char path[300], line[200];
        if (entry->d_name[0] == '.' || atoi(entry->d_name) == getpid())
            continue;
        snprintf(path, sizeof(path), "/proc/self/task/%s/status", entry->d_name);
        FILE *file = fopen(path, "r");
        while (file != NULL && fgets(line, sizeof(line), file) != NULL)
            if (strncmp(line, "voluntary_ctxt_switches:", 24) == 0)
                sum += atol(line + 24);
        if (file != NULL)
            fclose(file);
    }
    closedir(folder);
    return sum;
}

static long milliseconds(void)
{
    struct timespec now;
    CHECK(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int main(void)
{
    struct epoll_event event = {.events = EPOLLIN};
    int ends[2], epfd = epoll_create1(0);
    char byte;
    /* Both ends block, and one delivers. */
    CHECK(pipe(ends) == 0);
    CHECK(epoll_ctl(epfd, EPOLL_CTL_ADD, ends[0], &event) == 0);
    CHECK(write(ends[1], "x", 1) == 1);
    CHECK(epoll_wait(epfd, &event, 1, -1) == 1);
    CHECK(read(ends[0], &byte, 1) == 1);

    long begun = milliseconds(), before = sleeps_of_others();
    for (int i = 0; i < 500; i++)
        CHECK(epoll_wait(epfd, &event, 1, 1) == 0);
    long passed = milliseconds() - begun, sleeps = sleeps_of_others() - before;
    /* Every 50 ms, and a few times for what else there is. */
    if (sleeps > passed / 50 + 20)
        fprintf(stderr, "%ld sleeps in %ld ms\n", sleeps, passed);
    CHECK(sleeps <= passed / 50 + 20);
    return 0;
}
