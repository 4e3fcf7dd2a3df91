/* The epoll of a console is closed twice. In between the number has gone to a connection of somebody else, which is
 * closed instead.
 *
 * Right: it is closed once.
 *
 * expect: nothing
 * after: https://github.com/containerd/console/pull/34
 * shows: loses
 */
#include "../misuse/loop.h"

struct epoller {
    int efd;
    bool is_closed;
};

static void close_epoller(struct epoller *e)
{
#ifdef RIGHT
    if (e->is_closed)
        return;
#endif
    e->is_closed = true;
    MUST(close(e->efd)); /* finding */
}

int main(void)
{
    struct sockaddr_in address;
    int listener = listen_on_loopback(0, &address), server = MUST(epoll_create1(EPOLL_CLOEXEC)), answers = 0;
    struct epoller console = {.efd = MUST(epoll_create1(EPOLL_CLOEXEC))};
    int client = connect_to(&address);
    struct epoll_event event;
    MUST(epoll_wait(console.efd, &event, 1, 0));

    close_epoller(&console);
    int fd = MUST(accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK));
    struct epoll_event interest = {.events = EPOLLIN, .data.fd = fd};
    MUST(epoll_ctl(server, EPOLL_CTL_ADD, fd, &interest));
    close_epoller(&console);

    MUST(send(client, "request", 7, MSG_NOSIGNAL));
    int64_t end = in_ms(1500);
    for (int ms; answers == 0 && (ms = ms_until(end)) > 0;) {
        char request[16];
        if (DELIVERED(epoll_wait(server, &event, 1, ms)) > 0 && read(fd, request, sizeof(request)) > 0)
            answers++;
    }

    if (answers != 0)
        MUST(close(fd));
    MUST(close(client));
    MUST(close(listener));
    MUST(close(server));
    return report(answers == 0, "answers: %d", answers);
}
