/* Adds, and modifies what is there already: with EEXIST the kernel has said that it is.
 *
 * expect: nothing
 */
#include "../loop.h"

static void watch(int epfd, int fd, uint32_t events)
{
    struct epoll_event interest = {.events = events, .data.fd = fd};
    if (epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &interest) == 0)
        return;
    if (errno != EEXIST)
        MUST(-1);
    MUST(epoll_ctl(epfd, EPOLL_CTL_MOD, fd, &interest));
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
