/* Reads a timerfd into 4 bytes. It takes a read of 8 at least (timerfd_create(2)): EINVAL, the
 * program does not look why, and the timer stays ready for ever.
 *
 * Right: a timerfd is read into 64 bits: the number of its expirations since the last read.
 *
 * expect: level-spin
 * after: https://github.com/apple/swift-nio/issues/1337
 * shows: spins
 */
#include "../loop.h"

#include <sys/timerfd.h>

int main(void)
{
    int timer = MUST(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
    int epfd = MUST(epoll_create1(EPOLL_CLOEXEC));
    long ticks = 0, useless = 0;
    struct epoll_event interest = {.events = EPOLLIN, .data.fd = timer};
    MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, timer, &interest));
    struct itimerspec once = {.it_value.tv_nsec = 50000000};
    MUST(timerfd_settime(timer, 0, &once, NULL));

    int64_t end = in_ms(2000);
    for (int ms; (ms = ms_until(end)) > 0;) {
        struct epoll_event event;
#ifndef RIGHT
        uint32_t expirations;
#else
        uint64_t expirations;
#endif
        if (DELIVERED(epoll_wait(epfd, &event, 1, ms)) == 0) /* finding */
            continue;
        if (read(timer, &expirations, sizeof(expirations)) > 0)
            ticks += (long)expirations;
        else
            useless++;
    }

    MUST(epoll_ctl(epfd, EPOLL_CTL_DEL, timer, NULL));
    MUST(close(timer));
    MUST(close(epfd));
    return report(IS_MISUSE ? useless >= 200 : ticks != 1 || useless > 0,
                  "ticks %ld of 1, deliveries without progress: %ld", ticks, useless);
}
