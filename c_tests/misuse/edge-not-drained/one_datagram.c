/* An edge-triggered UDP server takes one datagram for each edge. A short read says nothing there: a
 * datagram is always read short, and the next one may wait behind it.
 *
 * Right: after each edge of the UDP socket, takes datagrams until EAGAIN.
 *
 * expect: edge-not-drained
 * after: https://github.com/FujiNetWIFI/tnfsd/pull/27
 * shows: hangs
 */
#include "../loop.h"

enum { REQUESTS = 8 };

#ifdef RIGHT
static void answer_all(int fd)
{
    for (;;) {
        struct sockaddr_in from;
        socklen_t size = sizeof(from);
        char request[512];
        if (recvfrom(fd, request, sizeof(request), 0, (struct sockaddr *)&from, &size) >= 0)
            MUST(sendto(fd, "answer", 6, 0, (struct sockaddr *)&from, size));
        else if (errno == EAGAIN)
            return;
        else if (errno != EINTR)
            MUST(-1);
    }
}
#endif

int main(void)
{
    struct sockaddr_in address, unused;
    int fd = bind_to_loopback(SOCK_DGRAM | SOCK_NONBLOCK, &address);
    int client = bind_to_loopback(SOCK_DGRAM, &unused);
    int epfd = MUST(epoll_create1(EPOLL_CLOEXEC)), answered = 0;
    MUST(connect(client, (struct sockaddr *)&address, sizeof(address)));
    for (int i = 0; i < REQUESTS; i++)
        tell(client, "ask");
    struct epoll_event interest = {.events = EPOLLIN | EPOLLET, .data.fd = fd};
    MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &interest));

    int64_t end = in_ms(2500);
    for (int ms; (ms = ms_until(end)) > 0;) {
        struct epoll_event event;
        if (DELIVERED(epoll_wait(epfd, &event, 1, ms)) == 0)
            continue;
#ifndef RIGHT
        struct sockaddr_in from;
        socklen_t size = sizeof(from);
        char request[512];
        if (recvfrom(fd, request, sizeof(request), 0, (struct sockaddr *)&from, /* finding */
                     &size) >= 0)
            MUST(sendto(fd, "answer", 6, 0, (struct sockaddr *)&from, size));
#else
        answer_all(fd);
#endif
    }

    char answer[512];
    while (recv(client, answer, sizeof(answer), MSG_DONTWAIT) > 0)
        answered++;
    MUST(epoll_ctl(epfd, EPOLL_CTL_DEL, fd, NULL));
    MUST(close(fd));
    MUST(close(client));
    MUST(close(epfd));
    return report(answered < REQUESTS, "answered %d of %d", answered, REQUESTS);
}
