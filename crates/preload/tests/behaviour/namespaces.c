/* Calls that the kernel refuses to a process of two threads, or that reach one thread only, while the
 * checker suspects something: what was left undrained, for which it looks after a second. */
#define _GNU_SOURCE
#include "check.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int epfd;

static void be_suspected(void)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLET};
    char byte;
    int ends[2];
    epfd = epoll_create1(0);
    CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
    CHECK_EQ(epoll_ctl(epfd, EPOLL_CTL_ADD, ends[0], &event), 0);
    CHECK_EQ(write(ends[1], "request", 7), 7);
    CHECK_EQ(epoll_wait(epfd, &event, 1, 1000), 1);
    CHECK_EQ(read(ends[0], &byte, 1), 1);
    CHECK_EQ(epoll_wait(epfd, &event, 1, 10), 0);
}

/* In a child, which has one thread: the call has this result. */
static void in_child(int (*call)(void))
{
    int status;
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        be_suspected();
        _exit(call());
    }
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK(WIFEXITED(status));
    CHECK_EQ(WEXITSTATUS(status), 0);
}

/* 0, or that the kernel has no such namespace, or not for this user; never EINVAL. */
static int result_of(long result)
{
    return result == 0 || errno == EPERM || errno == ENOSPC || errno == ENOSYS ? 0 : errno;
}

static int by_function(void) { return result_of(unshare(CLONE_NEWUSER)); }
static int by_number(void) { return result_of(syscall(SYS_unshare, CLONE_NEWUSER)); }

/* Every thread of the process has the new user; the checker goes on. */
static int change_user(void)
{
    struct epoll_event event;
    struct dirent *entry;
    DIR *threads;
    if (getuid() != 0)
        return 0;
    CHECK_EQ(setgid(1234), 0);
    CHECK_EQ(setuid(4321), 0);
    CHECK_EQ(epoll_wait(epfd, &event, 1, 10), 0);
    threads = opendir("/proc/self/task");
    CHECK(threads != NULL);
    while ((entry = readdir(threads)) != NULL) {
        char path[300], line[200];
        FILE *status;
        unsigned real = 0;
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof(path), "/proc/self/task/%s/status", entry->d_name);
        status = fopen(path, "r");
        CHECK(status != NULL);
        while (fgets(line, sizeof(line), status) != NULL)
            sscanf(line, "Uid: %u", &real);
        fclose(status);
        CHECK_EQ(real, 4321);
    }
    closedir(threads);
    return 0;
}

int main(void)
{
    alarm(60); /* what hangs fails */
    for (int round = 0; round < 10; round++) {
        in_child(by_function);
        in_child(by_number);
        in_child(change_user);
    }
    return 0;
}
