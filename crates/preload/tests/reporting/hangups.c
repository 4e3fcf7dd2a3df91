/* Three TCP connections are closed after a hang-up was delivered, with five bytes unread each. Of the
 * first the program has shut down its own side before it was added: it wants no more. The second was
 * reset by its peer, and a write has taken the error. Of the third the peer has said its last word, and
 * the program loses it. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define MUST(call) must((call), #call)

static int must(long result, const char *call)
{
    if (result < 0) {
        perror(call);
        exit(1);
    }
    return (int)result;
}

static void connect_pair(int *ours, int *peer)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    int listener = MUST(socket(AF_INET, SOCK_STREAM, 0));
    MUST(bind(listener, (struct sockaddr *)&address, size));
    MUST(listen(listener, 1));
    MUST(getsockname(listener, (struct sockaddr *)&address, &size));
    *peer = MUST(socket(AF_INET, SOCK_STREAM, 0));
    MUST(connect(*peer, (struct sockaddr *)&address, size));
    *ours = MUST(accept(listener, NULL, NULL));
    MUST(close(listener));
}

/* Waits until a hang-up is delivered, and closes. */
static void close_hung_up(int epfd, int fd)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP, .data.fd = fd};
    MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &event));
    do
        MUST(epoll_wait(epfd, &event, 1, -1));
    while (!(event.events & (EPOLLHUP | EPOLLRDHUP)));
    if (event.events & EPOLLERR)
        exit(1);
    MUST(close(fd));
}

int main(void)
{
    int ours, peer, epfd = MUST(epoll_create1(EPOLL_CLOEXEC));
    struct linger reset = {.l_onoff = 1};

    connect_pair(&ours, &peer);
    MUST(shutdown(ours, SHUT_WR));
    MUST(write(peer, "hello", 5));
    MUST(close(peer));
    close_hung_up(epfd, ours);

    connect_pair(&ours, &peer);
    MUST(write(peer, "hello", 5));
    MUST(setsockopt(peer, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)));
    MUST(close(peer));
    while (send(ours, "x", 1, MSG_NOSIGNAL) == 1)
        ;
    if (errno != ECONNRESET)
        return 1;
    close_hung_up(epfd, ours);

    connect_pair(&ours, &peer);
    MUST(write(peer, "hello", 5));
    MUST(close(peer));
    close_hung_up(epfd, ours);
    return 0;
}
