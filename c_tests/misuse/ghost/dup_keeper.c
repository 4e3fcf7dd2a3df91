/* Hands a connection over to another part of the program as a duplicate, and closes its own
 * descriptor, trusting that close deletes the registration. It does so only with the last duplicate
 * (epoll(7), question 6): every message still wakes this loop, for a descriptor that is closed.
 *
 * Right: the registration is deleted before the descriptor is closed, with or without a duplicate.
 *
 * expect: ghost
 * after: https://github.com/libuv/libuv/pull/1468
 * shows: spins
 */
#include "../loop.h"

enum { MESSAGES = 10 };

int main(void)
{
    int fd, peer, stray = 0, received = 0, epfd = MUST(epoll_create1(EPOLL_CLOEXEC));
    connect_pair(&fd, &peer);
    struct epoll_event interest = {.events = EPOLLIN, .data.fd = fd};
    MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &interest));

    int handed_over = MUST(fcntl(fd, F_DUPFD_CLOEXEC, 0));
#ifdef RIGHT
    MUST(epoll_ctl(epfd, EPOLL_CTL_DEL, fd, NULL));
#endif
    MUST(close(fd)); /* finding */

    for (int i = 0; i < MESSAGES; i++) {
        struct epoll_event event;
        char buffer[64];
        tell(peer, "hello");
        if (DELIVERED(epoll_wait(epfd, &event, 1, 100)) == 1 && fcntl(event.data.fd, F_GETFD) == -1)
            stray++;
        /* Its new owner reads. */
        received += MUST(read(handed_over, buffer, sizeof(buffer)));
        DELIVERED(epoll_wait(epfd, &event, 1, 100));
    }

    MUST(close(handed_over));
    MUST(close(peer));
    MUST(close(epfd));
    return report(stray > 0, "received %d bytes, deliveries for a closed descriptor: %d", received,
                  stray);
}
