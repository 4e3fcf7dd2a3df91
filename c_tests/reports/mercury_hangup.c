/* A client of shared memory leaves. The server's handler of that socket has nothing more to do once the handshake
 * is done, and returns: the socket stays in the epoll, and every wait of 100 ms returns at once with EPOLLHUP.
 *
 * Right: at EPOLLHUP the socket is deleted from the epoll and closed.
 *
 * expect: level-spin
 * after: https://github.com/mercury-hpc/mercury/issues/229
 * shows: spins
 */
#include "../misuse/loop.h"

enum progress { HANDSHAKE, DONE };

struct client {
    int fd;
    enum progress progress;
};

/* Whether there was something to do. */
static bool make_progress(struct client *c)
{
    char address[16];
    switch (c->progress) {
    case HANDSHAKE:
        MUST(read(c->fd, address, sizeof(address)));
        c->progress = DONE;
        return true;
    default:
        return false;
    }
}

int main(void)
{
    int peer, epfd = MUST(epoll_create1(EPOLL_CLOEXEC));
    long useless = 0, done = 0;
    struct client client = {.progress = HANDSHAKE};
    connect_pair(&client.fd, &peer);
    struct epoll_event interest = {.events = EPOLLIN, .data.ptr = &client};
    MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, client.fd, &interest));
    tell(peer, "address");

    for (int64_t end = in_ms(2000); ms_until(end) > 0;) {
        struct epoll_event event;
        if (DELIVERED(epoll_wait(epfd, &event, 1, 100)) == 0) /* finding */
            continue;
        struct client *c = event.data.ptr;
#ifdef RIGHT
        if (event.events & EPOLLHUP) {
            MUST(epoll_ctl(epfd, EPOLL_CTL_DEL, c->fd, NULL));
            MUST(close(c->fd));
            continue;
        }
#endif
        if (!make_progress(c))
            useless++;
        else if (++done == 1)
            MUST(close(peer));
    }

#ifndef RIGHT
    MUST(close(client.fd));
#endif
    MUST(close(epfd));
    return report(useless >= 200 || done != 1, "handshakes: %ld, deliveries of which nothing came: %ld", done,
                  useless);
}
