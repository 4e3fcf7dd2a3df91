/* A one-shot registration is disabled by its first delivery. The program does not enable it again:
 * the first request is answered, and the connection is silent for ever.
 *
 * Right: every delivery ends with EPOLL_CTL_MOD, which enables the registration again and looks at
 * what is ready by then.
 *
 * expect: oneshot-not-rearmed
 * pitfall: EPOLLONESHOT without re-arming
 * shows: hangs
 */
#include "requests.h"

int main(void)
{
    int fd, peer, answered = 0, epfd = MUST(epoll_create1(EPOLL_CLOEXEC));
    connect_pair(&fd, &peer);
    struct epoll_event interest = {.events = EPOLLIN | EPOLLONESHOT, .data.fd = fd};
    MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &interest)); /* finding */
    pthread_t client;
    if (pthread_create(&client, NULL, two_requests, &peer) != 0)
        return 1;

    int64_t end = in_ms(RUN_MS);
    for (int ms; (ms = ms_until(end)) > 0;) {
        struct epoll_event event;
        char request[2] = "";
        if (DELIVERED(epoll_wait(epfd, &event, 1, ms)) == 0)
            continue;
        if (read(fd, request, 1) == 1) {
            tell(fd, request);
            answered++;
        }
#ifdef RIGHT
        MUST(epoll_ctl(epfd, EPOLL_CTL_MOD, fd, &interest));
#endif
    }

    MUST(epoll_ctl(epfd, EPOLL_CTL_DEL, fd, NULL));
    MUST(close(fd));
    pthread_join(client, NULL);
    MUST(close(peer));
    MUST(close(epfd));
    return report(answered < 2, "answered %d of 2", answered);
}
