/* A channel reads a piece for each event, and at EPOLLRDHUP marks its input as shut down: what the peer has sent
 * before it closed, and what no piece has held so far, is dropped.
 *
 * Right: input ends when a read says so.
 *
 * expect: hangup-unread
 * after: https://github.com/netty/netty/pull/6391
 * shows: loses
 */
#include "../misuse/loop.h"

enum { MESSAGE = 20000, PIECE = 2048 };

int main(void)
{
    char message[MESSAGE + 1], piece[PIECE];
    struct sockaddr_in address;
    int listener = listen_on_loopback(0, &address), client = connect_to(&address), received = 0;
    int fd = MUST(accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK));
    int epfd = MUST(epoll_create1(EPOLL_CLOEXEC));
    struct epoll_event event, interest = {.events = EPOLLIN | EPOLLRDHUP, .data.fd = fd};
    MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &interest));
    memset(message, 'x', MESSAGE);
    message[MESSAGE] = 0;
    tell(client, message);
    MUST(close(client));

    for (bool is_open = true; is_open;) {
        if (DELIVERED(epoll_wait(epfd, &event, 1, -1)) == 0)
            continue;
        ssize_t size = 0;
        if (event.events & EPOLLIN)
            size = read(fd, piece, sizeof(piece));
        if (size > 0)
            received += (int)size;
#ifndef RIGHT
        if (event.events & EPOLLRDHUP)
            is_open = false;
#else
        if (size == 0)
            is_open = false;
#endif
    }

    MUST(epoll_ctl(epfd, EPOLL_CTL_DEL, fd, NULL));
    MUST(shutdown(fd, SHUT_RD) == -1 && errno != ENOTCONN ? -1 : 0);
    MUST(close(fd)); /* finding */
    MUST(close(listener));
    MUST(close(epfd));
    return report(received < MESSAGE, "received %d of %d bytes", received, MESSAGE);
}
