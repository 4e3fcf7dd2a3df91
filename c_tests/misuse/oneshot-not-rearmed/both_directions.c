/* Takes EPOLLONESHOT for a property of one direction: waits once for room to write, and believes
 * that its EPOLLIN goes on. A one-shot disables the whole registration.
 *
 * Right: when the greeting is out, EPOLL_CTL_MOD asks for EPOLLIN alone, as long as the connection
 * lives.
 *
 * expect: oneshot-not-rearmed
 * after: https://github.com/oven-sh/bun/pull/23988
 * shows: hangs
 */
#include "requests.h"

int main(void)
{
    int fd, peer, answered = 0, epfd = MUST(epoll_create1(EPOLL_CLOEXEC));
    bool greeted = false;
    connect_pair(&fd, &peer);
    struct epoll_event interest = {.events = EPOLLIN | EPOLLOUT | EPOLLONESHOT, .data.fd = fd};
    MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &interest)); /* finding */

    int64_t end = in_ms(RUN_MS);
    for (int ms; (ms = ms_until(end)) > 0;) {
        struct epoll_event event;
        char request[8];
        if (DELIVERED(epoll_wait(epfd, &event, 1, ms)) == 0)
            continue;
        if (event.events & EPOLLOUT && !greeted) {
            greeted = MUST(send(fd, "hello", 5, MSG_NOSIGNAL)) == 5;
#ifdef RIGHT
            interest.events = EPOLLIN;
            MUST(epoll_ctl(epfd, EPOLL_CTL_MOD, fd, &interest));
#endif
            tell(peer, "request");
        }
        if (event.events & EPOLLIN && MUST(read(fd, request, sizeof(request))) > 0)
            answered++;
    }

    MUST(epoll_ctl(epfd, EPOLL_CTL_DEL, fd, NULL));
    MUST(close(fd));
    MUST(close(peer));
    MUST(close(epfd));
    return report(answered < 1, "answered %d of 1", answered);
}
