/* What is registered with EPOLLEXCLUSIVE is paused by deleting it, and resumed by adding it again.
 *
 * expect: nothing
 */
#include "../loop.h"

static void pause_listener(int epfd, int listener)
{
    MUST(epoll_ctl(epfd, EPOLL_CTL_DEL, listener, NULL));
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

    MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, listener, &interest));
    int accepted = DELIVERED(epoll_wait(epfd, &event, 1, 5000)) == 1
                       ? MUST(accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK))
                       : -1;

    MUST(epoll_ctl(epfd, EPOLL_CTL_DEL, listener, NULL));
    if (accepted != -1)
        MUST(close(accepted));
    MUST(close(listener));
    MUST(close(client));
    MUST(close(epfd));
    return report(unwanted > 0 || accepted == -1, "deliveries during the pause: %d", unwanted);
}
