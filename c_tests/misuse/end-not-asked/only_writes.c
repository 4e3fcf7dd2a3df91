/* A server that only sends news, and so registers its subscribers for room to write, edge-triggered. They
 * leave; there is no news, and nothing tells the server: their sockets stay.
 *
 * Right: asks for EPOLLRDHUP too, and closes when it comes.
 *
 * expect: end-not-asked
 * shows: hangs
 */
#include "../loop.h"

#include <sys/socket.h>

enum { SUBSCRIBERS = 6 };

#ifndef RIGHT
enum { INTEREST = EPOLLOUT };
#else
enum { INTEREST = EPOLLOUT | EPOLLRDHUP };
#endif

int main(void)
{
    struct sockaddr_in address;
    int listener = listen_on_loopback(SOCK_CLOEXEC, &address);
    int epfd = MUST(epoll_create1(EPOLL_CLOEXEC)), peers[SUBSCRIBERS], ours[SUBSCRIBERS];
    for (int i = 0; i < SUBSCRIBERS; i++) {
        peers[i] = connect_to(&address);
        ours[i] = MUST(accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC));
        struct epoll_event interest = {.events = INTEREST | (uint32_t)EPOLLET, .data.fd = ours[i]};
        MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, ours[i], &interest)); /* finding */
        tell(ours[i], "news");
    }

    int told = 0, closed = 0;
    int64_t end = in_ms(IS_MISUSE ? 13000 : 20000);
    while (closed < SUBSCRIBERS && ms_until(end) > 0) {
        struct epoll_event event;
        if (DELIVERED(epoll_wait(epfd, &event, 1, ms_until(end))) == 0)
            continue;
        if (event.events & EPOLLRDHUP) {
            MUST(close(event.data.fd));
            closed++;
        } else if (++told == SUBSCRIBERS) {
            for (int i = 0; i < SUBSCRIBERS; i++) {
                char news[8];
                MUST(read(peers[i], news, sizeof(news)));
                MUST(close(peers[i]));
            }
        }
    }

    for (int i = 0; i < SUBSCRIBERS && closed == 0; i++)
        MUST(close(ours[i]));
    MUST(close(listener));
    MUST(close(epfd));
    return report(closed < SUBSCRIBERS, "closed %d of %d subscribers", closed, SUBSCRIBERS);
}
