/* A socket for notices of other processes, datagrams of the Unix domain. The loop has one function for all
 * of its descriptors, and that takes 0 for the end.
 *
 * Right: the function asks what the descriptor is.
 *
 * expect: empty-datagram
 * after: https://github.com/pupnp/pupnp/issues/498
 * shows: loses
 */
#include "../loop.h"

/* Whether the descriptor has ended, and is closed. */
static bool serve(int epfd, int fd, int *notices)
{
    char buffer[64];
    ssize_t size = read(fd, buffer, sizeof(buffer));
#ifdef RIGHT
    int type;
    socklen_t length = sizeof(type);
    MUST(getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length));
    if (size == 0 && type == SOCK_DGRAM) {
        ++*notices;
        return false;
    }
#endif
    if (size > 0) {
        ++*notices;
        return false;
    }
    MUST(epoll_ctl(epfd, EPOLL_CTL_DEL, fd, NULL));
    MUST(close(fd)); /* finding */
    return true;
}

int main(void)
{
    int ends[2], notices = 0, epfd = MUST(epoll_create1(EPOLL_CLOEXEC));
    MUST(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends));
    struct epoll_event event, interest = {.events = EPOLLIN, .data.fd = ends[0]};
    MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, ends[0], &interest));
    MUST(send(ends[1], "", 0, 0));
    MUST(send(ends[1], "READY=1", 7, 0));

    bool ended = false;
    while (!ended && notices < 2) {
        if (DELIVERED(epoll_wait(epfd, &event, 1, -1)) > 0)
            ended = serve(epfd, event.data.fd, &notices);
    }

    MUST(close(ends[1]));
    MUST(close(epfd));
    return report(notices < 2, "%d of 2 notices", notices);
}
