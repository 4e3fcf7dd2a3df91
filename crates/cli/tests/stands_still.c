/* A loop that stands still, in the way that the first argument names, after it has gone round some times; and which
 * signal ends the process then, by the second: 0 for none. */
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

enum { ROUNDS = 20 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void doze(int seconds)
{
    struct timespec pause = {.tv_sec = seconds};
    nanosleep(&pause, NULL);
}

static void handle(const char *how)
{
    if (strcmp(how, "lock") == 0)
        pthread_mutex_lock(&lock);
    if (strcmp(how, "sleep") == 0)
        doze(60);
    if (strcmp(how, "long") == 0)
        doze(14);
    volatile unsigned long n = 0;
    while (strcmp(how, "compute") == 0)
        n++;
}

__attribute__((noinline)) static void go_round(int epfd, const char *how)
{
    struct epoll_event event;
    for (int round = 0; round < ROUNDS; round++) {
        epoll_wait(epfd, &event, 1, -1);
        if (round == ROUNDS - 2)
            handle(how);
    }
}

/* A process of its own ends this one. */
static void end_later(int signal, int seconds)
{
    if (signal != 0 && fork() == 0) {
        doze(seconds);
        kill(getppid(), signal);
        _exit(0);
    }
}

int main(int argc, char **argv)
{
    if (argc != 4)
        return 2;
    end_later(atoi(argv[2]), atoi(argv[3]));
    /* What computes must have a processor, on a busy machine too. */
    struct sched_param first = {.sched_priority = 1};
    if (strcmp(argv[1], "compute") == 0 && sched_setscheduler(0, SCHED_RR, &first) == -1)
        return 77;
    int epfd = epoll_create1(EPOLL_CLOEXEC), fd = eventfd(1, EFD_CLOEXEC);
    struct epoll_event interest = {.events = EPOLLIN};
    epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &interest);
    pthread_mutex_lock(&lock);
    go_round(epfd, argv[1]);
    if (strcmp(argv[1], "left") == 0)
        doze(60);
    return 0;
}
