/* Asks for a close-on-exec epoll with FD_CLOEXEC (1), which is fcntl's: EINVAL. The result is not
 * checked, and the loop registers with, and waits on, descriptor -1.
 *
 * Right: asks with EPOLL_CLOEXEC, and does not go on without an epoll.
 *
 * expect: epfd-misuse
 * after: https://github.com/nathansizemore/epoll/pull/6
 * shows: error
 */
#include "../loop.h"

int main(void)
{
    int fd, peer, failed = 0, received = 0;
#ifndef RIGHT
    int epfd = epoll_create1(FD_CLOEXEC);
#else
    int epfd = MUST(epoll_create1(EPOLL_CLOEXEC));
#endif
    connect_pair(&fd, &peer);
    struct epoll_event event, interest = {.events = EPOLLIN, .data.fd = fd};

    failed += epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &interest) == -1; /* finding */
    tell(peer, "hello");
    for (int i = 0; i < 5; i++) {
        char buffer[64];
        int count = epoll_wait(epfd, &event, 1, 100); /* finding */
        failed += count == -1;
        if (count == 1)
            received += MUST(read(fd, buffer, sizeof(buffer)));
    }

#ifdef RIGHT
    MUST(epoll_ctl(epfd, EPOLL_CTL_DEL, fd, NULL));
    MUST(close(epfd));
#endif
    MUST(close(fd));
    MUST(close(peer));
    return report(failed > 0 || (!IS_MISUSE && received < 5),
                  "received %d of 5, failed calls: %d", received, failed);
}
