/* The time until the next timer is cut to what the wait can be given. Shortly before a timer is due that is 0, the
 * timer is not due yet, and the loop goes round until it is.
 *
 * Right: it is rounded up.
 *
 * expect: sub-ms-spin
 * after: https://github.com/ceph/ceph/pull/60265
 * shows: spins
 */
#include "../misuse/loop.h"

enum { RUN_MS = 3000, PERIOD_US = 50500 };

int main(void)
{
    int fd, peer, epfd = MUST(epoll_create1(EPOLL_CLOEXEC));
    long timers = 0, useless = 0;
    connect_pair(&fd, &peer);
    struct epoll_event event, interest = {.events = EPOLLIN, .data.fd = fd};
    MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &interest));

    int64_t end = in_ms(RUN_MS), due = now_ns() + PERIOD_US * INT64_C(1000);
    while (ms_until(end) > 0) {
        int64_t left_us = (due - now_ns()) / 1000;
#ifndef RIGHT
        int timeout = left_us < 0 ? 0 : (int)(left_us / 1000);
#else
        int timeout = left_us < 0 ? 0 : (int)(left_us / 1000) + 1;
#endif
        int count = DELIVERED(epoll_wait(epfd, &event, 1, timeout)); /* finding */
        if (now_ns() >= due) {
            timers++;
            due = now_ns() + PERIOD_US * INT64_C(1000);
        } else {
            useless += count == 0 && timeout == 0;
        }
    }

    MUST(close(fd));
    MUST(close(peer));
    MUST(close(epfd));
    return report(useless > 1000 || timers == 0, "timers: %ld, waits in vain: %ld", timers, useless);
}
