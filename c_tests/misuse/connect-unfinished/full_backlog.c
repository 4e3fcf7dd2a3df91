/* A client of a Unix socket that takes EAGAIN for EINPROGRESS: the backlog is full, and nothing is in
 * progress. epoll says EPOLLOUT at once, SO_ERROR says 0, and what is written is refused.
 *
 * Right: after EAGAIN it connects again, when the server has accepted.
 *
 * expect: connect-unfinished
 * after: https://github.com/chriskohlhoff/asio/issues/1365
 * shows: loses
 */
#include "../loop.h"

#include <sys/un.h>

enum { BACKLOG = 1, MOST = 8 };

/* A socket that takes BACKLOG + 1 connections, which fill it. */
static int listen_full(struct sockaddr_un *address, socklen_t *size, int clients[MOST], int *count)
{
    int listener = MUST(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    *size = sizeof(*address);
    MUST(bind(listener, (struct sockaddr *)address, sizeof(sa_family_t)));
    MUST(listen(listener, BACKLOG));
    MUST(getsockname(listener, (struct sockaddr *)address, size));
    for (*count = 0; *count < BACKLOG + 1; (*count)++) {
        clients[*count] = MUST(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        MUST(connect(clients[*count], (struct sockaddr *)address, *size));
    }
    return listener;
}

int main(void)
{
    struct sockaddr_un address;
    socklen_t size;
    int clients[MOST], count, listener = listen_full(&address, &size, clients, &count);
    int fd = MUST(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    int epfd = MUST(epoll_create1(EPOLL_CLOEXEC));
    if (connect(fd, (struct sockaddr *)&address, size) == 0 || errno != EAGAIN)
        exit(1);
#ifdef RIGHT
    MUST(close(MUST(accept4(listener, NULL, NULL, SOCK_CLOEXEC))));
    MUST(connect(fd, (struct sockaddr *)&address, size));
#endif
    struct epoll_event interest = {.events = EPOLLOUT, .data.fd = fd}, event;
    MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &interest));

    bool written = false;
    while (DELIVERED(epoll_wait(epfd, &event, 1, -1)) == 0)
        ;
    int error = -1;
    socklen_t length = sizeof(error);
    MUST(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length));
    if (error == 0)
        written = send(fd, "hello", 5, MSG_NOSIGNAL) == 5; /* finding */

    MUST(epoll_ctl(epfd, EPOLL_CTL_DEL, fd, NULL));
    MUST(close(fd));
    for (int i = 0; i < count; i++)
        MUST(close(clients[i]));
    MUST(close(listener));
    MUST(close(epfd));
    return report(!written, "SO_ERROR: %d, written: %s", error, written ? "yes" : "no");
}
