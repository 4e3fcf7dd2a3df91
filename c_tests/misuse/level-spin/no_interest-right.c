/* To pause is to delete the registration, to resume is to add it again: nothing is reported in
 * between, and nothing is forgotten, since adding looks at what is ready (epoll_ctl(2)).
 *
 * expect: nothing
 */
#include "../loop.h"

int main(void)
{
    int fd, peer, epfd = MUST(epoll_create1(EPOLL_CLOEXEC));
    long received = 0, useless = 0;
    connect_pair(&fd, &peer);
    struct epoll_event interest = {.events = EPOLLIN, .data.fd = fd};
    MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &interest));

    /* Whatever comes is for later: first pause, then resume. */
    MUST(epoll_ctl(epfd, EPOLL_CTL_DEL, fd, NULL));
    tell(peer, "a last word");
    MUST(close(peer));
    int64_t end = in_ms(2000);
    for (int ms; (ms = ms_until(end)) > 0;) {
        struct epoll_event event;
        useless += DELIVERED(epoll_wait(epfd, &event, 1, ms));
    }
    MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &interest));

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
    return report(received != 11 || useless > 0,
                  "received %ld of 11, deliveries without progress: %ld", received, useless);
}
