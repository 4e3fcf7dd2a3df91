/* Asks with EPOLL_CLOEXEC, and does not go on without an epoll.
 *
 * expect: nothing
 */
#include "../loop.h"

int main(void)
{
    int fd, peer, failed = 0, received = 0;
    int epfd = MUST(epoll_create1(EPOLL_CLOEXEC));
    connect_pair(&fd, &peer);
    struct epoll_event event, interest = {.events = EPOLLIN, .data.fd = fd};

    failed += epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &interest) == -1;
    tell(peer, "hello");
    for (int i = 0; i < 5; i++) {
        char buffer[64];
        int count = epoll_wait(epfd, &event, 1, 100);
        failed += count == -1;
        if (count == 1)
            received += MUST(read(fd, buffer, sizeof(buffer)));
    }

    MUST(epoll_ctl(epfd, EPOLL_CTL_DEL, fd, NULL));
    MUST(close(epfd));
    MUST(close(fd));
    MUST(close(peer));
    return report(failed > 0 || received < 5, "received %d of 5, failed calls: %d", received,
                  failed);
}
