/* A storm of signals whose handler closes, reads and registers, over a program that does the same:
 * it neither hangs nor loses an errno. */
#define _GNU_SOURCE
#include "check.h"

#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/time.h>
#include <unistd.h>

static int epfd, shared;
static volatile sig_atomic_t handled, is_over;

/* The next signal, a moment after this one was handled: whatever that takes, the program gets on. */
static void arm(void)
{
    struct itimerval soon = {.it_value.tv_usec = is_over ? 0 : 100};
    setitimer(ITIMER_REAL, &soon, NULL);
}

static void handle(int number)
{
    struct epoll_event event = {.events = EPOLLIN};
    int saved = errno, fd = dup(shared);
    char bytes[8];
    (void)number;
    epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &event);
    if (read(fd, bytes, sizeof(bytes)) != 8)
        epoll_wait(epfd, &event, 1, 0);
    epoll_ctl(epfd, EPOLL_CTL_DEL, fd, NULL);
    close(fd);
    handled++;
    arm();
    errno = saved;
}

static void work(int rounds)
{
    for (int i = 0; i < rounds; i++) {
        struct epoll_event event = {.events = EPOLLIN};
        eventfd_t value;
        int fd = eventfd(0, EFD_NONBLOCK);
        CHECK(fd >= 0);
        CHECK_SUCCEEDS(epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &event), 0);
        CHECK_FAILS(epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &event), EEXIST);
        CHECK_SUCCEEDS(eventfd_write(fd, 5), 0);
        CHECK_SUCCEEDS(eventfd_read(fd, &value), 0);
        CHECK_EQ(value, 5);
        CHECK_FAILS(read(fd, &value, sizeof(value)), EAGAIN);
        CHECK_FAILS(read(fd, (void *)1, 0), EINVAL);
        CHECK_SUCCEEDS(close(fd), 0);
    }
}

int main(void)
{
    struct sigaction action = {.sa_handler = handle, .sa_flags = SA_RESTART};
    int before = open_descriptors();
    epfd = epoll_create1(0);
    shared = eventfd(0, EFD_NONBLOCK);
    sigaction(SIGALRM, &action, NULL);
    arm();
    while (handled < 2000)
        work(100);
    is_over = 1;
    arm();
    close(epfd);
    close(shared);
    CHECK_EQ(open_descriptors(), before);
    return 0;
}
