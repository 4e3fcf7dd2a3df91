/* Two timers, each a timerfd: nanoseconds all the way, and the wait needs no timeout for them.
 *
 * expect: nothing
 */
#include "../loop.h"

#include <sys/timerfd.h>

enum { TIMERS = 2 };

static const long periods_ns[TIMERS] = {7500000, 11500000};

static int start_timer(int epfd, long period_ns)
{
    int timer = MUST(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
    struct itimerspec period = {.it_value.tv_nsec = period_ns, .it_interval.tv_nsec = period_ns};
    struct epoll_event interest = {.events = EPOLLIN, .data.fd = timer};
    MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, timer, &interest));
    MUST(timerfd_settime(timer, 0, &period, NULL));
    return timer;
}

int main(void)
{
    int timers[TIMERS], epfd = MUST(epoll_create1(EPOLL_CLOEXEC));
    long ticks = 0, useless = 0;
    for (int i = 0; i < TIMERS; i++)
        timers[i] = start_timer(epfd, periods_ns[i]);

    int64_t end = in_ms(2000);
    for (int ms; (ms = ms_until(end)) > 0;) {
        struct epoll_event events[TIMERS];
        int count = DELIVERED(epoll_wait(epfd, events, TIMERS, ms));
        for (int i = 0; i < count; i++) {
            uint64_t expirations;
            if (read(events[i].data.fd, &expirations, sizeof(expirations)) > 0)
                ticks += (long)expirations;
            else
                useless++;
        }
    }

    for (int i = 0; i < TIMERS; i++) {
        MUST(epoll_ctl(epfd, EPOLL_CTL_DEL, timers[i], NULL));
        MUST(close(timers[i]));
    }
    MUST(close(epfd));
    return report(ticks == 0 || useless > 0, "ticks: %ld, waits of 0 ms: %ld", ticks, useless);
}
