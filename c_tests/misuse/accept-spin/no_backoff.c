/* accept fails with EMFILE, the loop goes back to its wait, and the connection that could not be
 * accepted is still there: the listener is reported again at once, for as long as no descriptor
 * becomes free.
 *
 * Right: out of descriptors, the listener's registration is deleted for half a second, as nginx
 * does: the clients wait in its backlog, and the loop serves the others meanwhile.
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
    int64_t resume = 0; /* when a pause of the listener ends; 0: it is registered */
    struct epoll_event interest = {.events = EPOLLIN, .data.fd = listener};
    MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, listener, &interest));
    connect_crowd(&address, clients);
    struct rlimit before = leave_one_descriptor();

    int64_t end = in_ms(2000);
    for (int ms; (ms = ms_until(end)) > 0;) {
        struct epoll_event event;
#ifdef RIGHT
        if (resume != 0 && resume < end)
            ms = ms_until(resume);
#endif
        int count = DELIVERED(epoll_wait(epfd, &event, 1, ms)); /* finding */
#ifdef RIGHT
        if (resume != 0 && ms_until(resume) == 0) {
            MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, listener, &interest));
            resume = 0;
        }
#endif
        if (count == 0)
            continue;
        int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd >= 0) {
            connections[accepted++] = fd;
        } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            failed++;
#ifdef RIGHT
            MUST(epoll_ctl(epfd, EPOLL_CTL_DEL, listener, NULL));
            resume = in_ms(500);
#endif
        }
    }

    for (int i = 0; i < accepted; i++)
        MUST(close(connections[i]));
    if (resume == 0)
        MUST(epoll_ctl(epfd, EPOLL_CTL_DEL, listener, NULL));
    MUST(close(listener));
    MUST(close(epfd));
    close_crowd(&before, clients);
    return report(IS_MISUSE ? failed >= 100 : accepted != 1 || failed >= 10,
                  "accepted %d of %d, failed accepts: %ld", accepted, CLIENTS, failed);
}
