/* Pauses a listener that is registered with EPOLLEXCLUSIVE, with EPOLL_CTL_MOD: EINVAL, always
 * (epoll_ctl(2)). Nobody looks, and clients are reported as before.
 *
 * expect: ctl-error
 * after: https://github.com/ZLMediaKit/ZLToolKit/issues/226
 * shows: error
 */
#include "../loop.h"

static void pause_listener(int epfd, int listener)
{
    struct epoll_event interest = {.events = 0, .data.fd = listener};
    epoll_ctl(epfd, EPOLL_CTL_MOD, listener, &interest); /* finding */
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

    if (unwanted > 0)
        MUST(epoll_ctl(epfd, EPOLL_CTL_DEL, listener, NULL));
    MUST(close(listener));
    MUST(close(client));
    MUST(close(epfd));
    return report(unwanted > 0, "deliveries during the pause: %d", unwanted);
}
