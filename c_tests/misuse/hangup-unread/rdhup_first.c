/* Looks at EPOLLRDHUP before EPOLLIN. Both come together when the peer has sent and shut down: the
 * connection is closed with the peer's last words unread.
 *
 * Right: a hangup says only that the end is near. The connection is read as ever, and the end is
 * where read returns 0.
 *
 * expect: hangup-unread
 * after: https://github.com/netty/netty/issues/4317
 * shows: loses
 */
#include "../loop.h"

int main(void)
{
    struct sockaddr_in address;
    int listener = listen_on_loopback(0, &address), client = connect_to(&address), received = 0;
    int fd = MUST(accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK));
    int epfd = MUST(epoll_create1(EPOLL_CLOEXEC));
    bool open = true;
    tell(client, "the last words");
    MUST(shutdown(client, SHUT_WR));
    struct epoll_event interest = {.events = EPOLLIN | EPOLLRDHUP, .data.fd = fd};
    MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &interest));

    while (open) {
        struct epoll_event event;
        char buffer[64];
        if (DELIVERED(epoll_wait(epfd, &event, 1, -1)) == 0)
            continue;
#ifndef RIGHT
        if (event.events & (EPOLLRDHUP | EPOLLHUP)) {
            MUST(epoll_ctl(epfd, EPOLL_CTL_DEL, fd, NULL));
            MUST(close(fd)); /* finding */
            open = false;
        } else if (event.events & EPOLLIN) {
            received += MUST(read(fd, buffer, sizeof(buffer)));
        }
#else
        ssize_t size = read(fd, buffer, sizeof(buffer));
        if (size > 0) {
            received += (int)size;
        } else if (size == 0 || errno != EAGAIN) {
            MUST(epoll_ctl(epfd, EPOLL_CTL_DEL, fd, NULL));
            MUST(close(fd));
            open = false;
        }
#endif
    }

    MUST(close(client));
    MUST(close(listener));
    MUST(close(epfd));
    return report(received < 14, "received %d of 14", received);
}
