/* Two parts of the program register the same descriptor, one to read, one to write. The second
 * EPOLL_CTL_ADD fails with EEXIST, nobody looks, and EPOLLOUT is never reported.
 *
 * expect: ctl-error
 * after: https://github.com/panjf2000/gnet/pull/572
 * shows: hangs
 */
#include "../loop.h"

static void watch(int epfd, int fd, uint32_t events)
{
    struct epoll_event interest = {.events = events, .data.fd = fd};
    epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &interest); /* finding */
}

int main(void)
{
    int fd, peer, epfd = MUST(epoll_create1(EPOLL_CLOEXEC));
    struct epoll_event event;
    connect_pair(&fd, &peer);
    watch(epfd, fd, EPOLLIN);
    watch(epfd, fd, EPOLLIN | EPOLLOUT);

    int told = DELIVERED(epoll_wait(epfd, &event, 1, 1000)) == 1 && event.events & EPOLLOUT;

    MUST(epoll_ctl(epfd, EPOLL_CTL_DEL, fd, NULL));
    MUST(close(fd));
    MUST(close(peer));
    MUST(close(epfd));
    return report(!told, "told of room to write: %d of 1", told);
}
