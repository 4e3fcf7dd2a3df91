/* Writes at once, and asks for EPOLLOUT only while something could not be written.
 *
 * expect: nothing
 */
#include "../loop.h"

static void ask_for(int epfd, int fd, uint32_t events)
{
    struct epoll_event interest = {.events = events, .data.fd = fd};
    MUST(epoll_ctl(epfd, EPOLL_CTL_MOD, fd, &interest));
}

int main(void)
{
    int fd, peer, epfd = MUST(epoll_create1(EPOLL_CLOEXEC));
    size_t pending = 0;
    long sent = 0, useless = 0;
    connect_pair(&fd, &peer);
    struct epoll_event interest = {.events = EPOLLIN, .data.fd = fd};
    MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &interest));
    tell(peer, "ping");

    int64_t end = in_ms(2000);
    for (int ms; (ms = ms_until(end)) > 0;) {
        struct epoll_event event;
        if (DELIVERED(epoll_wait(epfd, &event, 1, ms)) == 0)
            continue;
        char buffer[64];
        bool waited_for_room = pending > 0;
        if (event.events & EPOLLIN)
            pending += (size_t)MUST(read(fd, buffer, sizeof(buffer)));
        else if (pending == 0)
            useless++;
        if (pending > 0) {
            ssize_t size = send(fd, "pong", pending, MSG_NOSIGNAL);
            if (size == -1 && errno != EAGAIN)
                MUST(size);
            if (size > 0) {
                pending -= (size_t)size;
                sent += size;
            }
        }
        if (waited_for_room != (pending > 0))
            ask_for(epfd, fd, pending > 0 ? EPOLLIN | EPOLLOUT : EPOLLIN);
    }

    MUST(epoll_ctl(epfd, EPOLL_CTL_DEL, fd, NULL));
    MUST(close(fd));
    MUST(close(peer));
    MUST(close(epfd));
    return report(sent != 4 || useless > 0, "sent %ld of 4, deliveries without progress: %ld", sent,
                  useless);
}
