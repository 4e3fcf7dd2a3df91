/* Pauses a connection by deleting its registration, and resumes it with EPOLL_CTL_MOD, as if it
 * were still there: ENOENT, the result is ignored, and the connection stays paused.
 *
 * Right: modifies, and adds what is not there: with ENOENT the kernel has said that it is not.
 *
 * expect: ctl-error
 * after: https://github.com/crystal-lang/crystal/pull/14814
 * shows: hangs
 */
#include "../loop.h"

static void resume(int epfd, int fd)
{
    struct epoll_event interest = {.events = EPOLLIN, .data.fd = fd};
#ifndef RIGHT
    epoll_ctl(epfd, EPOLL_CTL_MOD, fd, &interest); /* finding */
#else
    if (epoll_ctl(epfd, EPOLL_CTL_MOD, fd, &interest) == 0)
        return;
    if (errno != ENOENT)
        MUST(-1);
    MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &interest));
#endif
}

int main(void)
{
    int fd, peer, received = 0, epfd = MUST(epoll_create1(EPOLL_CLOEXEC));
    struct epoll_event event, interest = {.events = EPOLLIN};
    char buffer[64];
    connect_pair(&fd, &peer);
    interest.data.fd = fd;
    MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &interest));
    MUST(epoll_ctl(epfd, EPOLL_CTL_DEL, fd, NULL));
    tell(peer, "hello");
    resume(epfd, fd);

    if (DELIVERED(epoll_wait(epfd, &event, 1, 1000)) == 1) {
        received = MUST(read(fd, buffer, sizeof(buffer)));
        MUST(epoll_ctl(epfd, EPOLL_CTL_DEL, fd, NULL));
    }

    MUST(close(fd));
    MUST(close(peer));
    MUST(close(epfd));
    return report(received < 5, "received %d of 5", received);
}
