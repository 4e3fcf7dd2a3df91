/* With EPOLLONESHOT the interest is set anew each time: a connection in progress is registered for EPOLLOUT, and
 * at once again for errors, which leaves EPOLLOUT out. It is connected, and nobody is ever told.
 *
 * Right: what is asked for later is added to what is asked for.
 *
 * expect: connect-unfinished
 * after: https://github.com/pjsip/pjproject/pull/2747
 * shows: hangs
 */
#include "../misuse/loop.h"

struct key {
    int epfd, fd;
    uint32_t wanted;
};

static void add_to_set(struct key *k, uint32_t events)
{
#ifndef RIGHT
    k->wanted = EPOLLIN | EPOLLERR | events;
#else
    k->wanted |= EPOLLIN | EPOLLERR | events;
#endif
    struct epoll_event interest = {.events = k->wanted | EPOLLONESHOT, .data.ptr = k};
    MUST(epoll_ctl(k->epfd, EPOLL_CTL_MOD, k->fd, &interest));
}

int main(void)
{
    struct sockaddr_in address;
    int listener = listen_on_loopback(0, &address), registered = 0;
    struct key key = {.epfd = MUST(epoll_create1(EPOLL_CLOEXEC))};
    key.fd = MUST(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    struct epoll_event event, none = {.events = EPOLLERR | EPOLLONESHOT, .data.ptr = &key};
    MUST(epoll_ctl(key.epfd, EPOLL_CTL_ADD, key.fd, &none));
    if (connect(key.fd, (struct sockaddr *)&address, sizeof(address)) == -1) { /* finding */
        if (errno != EINPROGRESS)
            exit(1);
        add_to_set(&key, EPOLLOUT);
        add_to_set(&key, 0);
    }
    int peer = MUST(accept4(listener, NULL, NULL, SOCK_CLOEXEC));

    int64_t end = in_ms(2800);
    for (int ms; registered == 0 && (ms = ms_until(end)) > 0;) {
        if (DELIVERED(epoll_wait(key.epfd, &event, 1, ms)) == 0)
            continue;
        int error;
        socklen_t size = sizeof(error);
        MUST(getsockopt(key.fd, SOL_SOCKET, SO_ERROR, &error, &size));
        registered = MUST(send(key.fd, "REGISTER", 8, MSG_NOSIGNAL)) == 8;
    }

    MUST(close(key.fd));
    MUST(close(peer));
    MUST(close(listener));
    MUST(close(key.epfd));
    return report(registered != 1, "registered: %d of 1", registered);
}
