/* A program that is suspected all the time, so that the checker's own thread runs and asks the
 * kernel, while everything happens that such a thread may get in the way of. What is left undrained
 * is left on purpose: the checker is to find it. */
#define _GNU_SOURCE
#include "check.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int epfd;

static long milliseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Reads a part of what an edge has told of, and waits. Returns the other end. */
static int leave_something(void)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLET};
    char byte;
    int ends[2];
    CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
    event.data.fd = ends[0];
    CHECK_EQ(epoll_ctl(epfd, EPOLL_CTL_ADD, ends[0], &event), 0);
    CHECK_EQ(write(ends[1], "request", 7), 7);
    CHECK_EQ(epoll_wait(epfd, &event, 1, 1000), 1);
    CHECK_EQ(event.data.fd, ends[0]);
    CHECK_EQ(read(ends[0], &byte, 1), 1);
    return ends[1];
}

/* Nothing comes, and the wait is as long as it is asked to be. */
static void wait_in_vain(int timeout)
{
    struct epoll_event event;
    long before = milliseconds();
    CHECK_EQ(epoll_wait(epfd, &event, 1, timeout), 0);
    CHECK(milliseconds() - before >= timeout - 1);
}

static int alarm_clock;

static void *ring(void *after)
{
    CHECK_EQ(poll(NULL, 0, (int)(long)after), 0);
    CHECK_EQ(eventfd_write(alarm_clock, 1), 0);
    return NULL;
}

/* A wait without a timeout, which something else ends in time: one with a timeout is judged only when that
 * has passed, and a program that executes another then takes the finding along. */
static void wait_for_ever(long milliseconds)
{
    struct epoll_event event = {.events = EPOLLIN};
    pthread_t thread;
    eventfd_t value;
    alarm_clock = eventfd(0, EFD_NONBLOCK);
    event.data.fd = alarm_clock;
    CHECK_EQ(epoll_ctl(epfd, EPOLL_CTL_ADD, alarm_clock, &event), 0);
    CHECK_EQ(pthread_create(&thread, NULL, ring, (void *)milliseconds), 0);
    CHECK_EQ(epoll_wait(epfd, &event, 1, -1), 1);
    CHECK_EQ(event.data.fd, alarm_clock);
    CHECK_EQ(eventfd_read(alarm_clock, &value), 0);
    CHECK_EQ(pthread_join(thread, NULL), 0);
    CHECK_EQ(close(alarm_clock), 0);
}

/* Children that leave at once, that make an epoll of their own, and that do so and exec. */
static void fork_often(void)
{
    for (int round = 0; round < 200; round++) {
        int status;
        pid_t child = fork();
        CHECK(child >= 0);
        if (child == 0) {
            if (round % 2 == 1) {
                close(epfd);
                epfd = epoll_create1(0);
                leave_something();
                wait_in_vain(1);
            }
            if (round % 10 == 1)
                execlp("true", "true", (char *)NULL);
            _exit(0);
        }
        wait_in_vain(0);
        CHECK_EQ(waitpid(child, &status, 0), child);
        CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
}

/* More to note than there is room for, between two waits. */
static void close_many_unread(void)
{
    int ends[200][2];
    struct epoll_event events[200];
    int told = 0;
    for (int i = 0; i < 200; i++) {
        struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP, .data.u64 = 1000 + (unsigned)i};
        CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends[i]), 0);
        CHECK_EQ(epoll_ctl(epfd, EPOLL_CTL_ADD, ends[i][0], &event), 0);
        CHECK_EQ(write(ends[i][1], "last", 4), 4);
        CHECK_EQ(close(ends[i][1]), 0);
    }
    told = epoll_wait(epfd, events, 200, 1000);
    CHECK_EQ(told, 200);
    for (int i = 0; i < 200; i++)
        CHECK_EQ(close(ends[i][0]), 0);
    wait_in_vain(0);
}

/* As a careful daemon does: it closes all, and it begins again. */
static void begin_again(void)
{
    closefrom(3);
    CHECK_EQ(fcntl(epfd, F_GETFD), -1);
    epfd = epoll_create1(EPOLL_CLOEXEC);
    CHECK_EQ(epfd, 3);
    CHECK_EQ(leave_something(), 5);
    wait_in_vain(50);
}

static void *cancelled(void *argument)
{
    struct epoll_event event;
    epoll_wait(epfd, &event, 1, -1);
    return argument;
}

static void cancel_waiters(void)
{
    for (int i = 0; i < 50; i++) {
        pthread_t thread;
        void *result;
        CHECK_EQ(pthread_create(&thread, NULL, cancelled, NULL), 0);
        wait_in_vain(i % 3);
        CHECK_EQ(pthread_cancel(thread), 0);
        CHECK_EQ(pthread_join(thread, &result), 0);
        CHECK(result == PTHREAD_CANCELED);
    }
}

/* A one-shot that no thread arms again, and a descriptor that may block: nothing of it is wrong as long
 * as the program ends. */
static void suspend(void)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLONESHOT};
    char bytes[8];
    int ends[2];
    CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    CHECK_EQ(epoll_ctl(epfd, EPOLL_CTL_ADD, ends[0], &event), 0);
    CHECK_EQ(write(ends[1], "request", 7), 7);
    CHECK_EQ(epoll_wait(epfd, &event, 1, 1000), 1);
    CHECK_EQ(read(ends[0], bytes, sizeof(bytes)), 7);
    wait_in_vain(10);
}

static pthread_t first;

/* The main thread is gone; this one is the program. */
static void *live_on(void *how)
{
    CHECK_EQ(pthread_join(first, NULL), 0);
    fork_often();
    begin_again();
    wait_for_ever(1300);
    suspend();
    if (strcmp(how, "returns") == 0)
        return NULL; /* the last thread: the program ends with 0 (pthread_exit(3)) */
    execlp("sh", "sh", "-c", "exit 0", (char *)NULL);
    return how;
}

int main(int argc, char **argv)
{
    const char *how = argc > 1 ? argv[1] : "returns";
    pthread_t thread;
    alarm(60); /* what hangs fails */
    first = pthread_self();
    epfd = epoll_create1(0);
    leave_something();
    wait_in_vain(50);
    cancel_waiters();
    close_many_unread();
    fork_often();
    begin_again();
    if (strcmp(how, "daemon") == 0) {
        /* The child is another process: the parent of this one reads its end in a pipe. */
        CHECK_EQ(daemon(1, 1), 0);
        alarm(60);
        fork_often();
        begin_again();
        wait_for_ever(1300);
        CHECK_EQ(write(STDOUT_FILENO, "passed\n", 7), 7);
        return 0;
    }
    CHECK_EQ(pthread_create(&thread, NULL, live_on, (void *)how), 0);
    pthread_exit(NULL);
}
