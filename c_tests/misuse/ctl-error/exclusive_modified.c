/* Pauses a listener that is registered with EPOLLEXCLUSIVE, with EPOLL_CTL_MOD: EINVAL, always
 * (epoll_ctl(2)). The result is ignored, and clients are reported as before.
 *
 * Right: what is registered with EPOLLEXCLUSIVE is paused by deleting it, and resumed by adding it
 * again.
 *
 * expect: ctl-error
 * after: https://github.com/ZLMediaKit/ZLToolKit/issues/226
 * shows: error
 */
#include "../loop.h"

static void pause_listener(int epfd, int listener)
{
#ifndef RIGHT
    struct epoll_event interest = {.events = 0, .data.fd = listener};
    epoll_ctl(epfd, EPOLL_CTL_MOD, listener, &interest); /* finding */
#else
    MUST(epoll_ctl(epfd, EPOLL_CTL_DEL, listener, NULL));
#endif
}

int main(void)
{
    struct sockaddr_in address;
    int listener = listen_on_loopback(SOCK_NONBLOCK, &address);
    int epfd = MUST(epoll_create1(EPOLL_CLOEXEC));
    struct epoll_event event, interest = {.events = EPOLLIN | EPOLLEXCLUSIVE, .data.fd = listener};
    MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, listener, &interest));

    pause_listener(epfd, listener);
    int client = connect_to(&address);
    int unwanted = DELIVERED(epoll_wait(epfd, &event, 1, 500));
    bool misbehaved = unwanted > 0;

#ifdef RIGHT
    MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, listener, &interest));
    if (DELIVERED(epoll_wait(epfd, &event, 1, 5000)) == 1)
        MUST(close(MUST(accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK))));
    else
        misbehaved = true;
#endif

    MUST(epoll_ctl(epfd, EPOLL_CTL_DEL, listener, NULL));
    MUST(close(listener));
    MUST(close(client));
    MUST(close(epfd));
    return report(misbehaved, "deliveries during the pause: %d", unwanted);
}
