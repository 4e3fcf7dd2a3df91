/* An eventfd ends the loop. When its thread has ended nobody waits, and the epoll is closed.
 *
 * expect: nothing
 */
#include "waiter.h"

static void *run(void *argument)
{
    struct waiter *waiter = argument;
    struct epoll_event event;
    about_to_wait(waiter);
    while (DELIVERED(epoll_wait(waiter->epfd, &event, 1, -1)) == 0)
        ;
    atomic_store(&waiter->ended, true);
    return NULL;
}

int main(void)
{
    struct waiter waiter = {.epfd = MUST(epoll_create1(EPOLL_CLOEXEC))};
    pthread_t thread;
    uint64_t one = 1;
    waiter.wake_up = MUST(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    struct epoll_event interest = {.events = EPOLLIN, .data.fd = waiter.wake_up};
    MUST(epoll_ctl(waiter.epfd, EPOLL_CTL_ADD, waiter.wake_up, &interest));
    if (pthread_create(&thread, NULL, run, &waiter) != 0)
        return 1;
    until_it_sleeps(&waiter);

    MUST(write(waiter.wake_up, &one, sizeof(one)));
    bool ended = ends_until(&waiter, in_ms(5000));

    pthread_join(thread, NULL);
    MUST(epoll_ctl(waiter.epfd, EPOLL_CTL_DEL, waiter.wake_up, NULL));
    MUST(close(waiter.wake_up));
    MUST(close(waiter.epfd));
    return report(!ended, "ended in time: %d of 1", ended);
}
