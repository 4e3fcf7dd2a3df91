/* The ways out of a program that has made one mistake: exits WAY. Its own status is 5 where it has one. */
#define _GNU_SOURCE
#include "check.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* The mistake: a registration is made twice. */
static void make_mistake(void)
{
    struct epoll_event event = {.events = EPOLLIN};
    int epfd = epoll_create1(EPOLL_CLOEXEC), fd = eventfd(0, EFD_NONBLOCK);
    CHECK_EQ(epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &event), 0);
    CHECK_EQ(epoll_wait(epfd, &event, 1, 0), 0);
    CHECK_FAILS(epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &event), EEXIST);
}

/* A mistake that no second call makes good: the descriptor is not open. */
static void make_certain_mistake(void)
{
    int epfd = epoll_create1(EPOLL_CLOEXEC);
    CHECK_FAILS(epoll_ctl(epfd, EPOLL_CTL_DEL, 999, NULL), EBADF);
}

static void leave_in_handler(int number)
{
    (void)number;
    _exit(5);
}

/* The status of a worker that makes a mistake of its own, and leaves. */
static int worker(void)
{
    int status;
    pid_t child = fork();
    if (child == 0) {
        make_mistake();
        _exit(5);
    }
    CHECK_EQ(waitpid(child, &status, 0), child);
    return WEXITSTATUS(status);
}

/* A child with this memory leaves; the parent is not at its end. */
static void vfork_and(void (*leave)(int))
{
    int status;
    pid_t child = vfork();
    if (child == 0)
        leave(3);
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK_EQ(WEXITSTATUS(status), 3);
}

static void leave_by_number(int status)
{
    syscall(SYS_exit_group, status);
}

static void *sit_in_getchar(void *ready)
{
    write(*(int *)ready, "", 1);
    getchar();
    return NULL;
}

/* Another thread has the lock of stdin for ever; what is in stdout's buffer comes out all the same. */
static void read_console(void)
{
    pthread_t thread;
    int ends[2];
    char byte;
    CHECK_EQ(pipe(ends), 0);
    CHECK_EQ(pthread_create(&thread, NULL, sit_in_getchar, &ends[1]), 0);
    CHECK_EQ(read(ends[0], &byte, 1), 1);
    while (ftrylockfile(stdin) == 0) { /* until the other thread has it */
        funlockfile(stdin);
        sched_yield();
    }
    printf("buffered");
}

static void leave_again(void)
{
    _exit(5);
}

static int is(const char *way, const char *name)
{
    return strcmp(way, name) == 0;
}

int main(int argc, char **argv)
{
    const char *way = argc > 1 ? argv[1] : "";
    make_mistake();
    if (is(way, "_exit"))
        _exit(5);
    if (is(way, "_Exit"))
        _Exit(5);
    if (is(way, "quick_exit"))
        quick_exit(5);
    if (is(way, "exit_group"))
        leave_by_number(5);
    if (is(way, "handler")) {
        signal(SIGTERM, leave_in_handler);
        raise(SIGTERM);
    }
    if (is(way, "exit"))
        exit(5);
    if (is(way, "pthread_exit")) /* the last thread's: its status is 0 */
        pthread_exit(NULL);
    if (is(way, "atexit"))
        atexit(leave_again);
    if (is(way, "abort"))
        make_certain_mistake(), abort();
    if (is(way, "kill"))
        make_certain_mistake(), raise(SIGKILL);
    if (is(way, "crash"))
        make_certain_mistake(), raise(SIGSEGV);
    if (is(way, "worker"))
        return worker() == 9 ? 9 : 5; /* a worker's end is its own */
    if (is(way, "vfork")) {
        vfork_and(_exit);
        vfork_and(_Exit);
        vfork_and(leave_by_number);
    }
    if (is(way, "console"))
        read_console();
    return 5;
}
