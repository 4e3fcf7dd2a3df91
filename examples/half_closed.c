/* An event loop with a mistake, for `epshim inspect` to find while it runs: its peer has closed, and the loop takes
 * that for nothing. It spins until it is ended. */
#include <arpa/inet.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

/* A connection of this program with itself: the end that accepted, and its peer. */
static int connect_to_oneself(int *peer)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    *peer = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(listener, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(listener, 1) < 0 ||
        getsockname(listener, (struct sockaddr *)&address, &size) < 0 ||
        connect(*peer, (struct sockaddr *)&address, size) < 0)
        return -1;
    return accept(listener, NULL, NULL);
}

int main(void)
{
    struct epoll_event interest = {.events = EPOLLIN}, event;
    char buffer[64];
    int peer, epfd = epoll_create1(EPOLL_CLOEXEC), connection = connect_to_oneself(&peer);

    if (epfd < 0 || connection < 0 || epoll_ctl(epfd, EPOLL_CTL_ADD, connection, &interest) < 0) {
        perror("half_closed");
        return 1;
    }
    close(peer);
    puts("serving");
    fflush(stdout);
    while (epoll_wait(epfd, &event, 1, -1) == 1)
        if (read(connection, buffer, sizeof(buffer)) > 0)
            puts("a request");
    return 0;
}
