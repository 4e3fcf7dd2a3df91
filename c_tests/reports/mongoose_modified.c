/* An accepted connection is put into the list before it has its socket, and so is not added to the epoll; then its
 * interest is modified: ENOENT, and the server gives up.
 *
 * Right: the connection has its socket when it is put into the list, and is added.
 *
 * expect: ctl-error
 * after: https://github.com/cesanta/mongoose/pull/637
 * shows: error
 */
#include "../misuse/loop.h"

struct connection {
    int fd;
};

static void add_connection(int epfd, struct connection *c)
{
    struct epoll_event interest = {.events = EPOLLIN, .data.ptr = c};
    if (c->fd >= 0)
        MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, c->fd, &interest));
}

static int update_interest(int epfd, struct connection *c)
{
    struct epoll_event interest = {.events = EPOLLIN, .data.ptr = c};
    return epoll_ctl(epfd, EPOLL_CTL_MOD, c->fd, &interest); /* finding */
}

int main(void)
{
    struct sockaddr_in address;
    int listener = listen_on_loopback(0, &address), epfd = MUST(epoll_create1(EPOLL_CLOEXEC)), received = 0;
    struct connection c = {.fd = -1};
    int client = connect_to(&address);

    int accepted = MUST(accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK));
#ifndef RIGHT
    add_connection(epfd, &c);
    c.fd = accepted;
#else
    c.fd = accepted;
    add_connection(epfd, &c);
#endif
    bool gave_up = update_interest(epfd, &c) == -1;
    tell(client, "GET /");
    struct epoll_event event;
    char buffer[16];
    if (!gave_up && DELIVERED(epoll_wait(epfd, &event, 1, 500)) == 1)
        received = MUST(read(c.fd, buffer, sizeof(buffer)));

    MUST(close(c.fd));
    MUST(close(client));
    MUST(close(listener));
    MUST(close(epfd));
    return report(received != 5, "received %d of 5 bytes", received);
}
