/* Accepts until EAGAIN on a listener that blocks: the first client is in, the second accept sleeps
 * until another comes, and the first one's request lies there.
 *
 * Right: the listener is made with SOCK_NONBLOCK, so that accepting ends with EAGAIN. The
 * descriptors that accept returns do not inherit that (accept(2)): accept4 asks for it again.
 *
 * expect: blocking-fd
 * after: https://github.com/pgexporter/pgexporter/issues/586
 * shows: blocks
 */
#include "client.h"

static struct sockaddr_in address;

/* Asks, and ends the server's listener when it has its answer or no patience left: that ends a
 * sleeping accept too, with EINVAL. */
static void *connect_and_ask(void *argument)
{
    struct client *client = argument;
    char buffer[64];
    client->peer = connect_to(&address);
    tell(client->peer, "question");
    client->answered = is_answered(client);
    MUST(shutdown(client->writer, SHUT_RDWR));
    MUST(read(client->peer, buffer, sizeof(buffer)));
    MUST(close(client->peer));
    return NULL;
}

static void stop_watching(int epfd, int fd)
{
    MUST(epoll_ctl(epfd, EPOLL_CTL_DEL, fd, NULL));
    MUST(close(fd));
}

/* False: the listener has ended. */
static bool accept_all(int epfd, int listener)
{
    for (;;) {
        int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK); /* finding */
        if (fd == -1)
            return errno == EAGAIN;
        struct epoll_event interest = {.events = EPOLLIN, .data.fd = fd};
        MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &interest));
    }
}

int main(void)
{
#ifndef RIGHT
    int listener = listen_on_loopback(0, &address);
#else
    int listener = listen_on_loopback(SOCK_NONBLOCK, &address);
#endif
    int open = 2, epfd = MUST(epoll_create1(EPOLL_CLOEXEC));
    struct client client = {.patience_ms = IS_MISUSE ? 300 : 5000, .writer = listener};
    struct epoll_event interest = {.events = EPOLLIN, .data.fd = listener};
    MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, listener, &interest));
    pthread_t thread = start_client(connect_and_ask, &client);

    while (open > 0) {
        struct epoll_event event;
        char request[64];
        if (DELIVERED(epoll_wait(epfd, &event, 1, -1)) == 0)
            continue;
        int fd = event.data.fd;
        if (fd == listener ? accept_all(epfd, listener)
                           : MUST(read(fd, request, sizeof(request))) > 0) {
            if (fd != listener)
                MUST(send(fd, "answer", 6, MSG_NOSIGNAL));
        } else {
            stop_watching(epfd, fd);
            open--;
        }
    }

    pthread_join(thread, NULL);
    MUST(close(epfd));
    return report(!client.answered, "answered in time: %d of 1", client.answered);
}
