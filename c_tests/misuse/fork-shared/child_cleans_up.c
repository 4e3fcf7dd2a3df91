/* Forks with an event loop at hand. The child has no use for it and tidies up, registration by
 * registration: but the two share one epoll, and what the child deletes is deleted for the parent.
 *
 * Right: the child closes its copies of the descriptors and leaves what is registered alone.
 *
 * expect: fork-shared
 * after: https://github.com/smol-rs/polling/issues/37
 * shows: hangs
 */
#include "child.h"

static void watch(int epfd, int fd)
{
    struct epoll_event interest = {.events = EPOLLIN, .data.fd = fd};
    MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &interest)); /* finding */
}

int main(void)
{
    struct child child;
    int fd, peer, other, other_peer, received = 0, epfd = MUST(epoll_create1(EPOLL_CLOEXEC));
    connect_pair(&fd, &peer);
    connect_pair(&other, &other_peer);
    watch(epfd, fd);
    if (start_child(&child) == 0) {
#ifndef RIGHT
        MUST(epoll_ctl(epfd, EPOLL_CTL_DEL, fd, NULL));
        MUST(close(epfd));
#else
        MUST(close(epfd));
        MUST(close(fd));
        MUST(close(other));
#endif
        ready_then_wait(&child);
        _exit(0);
    }
    wait_until_ready(&child);
    watch(epfd, other);
    tell(peer, "hello");
    tell(other_peer, "hello");

    int64_t end = in_ms(1500);
    for (int ms; (ms = ms_until(end)) > 0;) {
        struct epoll_event event;
        char buffer[64];
        if (DELIVERED(epoll_wait(epfd, &event, 1, ms)) == 1)
            received += MUST(read(event.data.fd, buffer, sizeof(buffer)));
    }

    end_child(&child);
#ifdef RIGHT
    MUST(epoll_ctl(epfd, EPOLL_CTL_DEL, fd, NULL));
#endif
    MUST(epoll_ctl(epfd, EPOLL_CTL_DEL, other, NULL));
    MUST(close(epfd));
    MUST(close(fd));
    MUST(close(peer));
    MUST(close(other));
    MUST(close(other_peer));
    return report(received < 10, "received %d of 10", received);
}
