/* A connect that is refused once ends the program, which could try again.
 *
 * fault: connect-refused
 * verdict: status */
#define OWN_MAIN
#include "server.h"

enum { TIMES = 30 };

/* Connects without blocking: the socket, or -1. */
static int connects(const struct sockaddr_in *address)
{
    int fd = MUST(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (connect(fd, (const struct sockaddr *)address, sizeof *address) == 0)
        return fd;
    add(epoll, fd, EPOLLOUT, &end);
    int error = errno == EINPROGRESS ? 0 : errno;
    for (struct epoll_event event = {0}; error == 0 && event.data.ptr != &end;)
        if (epoll_wait(epoll, &event, 1, -1) == 1 && event.data.ptr == &listener)
            close(accept4(listener, NULL, NULL, SOCK_CLOEXEC));
    socklen_t size = sizeof error;
    if (error == 0)
        MUST(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size));
    if (error == 0)
        return fd;
    close(fd);
    errno = error;
    return -1;
}

int main(void)
{
    struct sockaddr_in address;
    listener = listens(&address);
    epoll = MUST(epoll_create1(EPOLL_CLOEXEC));
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = &listener};
    while (epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event) != 0)
        ;
    for (int time = 0; time < TIMES; time++) {
        int fd = connects(&address);
#ifdef RIGHT
        while (fd < 0)
            fd = connects(&address);
#endif
        MUST(fd);
        close(fd);
    }
    return 0;
}
