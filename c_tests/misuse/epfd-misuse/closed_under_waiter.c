/* Closes the epoll to end the thread that waits on it. The wait does not end: it keeps the epoll
 * itself open, and knows nothing of the number (close(2)).
 *
 * Right: an eventfd ends the loop. When its thread has ended no thread waits, and the epoll is
 * closed.
 *
 * expect: epfd-misuse
 * after: https://github.com/canonical/snapd/pull/13204
 * shows: hangs
 * tsan: reports close against wait, which is this misuse
 */
#include "waiter.h"

static void *run(void *argument)
{
    struct waiter *waiter = argument;
    struct epoll_event event;
    about_to_wait(waiter);
#ifndef RIGHT
    epoll_wait(waiter->epfd, &event, 1, -1);
#else
    while (DELIVERED(epoll_wait(waiter->epfd, &event, 1, -1)) == 0)
        ;
#endif
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

#ifndef RIGHT
    MUST(close(waiter.epfd)); /* finding */
    bool ended = ends_until(&waiter, in_ms(2500));
    /* What was registered is still registered, and ends the wait. */
    MUST(write(waiter.wake_up, &one, sizeof(one)));
#else
    MUST(write(waiter.wake_up, &one, sizeof(one)));
    bool ended = ends_until(&waiter, in_ms(5000));
#endif

    pthread_join(thread, NULL);
#ifdef RIGHT
    MUST(epoll_ctl(waiter.epfd, EPOLL_CTL_DEL, waiter.wake_up, NULL));
    MUST(close(waiter.epfd));
#endif
    MUST(close(waiter.wake_up));
    return report(!ended, "ended in time: %d of 1", ended);
}
