/* Closes its connections first and deletes their registrations then. EPOLL_CTL_DEL fails with
 * EBADF, or, where the number belongs to another descriptor by then, hits the wrong one.
 *
 * Right: deletes the registration first and closes last.
 *
 * expect: ctl-error
 * after: https://github.com/curl/curl/pull/4211
 * pitfall: EPOLL_CTL_DEL on a closed descriptor
 * shows: error
 */
#include "../loop.h"

enum { CONNECTIONS = 4 };

int main(void)
{
    int fds[CONNECTIONS], peers[CONNECTIONS], deleted = 0;
    int epfd = MUST(epoll_create1(EPOLL_CLOEXEC));
    for (int i = 0; i < CONNECTIONS; i++) {
        connect_pair(&fds[i], &peers[i]);
        struct epoll_event interest = {.events = EPOLLIN, .data.fd = fds[i]};
        MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, fds[i], &interest));
    }

    for (int i = 0; i < CONNECTIONS; i++) {
        struct epoll_event event;
#ifndef RIGHT
        MUST(close(fds[i]));
        deleted += epoll_ctl(epfd, EPOLL_CTL_DEL, fds[i], NULL) == 0; /* finding */
#else
        deleted += epoll_ctl(epfd, EPOLL_CTL_DEL, fds[i], NULL) == 0;
        MUST(close(fds[i]));
#endif
        MUST(close(peers[i]));
        DELIVERED(epoll_wait(epfd, &event, 1, 50));
    }

    MUST(close(epfd));
    return report(deleted < CONNECTIONS, "deleted %d of %d", deleted, CONNECTIONS);
}
