/* A timer every 10 ms. What is left until then is cut to whole milliseconds: 9 at first, and in the
 * last millisecond 0, again and again, until the moment has come.
 *
 * Right: what is left until the timer is rounded up. A wait may end late, never early, and is never
 * of 0 ms.
 *
 * expect: sub-ms-spin
 * after: https://github.com/tokio-rs/mio/pull/1615
 * shows: spins
 */
#include "../loop.h"

enum { PERIOD_NS = 10000000, RUN_MS = 2000 };

int main(void)
{
    int fd, peer, epfd = MUST(epoll_create1(EPOLL_CLOEXEC));
    long ticks = 0, useless = 0;
    connect_pair(&fd, &peer);
    struct epoll_event interest = {.events = EPOLLIN, .data.fd = fd};
    MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &interest));

    int64_t end = in_ms(RUN_MS), next = now_ns() + PERIOD_NS;
    while (ms_until(end) > 0) {
        struct epoll_event event;
        int64_t left = next - now_ns();
        if (left <= 0) {
            ticks++;
            next = now_ns() + PERIOD_NS;
            continue;
        }
#ifndef RIGHT
        int timeout = (int)(left / 1000000);
#else
        int timeout = (int)((left + 999999) / 1000000);
#endif
        if (DELIVERED(epoll_wait(epfd, &event, 1, timeout)) == 0 && timeout == 0) /* finding */
            useless++;
    }

    MUST(epoll_ctl(epfd, EPOLL_CTL_DEL, fd, NULL));
    MUST(close(fd));
    MUST(close(peer));
    MUST(close(epfd));
    return report(IS_MISUSE ? useless > 1000 : useless > 0 || ticks == 0,
                  "ticks: %ld, waits of 0 ms: %ld", ticks, useless);
}
