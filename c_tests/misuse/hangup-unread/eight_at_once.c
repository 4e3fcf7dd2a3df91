/* Eight clients send their last words and leave. All of them hang up in one round of the loop, which
 * looks at EPOLLRDHUP first and closes each connection with its last words unread.
 *
 * Right: each connection is read to its end, and closed then.
 *
 * expect: hangup-unread
 * shows: loses
 */
#include "../loop.h"

enum { CLIENTS = 8, WORDS = 14 };

static int open_all(int epfd, int *fds)
{
    for (int i = 0; i < CLIENTS; i++) {
        int peer;
        connect_pair(&fds[i], &peer);
        tell(peer, "the last words");
        MUST(close(peer));
        struct epoll_event interest = {.events = EPOLLIN | EPOLLRDHUP, .data.fd = fds[i]};
        MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, fds[i], &interest));
    }
    return CLIENTS;
}

int main(void)
{
    int fds[CLIENTS], received = 0, epfd = MUST(epoll_create1(EPOLL_CLOEXEC));
    int left = open_all(epfd, fds);

    while (left > 0) {
        struct epoll_event events[CLIENTS];
        int count = DELIVERED(epoll_wait(epfd, events, CLIENTS, -1));
        for (int i = 0; i < count; i++) {
#ifdef RIGHT
            char buffer[64];
            ssize_t size = read(events[i].data.fd, buffer, sizeof(buffer));
            if (size > 0) {
                received += (int)size;
                continue;
            }
#endif
            MUST(close(events[i].data.fd)); /* finding */
            left--;
        }
    }

    MUST(close(epfd));
    return report(received < CLIENTS * WORDS, "received %d of %d", received, CLIENTS * WORDS);
}
