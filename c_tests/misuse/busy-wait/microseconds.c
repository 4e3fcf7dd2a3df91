/* Timeouts in microseconds, cut to milliseconds: of 900 us nothing is left. After one timer of 3 ms there are
 * only short ones, and the loop never sleeps again.
 *
 * Right: the rest of a millisecond is rounded up.
 *
 * expect: busy-wait
 * after: https://github.com/rakshasa/libtorrent/pull/757
 * shows: spins
 */
#include "../loop.h"

enum { FIRST_US = 3000, SHORT_US = 900, RUN_MS = 7800 };

int main(void)
{
    int fd, peer, epfd = MUST(epoll_create1(EPOLL_CLOEXEC));
    long ticks = 0, useless = 0;
    connect_pair(&fd, &peer);
    struct epoll_event interest = {.events = EPOLLIN, .data.fd = fd};
    MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &interest));

    int64_t end = in_ms(RUN_MS), next = now_ns() + FIRST_US * INT64_C(1000);
    while (ms_until(end) > 0) {
        struct epoll_event event;
        int64_t left_us = (next - now_ns()) / 1000;
        if (left_us <= 0) {
            ticks++;
            next = now_ns() + SHORT_US * INT64_C(1000);
            continue;
        }
#ifndef RIGHT
        int timeout = (int)(left_us / 1000);
#else
        int timeout = (int)((left_us + 999) / 1000);
#endif
        if (DELIVERED(epoll_wait(epfd, &event, 1, timeout)) == 0 && timeout == 0) /* finding */
            useless++;
    }

    MUST(close(fd));
    MUST(close(peer));
    MUST(close(epfd));
    return report(IS_MISUSE ? useless > 1000 : useless > 0 || ticks == 0,
                  "ticks: %ld, waits of 0 ms: %ld", ticks, useless);
}
