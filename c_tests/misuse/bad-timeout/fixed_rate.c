/* A timer at a fixed rate. The timeout is what is left until the next tick, and one tick takes longer than
 * the period: what is left then is less than nothing, and the kernel takes a negative timeout for none.
 *
 * Right: what is left is never less than 0.
 *
 * expect: bad-timeout
 * after: https://github.com/TritonDataCenter/illumos-joyent/issues/136
 * shows: hangs
 */
#include "../loop.h"

#include <sys/timerfd.h>

enum { PERIOD_MS = 50, SLOW_MS = 130, RUN_MS = 2600 };

/* The program's end, as an event. */
static int start_end(int epfd)
{
    int timer = MUST(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
    struct itimerspec once = {.it_value = {RUN_MS / 1000, RUN_MS % 1000 * 1000000L}};
    struct epoll_event interest = {.events = EPOLLIN, .data.fd = timer};
    MUST(timerfd_settime(timer, 0, &once, NULL));
    MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, timer, &interest));
    return timer;
}

static int left_until(int64_t moment)
{
#ifndef RIGHT
    return (int)((moment - now_ns() + 999999) / 1000000);
#else
    return ms_until(moment);
#endif
}

int main(void)
{
    int epfd = MUST(epoll_create1(EPOLL_CLOEXEC)), timer = start_end(epfd), ticks = 0;
    int64_t next = in_ms(PERIOD_MS);

    for (;;) {
        struct epoll_event event;
        int count = DELIVERED(epoll_wait(epfd, &event, 1, left_until(next))); /* finding */
        if (count > 0)
            break;
        if (now_ns() < next)
            continue;
        next += PERIOD_MS * INT64_C(1000000);
        if (++ticks == 3)
            sleep_until(in_ms(SLOW_MS));
    }

    MUST(close(timer));
    MUST(close(epfd));
    return report(ticks < RUN_MS / PERIOD_MS / 2, "%d ticks in %d ms", ticks, RUN_MS);
}
