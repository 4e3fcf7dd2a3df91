/* Timers in seconds as floating point numbers, converted to whole seconds first: the first, of 1.2 s, is a
 * sleep of 1 s and a short spin, and all that are shorter than 1 s are waits of 0 ms.
 *
 * Right: the seconds become milliseconds first, and are rounded up.
 *
 * expect: busy-wait
 * after: https://github.com/niklata/ndhc/issues/7
 * shows: spins
 */
#include "../loop.h"

enum { TIMERS = 9 };

static double now_in_seconds(void)
{
    return (double)now_ns() / 1e9;
}

/* The timeout of a wait, of what is left in seconds. */
static int in_milliseconds(double left)
{
    if (left <= 0)
        return 0;
#ifndef RIGHT
    return (int)left * 1000;
#else
    return (int)(left * 1000) + 1;
#endif
}

int main(void)
{
    int fd, peer, epfd = MUST(epoll_create1(EPOLL_CLOEXEC));
    long useless = 0;
    double next = now_in_seconds() + 1.2;
    connect_pair(&fd, &peer);
    struct epoll_event interest = {.events = EPOLLIN, .data.fd = fd};
    MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &interest));

    for (int timers = 0; timers < TIMERS;) {
        struct epoll_event event;
        double left = next - now_in_seconds();
        if (left <= 0) {
            timers++;
            next = now_in_seconds() + 0.7;
            continue;
        }
        int timeout = in_milliseconds(left);
        if (DELIVERED(epoll_wait(epfd, &event, 1, timeout)) == 0 && timeout == 0) /* finding */
            useless++;
    }

    MUST(close(fd));
    MUST(close(peer));
    MUST(close(epfd));
    return report(useless > 1000, "waits of 0 ms: %ld", useless);
}
