/* accept fails with EMFILE, the loop goes back to its wait, and the connection that could not be
 * accepted is still there: the listener is reported again at once, for as long as no descriptor
 * becomes free.
 *
 * expect: accept-spin
 * after: https://github.com/oven-sh/bun/pull/32705
 * shows: spins
 */
#include "crowd.h"

int main(void)
{
    struct sockaddr_in address;
    int clients[CLIENTS], connections[CLIENTS], accepted = 0;
    int listener = listen_on_loopback(SOCK_NONBLOCK, &address);
    int epfd = MUST(epoll_create1(EPOLL_CLOEXEC));
    long failed = 0;
    struct epoll_event interest = {.events = EPOLLIN, .data.fd = listener};
    MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, listener, &interest));
    connect_crowd(&address, clients);
    struct rlimit before = leave_one_descriptor();

    int64_t end = in_ms(2000);
    for (int ms; (ms = ms_until(end)) > 0;) {
        struct epoll_event event;
        if (DELIVERED(epoll_wait(epfd, &event, 1, ms)) == 0) /* finding */
            continue;
        int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd >= 0)
            connections[accepted++] = fd;
        else if (errno != EAGAIN)
            failed++;
    }

    for (int i = 0; i < accepted; i++)
        MUST(close(connections[i]));
    MUST(epoll_ctl(epfd, EPOLL_CTL_DEL, listener, NULL));
    MUST(close(listener));
    MUST(close(epfd));
    close_crowd(&before, clients);
    return report(failed >= 100, "accepted %d of %d, failed accepts: %ld", accepted, CLIENTS,
                  failed);
}
