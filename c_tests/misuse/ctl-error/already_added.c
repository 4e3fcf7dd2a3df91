/* Two parts of the program register the same descriptor, one to read, one to write. The second
 * EPOLL_CTL_ADD fails with EEXIST, its result is ignored, and EPOLLOUT is never reported.
 *
 * Right: adds, and modifies what is there already: with EEXIST the kernel has said that it is.
 *
 * expect: ctl-error
 * after: https://github.com/panjf2000/gnet/pull/572
 * shows: hangs
 */
#include "../loop.h"

static void watch(int epfd, int fd, uint32_t events)
{
    struct epoll_event interest = {.events = events, .data.fd = fd};
#ifndef RIGHT
    epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &interest); /* finding */
#else
    if (epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &interest) == 0)
        return;
    if (errno != EEXIST)
        MUST(-1);
    MUST(epoll_ctl(epfd, EPOLL_CTL_MOD, fd, &interest));
#endif
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
