/* Out of descriptors, the listener is left alone for half a second, as nginx does: the clients wait
 * in its backlog, and the loop serves the others meanwhile.
 *
 * expect: nothing
 */
#include "crowd.h"

int main(void)
{
    struct sockaddr_in address;
    int clients[CLIENTS], connections[CLIENTS], accepted = 0;
    int listener = listen_on_loopback(SOCK_NONBLOCK, &address);
    int epfd = MUST(epoll_create1(EPOLL_CLOEXEC));
    long failed = 0;
    int64_t resume = 0; /* 0: the listener is registered */
    struct epoll_event interest = {.events = EPOLLIN, .data.fd = listener};
    MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, listener, &interest));
    connect_crowd(&address, clients);
    struct rlimit before = leave_one_descriptor();

    int64_t end = in_ms(2000);
    while (ms_until(end) > 0) {
        struct epoll_event event;
        int64_t next = resume != 0 && resume < end ? resume : end;
        int count = DELIVERED(epoll_wait(epfd, &event, 1, ms_until(next)));
        if (resume != 0 && ms_until(resume) == 0) {
            MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, listener, &interest));
            resume = 0;
        }
        if (count == 0)
            continue;
        int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd >= 0) {
            connections[accepted++] = fd;
        } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            failed++;
            MUST(epoll_ctl(epfd, EPOLL_CTL_DEL, listener, NULL));
            resume = in_ms(500);
        }
    }

    for (int i = 0; i < accepted; i++)
        MUST(close(connections[i]));
    if (resume == 0)
        MUST(epoll_ctl(epfd, EPOLL_CTL_DEL, listener, NULL));
    MUST(close(listener));
    MUST(close(epfd));
    close_crowd(&before, clients);
    return report(accepted != 1 || failed >= 10, "accepted %d of %d, failed accepts: %ld", accepted,
                  CLIENTS, failed);
}
