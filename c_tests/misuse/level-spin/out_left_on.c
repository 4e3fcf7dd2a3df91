/* Asks for EPOLLIN and EPOLLOUT from the start and leaves it at that. A socket can nearly always be
 * written, so every wait returns at once, with nothing to write.
 *
 * Right: writes at once, and asks for EPOLLOUT only while something could not be written.
 *
 * expect: level-spin
 * after: https://github.com/haproxy/haproxy/issues/413
 * shows: spins
 */
#include "../loop.h"

int main(void)
{
    int fd, peer, epfd = MUST(epoll_create1(EPOLL_CLOEXEC));
    size_t pending = 0;
    long sent = 0, useless = 0;
    connect_pair(&fd, &peer);
#ifndef RIGHT
    struct epoll_event interest = {.events = EPOLLIN | EPOLLOUT, .data.fd = fd};
#else
    struct epoll_event interest = {.events = EPOLLIN, .data.fd = fd};
#endif
    MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &interest));
    tell(peer, "ping");

    int64_t end = in_ms(2000);
    for (int ms; (ms = ms_until(end)) > 0;) {
        struct epoll_event event;
        if (DELIVERED(epoll_wait(epfd, &event, 1, ms)) == 0) /* finding */
            continue;
        char buffer[64];
        if (event.events & EPOLLIN)
            pending += (size_t)MUST(read(fd, buffer, sizeof(buffer)));
        else if (pending == 0)
            useless++;
#ifndef RIGHT
        if (event.events & EPOLLOUT && pending > 0) {
            int size = MUST(send(fd, "pong", pending, MSG_NOSIGNAL));
            pending -= (size_t)size;
            sent += size;
        }
#else
        if (pending > 0) {
            ssize_t size = send(fd, "pong", pending, MSG_NOSIGNAL);
            if (size == -1 && errno != EAGAIN)
                MUST(size);
            if (size > 0) {
                pending -= (size_t)size;
                sent += size;
            }
        }
        uint32_t wanted = pending > 0 ? EPOLLIN | EPOLLOUT : EPOLLIN;
        if (wanted != interest.events) {
            interest.events = wanted;
            MUST(epoll_ctl(epfd, EPOLL_CTL_MOD, fd, &interest));
        }
#endif
    }

    MUST(epoll_ctl(epfd, EPOLL_CTL_DEL, fd, NULL));
    MUST(close(fd));
    MUST(close(peer));
    MUST(close(epfd));
    return report(IS_MISUSE ? useless >= 200 : sent != 4 || useless > 0,
                  "sent %ld of 4, deliveries without progress: %ld", sent, useless);
}
