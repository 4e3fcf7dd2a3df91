/* A loop waits without a timeout, and not at all while work is queued. When a client leaves, the work for it is
 * taken out of the map of clients, and not out of the count of what is queued: from then on the timeout is 0.
 *
 * Right: work that is cancelled is counted down.
 *
 * expect: busy-wait
 * after: https://github.com/accelio/accelio/issues/162
 * shows: spins
 */
#include "../misuse/loop.h"

enum { RUN_MS = 7000 };

struct loop {
    int epfd, queued;
    bool has_work;
};

static void leave(struct loop *l, int fd)
{
    MUST(epoll_ctl(l->epfd, EPOLL_CTL_DEL, fd, NULL));
    MUST(close(fd));
    l->has_work = false;
#ifdef RIGHT
    l->queued--;
#endif
}

int main(void)
{
    int fds[2], peers[2];
    long useless = 0;
    struct loop l = {.epfd = MUST(epoll_create1(EPOLL_CLOEXEC))};
    for (int i = 0; i < 2; i++) {
        connect_pair(&fds[i], &peers[i]);
        struct epoll_event interest = {.events = EPOLLIN | EPOLLRDHUP, .data.fd = fds[i]};
        MUST(epoll_ctl(l.epfd, EPOLL_CTL_ADD, fds[i], &interest));
    }
    tell(peers[0], "hello");
    MUST(close(peers[0]));

    int64_t end = in_ms(RUN_MS);
    for (int ms; (ms = ms_until(end)) > 0;) {
        struct epoll_event event;
        char message[16];
        int timeout = l.queued > 0 ? 0 : ms;
        if (DELIVERED(epoll_wait(l.epfd, &event, 1, timeout)) == 0) { /* finding */
            useless++;
        } else if (read(event.data.fd, message, sizeof(message)) > 0) {
            l.has_work = true;
            l.queued++;
        } else {
            leave(&l, event.data.fd);
        }
    }

    MUST(close(fds[1]));
    MUST(close(peers[1]));
    MUST(close(l.epfd));
    return report(useless > 1000, "waits in vain: %ld", useless);
}
