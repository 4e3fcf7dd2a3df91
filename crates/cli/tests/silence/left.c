/* Threads that have left their loops for good, with an event in each epoll that nobody will ask for. One sleeps then, one
 * waits for a condition, and the first waits for both: that takes longer than a loop may stand still. */
#include <pthread.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

enum { ROUNDS = 50, SECONDS = 12 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;

static int make(void)
{
    int epfd = epoll_create1(EPOLL_CLOEXEC), fd = eventfd(1, EFD_CLOEXEC);
    struct epoll_event interest = {.events = EPOLLIN, .data.fd = fd};
    if (epfd == -1 || fd == -1 || epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &interest) == -1)
        exit(1);
    return epfd;
}

/* It has work for each event, and none is read: who asks again would have it again. */
__attribute__((noinline)) static void go_round(int epfd)
{
    struct timespec work = {.tv_nsec = 100000};
    struct epoll_event event;
    for (int round = 0; round < ROUNDS; round++) {
        if (epoll_wait(epfd, &event, 1, -1) != 1)
            exit(1);
        nanosleep(&work, NULL);
    }
}

static void *sleep_long(void *unused)
{
    struct timespec pause = {.tv_sec = SECONDS};
    struct timespec work = {.tv_nsec = 100000};
    struct epoll_event event;
    int epfd = make();
    /* The loop is in the thread's first function. */
    for (int round = 0; round < ROUNDS; round++) {
        if (epoll_wait(epfd, &event, 1, -1) != 1)
            exit(1);
        nanosleep(&work, NULL);
    }
    nanosleep(&pause, NULL);
    return unused;
}

static void *wait_long(void *unused)
{
    struct timespec until;
    go_round(make());
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += SECONDS;
    pthread_mutex_lock(&lock);
    while (pthread_cond_timedwait(&condition, &lock, &until) == 0)
        ;
    pthread_mutex_unlock(&lock);
    return unused;
}

int main(void)
{
    pthread_t threads[2];
    if (pthread_create(&threads[0], NULL, sleep_long, NULL) != 0 ||
        pthread_create(&threads[1], NULL, wait_long, NULL) != 0)
        return 1;
    go_round(make());
    for (int i = 0; i < 2; i++)
        if (pthread_join(threads[i], NULL) != 0)
            return 1;
    return 0;
}
