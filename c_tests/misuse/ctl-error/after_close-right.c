/* Deletes the registration first and closes last.
 *
 * expect: nothing
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
        deleted += epoll_ctl(epfd, EPOLL_CTL_DEL, fds[i], NULL) == 0;
        MUST(close(fds[i]));
        MUST(close(peers[i]));
        DELIVERED(epoll_wait(epfd, &event, 1, 50));
    }

    MUST(close(epfd));
    return report(deleted < CONNECTIONS, "deleted %d of %d", deleted, CONNECTIONS);
}
