/* Sends a large answer over a socket that blocks, to a client that does not read yet: the loop
 * sleeps in send until the client reads, and the client reads when it has another answer.
 *
 * Right: no socket blocks. What does not fit waits for EPOLLOUT, and the loop serves the others.
 *
 * expect: blocking-fd
 * after: https://github.com/lalinsky/zio/issues/391
 * shows: blocks
 */
#include "large.h"

#ifndef RIGHT

int main(void)
{
    int large, small, open = 2, epfd = MUST(epoll_create1(EPOLL_CLOEXEC));
    struct client client = {.patience_ms = 2000};
    connect_pair(&large, &client.writer);
    connect_pair(&small, &client.peer);
    MUST(fcntl(large, F_SETFL, 0));
    struct epoll_event first = {.events = EPOLLIN, .data.fd = large};
    struct epoll_event second = {.events = EPOLLIN, .data.fd = small};
    MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, large, &first));
    MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, small, &second));
    pthread_t thread = start_client(ask_for_both, &client);

    while (open > 0) {
        struct epoll_event events[2];
        int count = DELIVERED(epoll_wait(epfd, events, 2, -1));
        for (int i = 0; i < count; i++) {
            char request;
            int fd = events[i].data.fd;
            if (MUST(read(fd, &request, 1)) == 1) {
                MUST(send(fd, large_answer, fd == large ? LARGE : 1, MSG_NOSIGNAL)); /* finding */
            } else {
                MUST(epoll_ctl(epfd, EPOLL_CTL_DEL, fd, NULL));
                MUST(close(fd));
                open--;
            }
        }
    }

    pthread_join(thread, NULL);
    MUST(close(epfd));
    return report(!client.answered, "answered in time: %d of 1", client.answered);
}

#else

struct connection {
    int epfd, fd;
    size_t size, sent, total; /* of its answer; 0 in total until it asks */
    uint32_t interest;
    bool open;
};

static void open_connection(struct connection *c, int epfd, size_t size, int *peer)
{
    *c = (struct connection){.epfd = epfd, .size = size, .interest = EPOLLIN, .open = true};
    connect_pair(&c->fd, peer);
    struct epoll_event interest = {.events = c->interest, .data.ptr = c};
    MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, c->fd, &interest));
}

static void update_interest(struct connection *c)
{
    uint32_t wanted = c->sent < c->total ? EPOLLIN | EPOLLOUT : EPOLLIN;
    struct epoll_event interest = {.events = wanted, .data.ptr = c};
    if (wanted != c->interest)
        MUST(epoll_ctl(c->epfd, EPOLL_CTL_MOD, c->fd, &interest));
    c->interest = wanted;
}

static void serve(struct connection *c, uint32_t events)
{
    char request;
    ssize_t size = events & EPOLLOUT ? -1 : read(c->fd, &request, 1);
    if (size == 0) {
        MUST(epoll_ctl(c->epfd, EPOLL_CTL_DEL, c->fd, NULL));
        MUST(close(c->fd));
        c->open = false;
        return;
    }
    if (size == 1)
        c->total = c->size;
    while (c->sent < c->total) {
        ssize_t sent = send(c->fd, large_answer, c->total - c->sent, MSG_NOSIGNAL);
        if (sent == -1 && errno == EAGAIN)
            break;
        c->sent += (size_t)MUST(sent);
    }
    update_interest(c);
}

int main(void)
{
    struct connection large, small;
    int epfd = MUST(epoll_create1(EPOLL_CLOEXEC));
    struct client client = {.patience_ms = 5000};
    open_connection(&large, epfd, LARGE, &client.writer);
    open_connection(&small, epfd, 1, &client.peer);
    pthread_t thread = start_client(ask_for_both, &client);

    while (large.open || small.open) {
        struct epoll_event events[2];
        int count = DELIVERED(epoll_wait(epfd, events, 2, -1));
        for (int i = 0; i < count; i++)
            serve(events[i].data.ptr, events[i].events);
    }

    pthread_join(thread, NULL);
    MUST(close(epfd));
    return report(!client.answered, "answered in time: %d of 1", client.answered);
}

#endif
