/* Accepts until EAGAIN, and out of descriptors tries again, 16 times, as if a descriptor would
 * appear from nowhere. Then it waits, and the listener is reported again.
 *
 * Right: keeps a descriptor in reserve. Out of others, it gives that one up, accepts the client
 * with it and turns it away at once. The backlog empties, and the clients know.
 *
 * expect: accept-spin
 * after: https://github.com/sustrik/libmill/issues/182
 * shows: spins
 */
#include "crowd.h"

#ifdef RIGHT
static int open_reserve(void)
{
    return MUST(open("/dev/null", O_RDONLY | O_CLOEXEC));
}

/* Whether a client was there to be turned away: out of descriptors accept says EMFILE also when no
 * client waits. */
static bool turn_away(int listener, int *reserve)
{
    MUST(close(*reserve));
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (fd >= 0)
        MUST(close(fd));
    *reserve = open_reserve();
    return fd >= 0;
}
#endif

int main(void)
{
    struct sockaddr_in address;
    int clients[CLIENTS], connections[CLIENTS], accepted = 0;
    int listener = listen_on_loopback(SOCK_NONBLOCK, &address);
    int epfd = MUST(epoll_create1(EPOLL_CLOEXEC));
#ifdef RIGHT
    int reserve = open_reserve(), turned_away = 0;
#endif
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
        for (;;) {
            int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
            if (fd >= 0) {
                connections[accepted++] = fd;
                continue;
            }
            if (errno != EMFILE)
                break;
            failed++;
#ifndef RIGHT
            if (failed % 16 == 0)
                break;
#else
            if (!turn_away(listener, &reserve))
                break;
            turned_away++;
#endif
        }
    }

    for (int i = 0; i < accepted; i++)
        MUST(close(connections[i]));
#ifdef RIGHT
    MUST(close(reserve));
#endif
    MUST(epoll_ctl(epfd, EPOLL_CTL_DEL, listener, NULL));
    MUST(close(listener));
    MUST(close(epfd));
    close_crowd(&before, clients);
#ifndef RIGHT
    return report(failed >= 100, "accepted %d of %d, failed accepts: %ld", accepted, CLIENTS,
                  failed);
#else
    return report(accepted + turned_away != CLIENTS || failed > CLIENTS,
                  "accepted %d of %d, turned away %d, failed accepts: %ld", accepted, CLIENTS,
                  turned_away, failed);
#endif
}
