/* A reload closes the epoll together with all it had opened, and the loop goes on with the old
 * number: every wait fails with EBADF, is logged, and tried again.
 *
 * Right: after a reload the loop has a new epoll, with everything registered again.
 *
 * expect: epfd-misuse
 * after: https://github.com/acassen/keepalived/pull/1811
 * shows: spins
 */
#include "../loop.h"

static int start(int fd)
{
    int epfd = MUST(epoll_create1(EPOLL_CLOEXEC));
    struct epoll_event interest = {.events = EPOLLIN, .data.fd = fd};
    MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &interest));
    return epfd;
}

static void stop(int epfd, int fd)
{
    MUST(epoll_ctl(epfd, EPOLL_CTL_DEL, fd, NULL));
    MUST(close(epfd));
}

int main(void)
{
    int fd, peer, received = 0, failed = 0;
    connect_pair(&fd, &peer);
    int epfd = start(fd);
    stop(epfd, fd);
#ifdef RIGHT
    epfd = start(fd);
#endif
    tell(peer, "hello");

    int64_t end = in_ms(1500);
    for (int ms; (ms = ms_until(end)) > 0;) {
        struct epoll_event event;
        char buffer[64];
        int count = epoll_wait(epfd, &event, 1, ms); /* finding */
        if (count == 1) {
            received += MUST(read(fd, buffer, sizeof(buffer)));
        } else if (count == -1 && errno != EINTR) {
            failed++;
            sleep_until(in_ms(5));
        }
    }

#ifdef RIGHT
    stop(epfd, fd);
#endif
    MUST(close(fd));
    MUST(close(peer));
    return report(IS_MISUSE ? failed >= 3 : failed > 0 || received < 5,
                  "received %d of 5, failed waits: %d", received, failed);
}
