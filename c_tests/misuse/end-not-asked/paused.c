/* A server that takes a request, and waits for nothing more from that client until it has the answer:
 * it sets the mask to 0. The clients give up and leave. Nothing tells the server: the sockets stay.
 *
 * Right: keeps EPOLLRDHUP in the mask, and closes when it comes.
 *
 * expect: end-not-asked
 * after: https://github.com/toffaletti/state-threads/issues/4
 * shows: hangs
 */
#include "../loop.h"

#include <sys/socket.h>

enum { CLIENTS = 6 };

#ifndef RIGHT
enum { WHILE_ANSWERING = 0 };
#else
enum { WHILE_ANSWERING = EPOLLRDHUP };
#endif

static void take_request(int epfd, int fd)
{
    char request[64];
    struct epoll_event interest = {.events = WHILE_ANSWERING, .data.fd = fd};
    if (read(fd, request, sizeof(request)) > 0)
        MUST(epoll_ctl(epfd, EPOLL_CTL_MOD, fd, &interest)); /* finding */
}

int main(void)
{
    struct sockaddr_in address;
    int listener = listen_on_loopback(SOCK_CLOEXEC, &address);
    int epfd = MUST(epoll_create1(EPOLL_CLOEXEC)), clients[CLIENTS], served[CLIENTS];
    for (int i = 0; i < CLIENTS; i++) {
        clients[i] = connect_to(&address);
        served[i] = MUST(accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC));
        struct epoll_event interest = {.events = EPOLLIN | EPOLLRDHUP, .data.fd = served[i]};
        MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, served[i], &interest));
        tell(clients[i], "get");
    }

    int requests = 0, closed = 0;
    int64_t end = in_ms(IS_MISUSE ? 13000 : 20000);
    while (closed < CLIENTS && ms_until(end) > 0) {
        struct epoll_event event;
        if (DELIVERED(epoll_wait(epfd, &event, 1, ms_until(end))) == 0)
            continue;
        if (event.events & EPOLLIN) {
            take_request(epfd, event.data.fd);
            if (++requests == CLIENTS)
                for (int i = 0; i < CLIENTS; i++)
                    MUST(close(clients[i]));
        } else if (event.events & EPOLLRDHUP) {
            MUST(close(event.data.fd));
            closed++;
        }
    }

    for (int i = 0; i < CLIENTS && closed == 0; i++)
        MUST(close(served[i]));
    MUST(close(listener));
    MUST(close(epfd));
    return report(closed < CLIENTS, "closed %d of %d connections", closed, CLIENTS);
}
