/* An edge-triggered socket is read once for each edge, into a buffer that is smaller than what has
 * come. The rest stays in the kernel, and no edge will tell of it.
 *
 * expect: edge-not-drained
 * after: https://github.com/Andrewpqc/qiaqia/issues/4
 * pitfall: edge-triggered without draining
 * shows: hangs
 */
#include "../loop.h"

#include <sys/ioctl.h>

int main(void)
{
    int fd, peer, left = 0, epfd = MUST(epoll_create1(EPOLL_CLOEXEC));
    connect_pair(&fd, &peer);
    struct epoll_event interest = {.events = EPOLLIN | EPOLLET, .data.fd = fd};
    MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &interest));
    tell(peer, "0123456789");

    int64_t end = in_ms(2500);
    for (int ms; (ms = ms_until(end)) > 0;) {
        struct epoll_event event;
        char buffer[4];
        if (DELIVERED(epoll_wait(epfd, &event, 1, ms)) == 1)
            MUST(read(fd, buffer, sizeof(buffer))); /* finding */
    }

    MUST(ioctl(fd, FIONREAD, &left));
    MUST(epoll_ctl(epfd, EPOLL_CTL_DEL, fd, NULL));
    MUST(close(fd));
    MUST(close(peer));
    MUST(close(epfd));
    return report(left > 0, "bytes left: %d", left);
}
