/* An edge-triggered listener, one accept for each edge: of clients that come together only the
 * first is let in. The others hang until the next one comes, which lets in one of them.
 *
 * Right: after each edge of the listener, accepts until EAGAIN. A client that has given up
 * meanwhile (ECONNABORTED) is not the end (accept(2)).
 *
 * expect: edge-not-drained
 * after: https://github.com/sipwise/rtpengine/pull/346
 * shows: hangs
 */
#include "../loop.h"

enum { CLIENTS = 5 };

#ifdef RIGHT
/* Lets in every client that waits; returns how many. */
static int accept_all(int listener)
{
    for (int accepted = 0;;) {
        int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd >= 0) {
            accepted++;
            MUST(close(fd));
        } else if (errno == EAGAIN) {
            return accepted;
        } else if (errno != EINTR && errno != ECONNABORTED) {
            MUST(fd);
        }
    }
}
#endif

int main(void)
{
    struct sockaddr_in address;
    int clients[CLIENTS], accepted = 0;
    int listener = listen_on_loopback(SOCK_NONBLOCK, &address);
    int epfd = MUST(epoll_create1(EPOLL_CLOEXEC));
    for (int i = 0; i < CLIENTS; i++)
        clients[i] = connect_to(&address);
    struct epoll_event interest = {.events = EPOLLIN | EPOLLET, .data.fd = listener};
    MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, listener, &interest));

    int64_t end = in_ms(2500);
    for (int ms; (ms = ms_until(end)) > 0;) {
        struct epoll_event event;
        if (DELIVERED(epoll_wait(epfd, &event, 1, ms)) == 0)
            continue;
#ifndef RIGHT
        int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK); /* finding */
        if (fd >= 0) {
            accepted++;
            MUST(close(fd));
        }
#else
        accepted += accept_all(listener);
#endif
    }

    MUST(epoll_ctl(epfd, EPOLL_CTL_DEL, listener, NULL));
    MUST(close(listener));
    MUST(close(epfd));
    for (int i = 0; i < CLIENTS; i++)
        MUST(close(clients[i]));
    return report(accepted < CLIENTS, "accepted %d of %d", accepted, CLIENTS);
}
