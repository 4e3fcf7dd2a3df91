/* What was delivered of a socket of datagrams is taken for a datagram: EAGAIN ends the program.
 *
 * fault: delivery-spurious
 * verdict: status */
#include "scene.h"

enum { SOCKETS = 3, DATAGRAMS = 60 };

/* A socket of this machine, which is its own peer. */
static int own_peer(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    int fd = MUST(socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    MUST(bind(fd, (struct sockaddr *)&address, sizeof address));
    MUST(getsockname(fd, (struct sockaddr *)&address, &length));
    MUST(connect(fd, (struct sockaddr *)&address, length));
    return fd;
}

int main(void)
{
    int fds[SOCKETS], epoll = MUST(epoll_create1(EPOLL_CLOEXEC)), got = 0;
    for (int i = 0; i < SOCKETS; i++) {
        fds[i] = own_peer();
        add(epoll, fds[i], EPOLLIN, &fds[i]);
    }
    for (int number = 0; number < DATAGRAMS; number++) {
        MUST(send(fds[number % SOCKETS], &number, sizeof number, 0));
        while (got <= number) {
            struct epoll_event events[SOCKETS];
            int count = epoll_wait(epoll, events, SOCKETS, -1);
            for (int i = 0; i < count; i++) {
                int other, fd = *(int *)events[i].data.ptr;
                ssize_t size = recv(fd, &other, sizeof other, 0);
#ifdef RIGHT
                if (size < 0 && errno == EAGAIN)
                    continue;
#endif
                MUST(size);
                got++;
            }
        }
    }
    return 0;
}
