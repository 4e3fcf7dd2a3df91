/* A peer that sends each message again when it was not acknowledged within 0.3 s. It counts in seconds, and
 * the wait takes an int: the time that is left becomes 0, and is spent in waits that return at once.
 *
 * Right: counts in milliseconds, rounded up.
 *
 * expect: sub-ms-spin
 * shows: spins
 */
#include "../loop.h"

enum { MESSAGES = 4, RETRY_MS = 300 };

/* What the wait is given for what is left until then. */
static int timeout_until(int64_t moment)
{
#ifndef RIGHT
    return (int)((double)(moment - now_ns()) / 1e9);
#else
    return ms_until(moment);
#endif
}

int main(void)
{
    int fd, peer, epfd = MUST(epoll_create1(EPOLL_CLOEXEC)), messages = 0;
    long waits = 0;
    connect_pair(&fd, &peer);
    struct epoll_event interest = {.events = EPOLLIN, .data.fd = fd}, event;
    MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &interest));

    int64_t retry = 0;
    tell(peer, "message");
    while (messages < MESSAGES || retry != 0) {
        int timeout = retry == 0 ? -1 : timeout_until(retry);
        waits++;
        if (DELIVERED(epoll_wait(epfd, &event, 1, timeout)) == 1) { /* finding */
            char text[16];
            if (read(fd, text, sizeof(text)) > 0) {
                messages++;
                retry = in_ms(RETRY_MS);
            }
        } else if (retry != 0 && now_ns() >= retry) {
            /* Not acknowledged: once more, and then it is given up; and the next comes. */
            retry = 0;
            if (messages < MESSAGES)
                tell(peer, "message");
        }
    }

    MUST(epoll_ctl(epfd, EPOLL_CTL_DEL, fd, NULL));
    MUST(close(fd));
    MUST(close(peer));
    MUST(close(epfd));
    return report(waits > 1000, "%ld waits for %d messages", waits, messages);
}
