/*
 * A program that is recorded: it counts its reads on watched descriptors, and prints the number, so that a test
 * can hold the recording against it. The argument says in what way it goes about it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#define MUST(call)                                                      \
    do {                                                                \
        if ((call) < 0) {                                               \
            fprintf(stderr, "%s: %s\n", #call, strerror(errno));        \
            exit(1);                                                    \
        }                                                               \
    } while (0)

static atomic_int reads;

/* This number of messages through an epoll and a socket pair of its own. */
static void loop(int messages)
{
    int pair[2], epfd;
    MUST(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair));
    MUST(epfd = epoll_create1(0));
    struct epoll_event event = {.events = EPOLLIN, .data.fd = pair[0]};
    MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, pair[0], &event));
    for (int i = 0; i < messages; i++) {
        char byte = 'x';
        MUST(write(pair[1], &byte, 1));
        MUST(epoll_wait(epfd, &event, 1, -1));
        MUST(read(event.data.fd, &byte, 1));
        reads++;
    }
    close(pair[0]);
    close(pair[1]);
    close(epfd);
}

static pthread_barrier_t all;

static void *thread(void *messages)
{
    loop(*(int *)messages);
    /* Until then every thread has its ring. */
    pthread_barrier_wait(&all);
    return NULL;
}

static void threads(unsigned count, int messages)
{
    pthread_t ids[1000];
    pthread_attr_t small;
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, 128 << 10);
    pthread_barrier_init(&all, NULL, count);
    for (unsigned i = 0; i < count; i++)
        if (pthread_create(&ids[i], &small, thread, &messages) != 0)
            exit(1);
    for (unsigned i = 0; i < count; i++)
        pthread_join(ids[i], NULL);
}

static void child_reads(pid_t child)
{
    if (child == 0) {
        loop(100);
        _exit(reads == 100 ? 3 : 4);
    }
    int status;
    MUST(waitpid(child, &status, 0));
    printf("child %d\n", WEXITSTATUS(status));
    reads += 100;
}

/* What the handler reads. */
static int watched[2];

static void handler(int signal)
{
    (void)signal;
    int saved = errno;
    char byte = 'x';
    if (write(watched[1], &byte, 1) == 1 && read(watched[0], &byte, 1) == 1)
        reads++;
    errno = saved;
}

static void signals(void)
{
    int epfd;
    MUST(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, watched));
    MUST(epfd = epoll_create1(0));
    struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data.fd = watched[0]};
    MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, watched[0], &event));
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};
    MUST(sigaction(SIGALRM, &action, NULL));
    struct itimerval often = {.it_interval = {0, 200}, .it_value = {0, 200}};
    MUST(setitimer(ITIMER_REAL, &often, NULL));
    while (reads < 500)
        loop(10);
    struct itimerval never = {0};
    MUST(setitimer(ITIMER_REAL, &never, NULL));
}

int main(int argc, char **argv)
{
    const char *way = argc > 1 ? argv[1] : "once";
    if (strcmp(way, "once") == 0) {
        loop(100);
    } else if (strcmp(way, "threads") == 0) {
        threads(8, 100);
    } else if (strcmp(way, "crowd") == 0) {
        threads(200, 3);
    } else if (strcmp(way, "generations") == 0) {
        for (int i = 0; i < 50; i++)
            threads(8, 3);
    } else if (strcmp(way, "fork") == 0) {
        loop(100);
        child_reads(fork());
    } else if (strcmp(way, "bare-fork") == 0) {
        loop(100);
        child_reads(_Fork());
    } else if (strcmp(way, "vfork") == 0) {
        int pair[2], epfd;
        MUST(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair));
        MUST(epfd = epoll_create1(0));
        struct epoll_event event = {.events = EPOLLIN, .data.fd = pair[0]};
        MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, pair[0], &event));
        pid_t child = vfork();
        if (child == 0) {
            close(pair[0]);
            _exit(0);
        }
        MUST(waitpid(child, NULL, 0));
        char byte = 'x';
        MUST(write(pair[1], &byte, 1));
        MUST(epoll_wait(epfd, &event, 1, -1));
        MUST(read(pair[0], &byte, 1));
        reads++;
    } else if (strcmp(way, "exec") == 0) {
        loop(100);
        printf("reads %d\n", reads);
        fflush(stdout);
        execl(argv[0], argv[0], "once", (char *)NULL);
        return 1;
    } else if (strcmp(way, "failed-exec") == 0) {
        loop(100);
        char *const arguments[] = {argv[0], "no-such-way", NULL};
        execv("/no/such/program", arguments);
        loop(100);
    } else if (strcmp(way, "signals") == 0) {
        signals();
    } else if (strcmp(way, "many") == 0) {
        loop(20000);
    } else if (strcmp(way, "killed") == 0) {
        loop(100);
        usleep(700000);
        kill(getpid(), SIGKILL);
    } else {
        return 2;
    }
    printf("reads %d\n", reads);
    return 7;
}
