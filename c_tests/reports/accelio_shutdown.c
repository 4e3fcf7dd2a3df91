/* At the end of a connection its socket is closed first, and taken out of the event loop later, when the rest of it
 * is freed: epoll_ctl fails with EBADF.
 *
 * Right: it is taken out of the loop, and then closed.
 *
 * expect: ctl-error
 * after: https://github.com/accelio/accelio/pull/47
 * shows: error
 */
#include "../misuse/loop.h"

struct connection {
    int epfd, fd;
};

static void disconnect(struct connection *c)
{
#ifdef RIGHT
    MUST(epoll_ctl(c->epfd, EPOLL_CTL_DEL, c->fd, NULL));
#endif
    MUST(close(c->fd));
}

/* Returns whether it failed. */
static bool destroy(struct connection *c)
{
    bool failed = false;
#ifndef RIGHT
    failed = epoll_ctl(c->epfd, EPOLL_CTL_DEL, c->fd, NULL) == -1; /* finding */
#endif
    c->fd = -1;
    return failed;
}

int main(void)
{
    struct connection c = {.epfd = MUST(epoll_create1(EPOLL_CLOEXEC))};
    int peer;
    bool failed = false;
    connect_pair(&c.fd, &peer);
    struct epoll_event event, interest = {.events = EPOLLIN, .data.ptr = &c};
    MUST(epoll_ctl(c.epfd, EPOLL_CTL_ADD, c.fd, &interest));
    MUST(close(peer));
    while (c.fd != -1) {
        char byte;
        if (DELIVERED(epoll_wait(c.epfd, &event, 1, -1)) > 0 && read(c.fd, &byte, 1) == 0) {
            disconnect(&c);
            failed = destroy(&c);
        }
    }
    MUST(close(c.epfd));
    return report(failed, "epoll_ctl failed: %d", failed);
}
