/* The listener of an echo server is edge-triggered, and accepts once for each event. Of connections that come at
 * the same time the later ones stay in the backlog.
 *
 * Right: it accepts until EAGAIN.
 *
 * expect: edge-not-drained
 * after: https://github.com/sysprog21/kecho/pull/2
 * shows: hangs
 */
#include "../misuse/loop.h"

enum { CLIENTS = 3, RUN_MS = 2500 };

static void add(int epfd, int fd)
{
    struct epoll_event interest = {.events = EPOLLIN | EPOLLET, .data.fd = fd};
    MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &interest));
}

static int accept_one(int listener)
{
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK); /* finding */
    return fd == -1 && errno == EAGAIN ? -1 : MUST(fd);
}

static void echo(int fd)
{
    char buffer[64];
    for (ssize_t size; (size = read(fd, buffer, sizeof(buffer))) > 0;)
        MUST(send(fd, buffer, (size_t)size, MSG_NOSIGNAL));
}

int main(void)
{
    struct sockaddr_in address;
    int clients[CLIENTS], accepted[CLIENTS], count = 0, epfd = MUST(epoll_create1(EPOLL_CLOEXEC));
    int listener = listen_on_loopback(SOCK_NONBLOCK, &address);
    add(epfd, listener);
    for (int i = 0; i < CLIENTS; i++) {
        clients[i] = connect_to(&address);
        tell(clients[i], "dummy message");
    }

    int64_t end = in_ms(RUN_MS);
    for (int ms; (ms = ms_until(end)) > 0;) {
        struct epoll_event event;
        if (DELIVERED(epoll_wait(epfd, &event, 1, ms)) == 0)
            continue;
        if (event.data.fd != listener) {
            echo(event.data.fd);
            continue;
        }
#ifndef RIGHT
        accepted[count] = accept_one(listener);
        add(epfd, accepted[count++]);
#else
        for (int fd; (fd = accept_one(listener)) != -1;) {
            add(epfd, fd);
            accepted[count++] = fd;
        }
#endif
    }

    for (int i = 0; i < count; i++)
        MUST(close(accepted[i]));
    for (int i = 0; i < CLIENTS; i++)
        MUST(close(clients[i]));
    MUST(close(listener));
    MUST(close(epfd));
    return report(count < CLIENTS, "accepted %d of %d", count, CLIENTS);
}
