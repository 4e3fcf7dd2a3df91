/* ICMP says to a connected UDP socket that no socket listens. That is EPOLLERR without EPOLLIN, and
 * it stays until the error is taken from the socket: this loop only looks at EPOLLIN.
 *
 * Right: EPOLLERR is answered by taking the error from the socket, which clears it (socket(7),
 * SO_ERROR).
 *
 * expect: level-spin
 * after: https://github.com/wlanslovenija/tunneldigger/pull/148
 * shows: spins
 */
#include "../loop.h"

int main(void)
{
    struct sockaddr_in nobody, ours;
    int deaf = bind_to_loopback(SOCK_DGRAM, &nobody);
    int fd = bind_to_loopback(SOCK_DGRAM | SOCK_NONBLOCK, &ours);
    int epfd = MUST(epoll_create1(EPOLL_CLOEXEC));
    long errors = 0, useless = 0;
    /* Connected to itself, it keeps the port and takes no datagram of ours (connect(2)). */
    MUST(connect(deaf, (struct sockaddr *)&nobody, sizeof(nobody)));
    MUST(connect(fd, (struct sockaddr *)&nobody, sizeof(nobody)));
    struct epoll_event interest = {.events = EPOLLIN, .data.fd = fd};
    MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &interest));
    MUST(send(fd, "query", 5, 0));

    int64_t end = in_ms(2000);
    for (int ms; (ms = ms_until(end)) > 0;) {
        struct epoll_event events[8];
        int count = DELIVERED(epoll_wait(epfd, events, 8, ms)); /* finding */
        for (int i = 0; i < count; i++) {
            char buffer[64];
            int error = 0;
#ifdef RIGHT
            socklen_t size = sizeof(error);
            if (events[i].events & EPOLLERR) {
                MUST(getsockopt(events[i].data.fd, SOL_SOCKET, SO_ERROR, &error, &size));
                errors += error == ECONNREFUSED;
            }
#endif
            if (events[i].events & EPOLLIN)
                MUST(recv(events[i].data.fd, buffer, sizeof(buffer), 0));
            else if (error == 0)
                useless++;
        }
    }

    MUST(epoll_ctl(epfd, EPOLL_CTL_DEL, fd, NULL));
    MUST(close(fd));
    MUST(close(deaf));
    MUST(close(epfd));
    return report(IS_MISUSE ? useless >= 200 : errors != 1 || useless > 0,
                  "deliveries without progress: %ld", useless);
}
