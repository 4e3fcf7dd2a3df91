/* An edge-triggered socket is read once for each edge, into a buffer that is smaller than what has
 * come. The rest stays in the kernel, and no edge reports it.
 *
 * Right: after each edge the socket is read until it says EAGAIN.
 *
 * expect: edge-not-drained
 * after: https://github.com/Andrewpqc/qiaqia/issues/4
 * pitfall: edge-triggered without draining
 * shows: hangs
 */
#include "../loop.h"

#include <sys/ioctl.h>

#ifdef RIGHT
static void drain(int fd)
{
    char buffer[4];
    ssize_t size;
    do
        size = read(fd, buffer, sizeof(buffer));
    while (size > 0 || (size == -1 && errno == EINTR));
    if (size == -1 && errno != EAGAIN)
        MUST(size);
}
#endif

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
        if (DELIVERED(epoll_wait(epfd, &event, 1, ms)) == 0)
            continue;
#ifndef RIGHT
        char buffer[4];
        MUST(read(fd, buffer, sizeof(buffer))); /* finding */
#else
        drain(fd);
#endif
    }

    MUST(ioctl(fd, FIONREAD, &left));
    MUST(epoll_ctl(epfd, EPOLL_CTL_DEL, fd, NULL));
    MUST(close(fd));
    MUST(close(peer));
    MUST(close(epfd));
    return report(left > 0, "bytes left: %d", left);
}
