/* Two timers, in seconds as floating point numbers. The wait takes int milliseconds, and the
 * conversion drops the fraction: every sleep ends in a spin.
 *
 * Right: two timers, each a timerfd: nanoseconds all the way, and the wait needs no timeout for
 * them.
 *
 * expect: sub-ms-spin
 * after: https://github.com/python/asyncio/issues/106
 * shows: spins
 */
#include "../loop.h"

#include <sys/timerfd.h>

enum { TIMERS = 2 };

#ifndef RIGHT

static const double periods[TIMERS] = {0.0075, 0.0115};

static double now_in_seconds(void)
{
    return (double)now_ns() / 1e9;
}

/* Runs the timers that are due; returns the moment of the next. */
static double run_timers(double next[TIMERS], long *ticks)
{
    double now = now_in_seconds(), earliest = next[0];
    for (int i = 0; i < TIMERS; i++) {
        if (next[i] <= now) {
            (*ticks)++;
            next[i] = now + periods[i];
        }
        if (i == 0 || next[i] < earliest)
            earliest = next[i];
    }
    return earliest;
}

int main(void)
{
    int fd, peer, epfd = MUST(epoll_create1(EPOLL_CLOEXEC));
    long ticks = 0, useless = 0;
    double next[TIMERS] = {0, 0};
    connect_pair(&fd, &peer);
    struct epoll_event interest = {.events = EPOLLIN, .data.fd = fd};
    MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &interest));

    int64_t end = in_ms(2000);
    while (ms_until(end) > 0) {
        struct epoll_event event;
        double left = run_timers(next, &ticks) - now_in_seconds();
        int timeout = left > 0 ? (int)(left * 1000) : 0;
        if (DELIVERED(epoll_wait(epfd, &event, 1, timeout)) == 0 && timeout == 0) /* finding */
            useless++;
    }

    MUST(epoll_ctl(epfd, EPOLL_CTL_DEL, fd, NULL));
    MUST(close(fd));
    MUST(close(peer));
    MUST(close(epfd));
    return report(useless > 1000, "ticks: %ld, waits of 0 ms: %ld", ticks, useless);
}

#else

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

#endif
