/* A hangup says only that the end is near. The connection is read as ever, and the end is where
 * read returns 0.
 *
 * expect: nothing
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
        ssize_t size = read(fd, buffer, sizeof(buffer));
        if (size > 0) {
            received += (int)size;
        } else if (size == 0 || errno != EAGAIN) {
            MUST(epoll_ctl(epfd, EPOLL_CTL_DEL, fd, NULL));
            MUST(close(fd));
            open = false;
        }
    }

    MUST(close(client));
    MUST(close(listener));
    MUST(close(epfd));
    return report(received < 14, "received %d of 14", received);
}
