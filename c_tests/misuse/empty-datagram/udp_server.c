/* A UDP server that takes 0 for the end, as on a stream, and closes its socket: one empty datagram from
 * anywhere, and it is gone.
 *
 * Right: an empty datagram is a message.
 *
 * expect: empty-datagram
 * after: https://github.com/cesanta/mongoose/issues/3696
 * shows: loses
 */
#include "../loop.h"

enum { MESSAGES = 3 };

int main(void)
{
    struct sockaddr_in address;
    static const char *const messages[MESSAGES] = {"one", "", "three"};
    int fd = bind_to_loopback(SOCK_DGRAM | SOCK_NONBLOCK, &address), received = 0;
    int client = MUST(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    int epfd = MUST(epoll_create1(EPOLL_CLOEXEC));
    bool open = true;
    struct epoll_event interest = {.events = EPOLLIN, .data.fd = fd};
    MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &interest));
    for (int i = 0; i < MESSAGES; i++)
        MUST(sendto(client, messages[i], strlen(messages[i]), 0, (struct sockaddr *)&address,
                    sizeof(address)));

    while (open && received < MESSAGES) {
        struct epoll_event event;
        char buffer[64];
        if (DELIVERED(epoll_wait(epfd, &event, 1, -1)) == 0)
            continue;
        ssize_t size = recv(fd, buffer, sizeof(buffer), 0);
#ifndef RIGHT
        if (size <= 0) {
            MUST(close(fd)); /* finding */
            open = false;
            continue;
        }
#else
        if (size == -1 && errno != EAGAIN)
            exit(1);
#endif
        received += size >= 0;
    }

    if (open)
        MUST(close(fd));
    MUST(close(client));
    MUST(close(epfd));
    return report(received < MESSAGES, "received %d of %d datagrams", received, MESSAGES);
}
