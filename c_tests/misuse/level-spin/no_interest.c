/* Pauses a connection by asking for no events at all. EPOLLHUP and EPOLLERR are reported all the
 * same (epoll_ctl(2)): when the peer goes during the pause, the loop spins until the pause ends.
 *
 * Right: to pause is to delete the registration, to resume is to add it again. Nothing is reported
 * in between, and nothing is forgotten, since adding looks at what is ready (epoll_ctl(2)).
 *
 * expect: level-spin
 * after: https://github.com/apple/cups/issues/4605
 * shows: spins
 */
#include "../loop.h"

int main(void)
{
    int fd, peer, epfd = MUST(epoll_create1(EPOLL_CLOEXEC));
    long received = 0, useless = 0;
    connect_pair(&fd, &peer);
    struct epoll_event interest = {.events = EPOLLIN, .data.fd = fd};
    MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &interest));

    /* All that comes is for later: first pause, then resume. */
#ifndef RIGHT
    interest.events = 0;
    MUST(epoll_ctl(epfd, EPOLL_CTL_MOD, fd, &interest));
#else
    MUST(epoll_ctl(epfd, EPOLL_CTL_DEL, fd, NULL));
#endif
    tell(peer, "a last word");
    MUST(close(peer));
    int64_t end = in_ms(2000);
    for (int ms; (ms = ms_until(end)) > 0;) {
        struct epoll_event event;
        useless += DELIVERED(epoll_wait(epfd, &event, 1, ms)); /* finding */
    }
#ifndef RIGHT
    interest.events = EPOLLIN;
    MUST(epoll_ctl(epfd, EPOLL_CTL_MOD, fd, &interest));
#else
    MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &interest));
#endif

    for (ssize_t size = 1; size > 0;) {
        char buffer[64];
        struct epoll_event event;
        if (DELIVERED(epoll_wait(epfd, &event, 1, -1)) == 1) {
            size = MUST(read(fd, buffer, sizeof(buffer)));
            received += size;
        }
    }
    MUST(epoll_ctl(epfd, EPOLL_CTL_DEL, fd, NULL));
    MUST(close(fd));
    MUST(close(epfd));
    return report(IS_MISUSE ? useless >= 200 : received != 11 || useless > 0,
                  "received %ld of 11, deliveries without progress: %ld", received, useless);
}
