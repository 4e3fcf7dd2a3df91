/* Waits for one descriptor by an epoll of its own, and leaves that open: after some hundred waits the process has
 * no descriptor left.
 *
 * Right: the epoll is closed after the wait.
 *
 * expect: epoll-leak
 * after: https://github.com/derekmolloy/exploringBB/issues/5
 * shows: error
 */
#include "../loop.h"

enum { WAITS = 600, REST_MS = 2800 };

/* Returns the number of the epoll that it has used. */
static int wait_for(int fd)
{
    struct epoll_event event, interest = {.events = EPOLLIN, .data.fd = fd};
    int epfd = MUST(epoll_create1(EPOLL_CLOEXEC)); /* finding */
    MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &interest));
    while (DELIVERED(epoll_wait(epfd, &event, 1, -1)) == 0)
        ;
#ifdef RIGHT
    MUST(close(epfd));
#endif
    return epfd;
}

int main(void)
{
    int fd, peer, highest = 0;
    connect_pair(&fd, &peer);

    for (int i = 0; i < WAITS; i++) {
        char byte;
        tell(peer, "x");
        int epfd = wait_for(fd);
        highest = epfd > highest ? epfd : highest;
        MUST(read(fd, &byte, 1));
    }
    sleep_until(in_ms(REST_MS));

    MUST(close(fd));
    MUST(close(peer));
    return report(highest > WAITS / 2, "the highest descriptor: %d", highest);
}
