/* One part of the program closes its descriptor twice. By the second time the number is the event
 * loop's epoll, and soon after that a file: the loop registers and waits on what is no epoll.
 *
 * Right: the part that closes a descriptor forgets its number, so that it cannot close it again.
 *
 * expect: epfd-misuse
 * after: https://github.com/apache/brpc/issues/1333
 * shows: error
 */
#include "../loop.h"

#ifdef RIGHT
static void close_and_forget(int *fd)
{
    if (*fd != -1)
        MUST(close(*fd));
    *fd = -1;
}
#endif

int main(void)
{
    int fd, peer, failed = 0, received = 0;
    connect_pair(&fd, &peer);
    struct epoll_event event, interest = {.events = EPOLLIN, .data.fd = fd};
    int mine = MUST(open("/dev/null", O_RDONLY | O_CLOEXEC));
#ifndef RIGHT
    MUST(close(mine));
    int epfd = MUST(epoll_create1(EPOLL_CLOEXEC)); /* takes the lowest number, which was `mine` */
    close(mine);
#else
    close_and_forget(&mine);
    int epfd = MUST(epoll_create1(EPOLL_CLOEXEC));
    close_and_forget(&mine);
#endif
    int other = MUST(open("/dev/null", O_RDONLY | O_CLOEXEC));

    tell(peer, "hello");
#ifdef RIGHT
    failed += epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &interest) == -1;
#endif
    for (int i = 0; i < 5; i++) {
        char buffer[64];
#ifndef RIGHT
        failed += epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &interest) == -1; /* finding */
#endif
        int count = epoll_wait(epfd, &event, 1, 200); /* finding */
        failed += count == -1;
        if (count == 1)
            received += MUST(read(fd, buffer, sizeof(buffer)));
    }

#ifdef RIGHT
    MUST(epoll_ctl(epfd, EPOLL_CTL_DEL, fd, NULL));
    MUST(close(epfd));
#endif
    MUST(close(other));
    MUST(close(fd));
    MUST(close(peer));
    return report(failed > 0 || (!IS_MISUSE && received < 5),
                  "received %d of 5, failed calls: %d", received, failed);
}
