/* One part of the program closes its descriptor twice. By the second time the number is the event
 * loop's epoll, and soon after that a file: the loop registers and waits on what is no epoll.
 *
 * expect: epfd-misuse
 * after: https://github.com/apache/brpc/issues/1333
 * shows: error
 */
#include "../loop.h"

int main(void)
{
    int fd, peer, failed = 0, received = 0;
    connect_pair(&fd, &peer);
    struct epoll_event event, interest = {.events = EPOLLIN, .data.fd = fd};
    int mine = MUST(open("/dev/null", O_RDONLY | O_CLOEXEC));
    MUST(close(mine));
    int epfd = MUST(epoll_create1(EPOLL_CLOEXEC)); /* takes the lowest number, which was `mine` */
    close(mine);
    int other = MUST(open("/dev/null", O_RDONLY | O_CLOEXEC));

    tell(peer, "hello");
    for (int i = 0; i < 5; i++) {
        char buffer[64];
        failed += epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &interest) == -1; /* finding */
        int count = epoll_wait(epfd, &event, 1, 200); /* finding */
        failed += count == -1;
        if (count == 1)
            received += MUST(read(fd, buffer, sizeof(buffer)));
    }

    MUST(close(other));
    MUST(close(fd));
    MUST(close(peer));
    return report(failed > 0, "received %d of 5, failed calls: %d", received, failed);
}
