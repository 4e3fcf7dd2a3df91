/* The timeout of a loop is that of its next timer, and UINT32_MAX where there is none: as an int that is -1. The
 * loop is to look at each turn whether it shall stop, and at the end of the program there is no timer any more.
 *
 * Right: without a timer it waits for 1 s.
 *
 * expect: nothing
 * after: https://github.com/yandex/odyssey/pull/744
 * shows: hangs
 */
#include "../misuse/loop.h"

#include <pthread.h>
#include <stdatomic.h>

struct loop {
    int epfd, wake;
    int64_t timer; /* 0: none */
    atomic_bool shall_stop;
    int64_t stopped;
};

static void step(struct loop *l)
{
#ifndef RIGHT
    int timeout = (int)UINT32_MAX;
#else
    int timeout = 1000;
#endif
    if (l->timer != 0) {
        timeout = ms_until(l->timer);
        if (timeout == 0)
            l->timer = 0;
    }
    struct epoll_event event;
    char byte;
    if (DELIVERED(epoll_wait(l->epfd, &event, 1, timeout)) > 0)
        MUST(read(event.data.fd, &byte, 1));
}

static void *run(void *argument)
{
    struct loop *l = argument;
    while (!l->shall_stop)
        step(l);
    l->stopped = now_ns();
    return NULL;
}

int main(void)
{
    int peer;
    pthread_t thread;
    struct loop loop = {.epfd = MUST(epoll_create1(EPOLL_CLOEXEC)), .timer = in_ms(100)};
    connect_pair(&loop.wake, &peer);
    struct epoll_event interest = {.events = EPOLLIN, .data.fd = loop.wake};
    MUST(epoll_ctl(loop.epfd, EPOLL_CTL_ADD, loop.wake, &interest));
    if (pthread_create(&thread, NULL, run, &loop) != 0)
        exit(1);
    sleep_until(in_ms(300));
    loop.shall_stop = true;
    int64_t told = now_ns();
    /* A client that happens to come: without it this program would not end. */
    sleep_until(in_ms(3000));
    tell(peer, "x");
    if (pthread_join(thread, NULL) != 0)
        exit(1);

    MUST(close(loop.wake));
    MUST(close(peer));
    MUST(close(loop.epfd));
    int late = (int)((loop.stopped - told) / 1000000);
    return report(late > 2000, "it stopped after %d ms", late);
}
