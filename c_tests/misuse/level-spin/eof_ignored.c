/* Reads all that has arrived, and takes a read of 0 bytes for "nothing yet". The peer has closed: the
 * end of the input stays ready for ever, and each wait returns at once.
 *
 * Right: when read returns 0, the registration and the descriptor go.
 *
 * expect: level-spin
 * shows: spins
 */
#include "../loop.h"

int main(void)
{
    int fd, peer, epfd = MUST(epoll_create1(EPOLL_CLOEXEC));
    long received = 0, useless = 0;
    bool open = true;
    connect_pair(&fd, &peer);
    tell(peer, "hello");
    MUST(close(peer));
    struct epoll_event interest = {.events = EPOLLIN, .data.fd = fd};
    MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &interest));

    int64_t end = in_ms(2000);
    for (int ms; open && (ms = ms_until(end)) > 0;) {
        struct epoll_event event;
        char buffer[64];
        if (DELIVERED(epoll_wait(epfd, &event, 1, ms)) == 0) /* finding */
            continue;
        ssize_t size = read(fd, buffer, sizeof(buffer));
        if (size > 0)
            received += size;
#ifndef RIGHT
        else
            useless++;
#else
        if (size == 0) {
            MUST(epoll_ctl(epfd, EPOLL_CTL_DEL, fd, NULL));
            MUST(close(fd));
            open = false;
        }
#endif
    }

    MUST(close(epfd));
    return report(IS_MISUSE ? useless >= 200 : open || received != 5,
                  "received %ld of 5, reads without progress: %ld", received, useless);
}
