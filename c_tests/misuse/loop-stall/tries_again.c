/* A server that sends a large answer, and when there is no room tries again at once, until there is: for as
 * long as that client does not read, it serves nobody else.
 *
 * Right: keeps the rest, and asks for EPOLLOUT.
 *
 * expect: loop-stall
 * shows: blocks
 */
#include "../loop.h"

#include <pthread.h>

enum { SIZE = 1 << 22 };

static char answer[SIZE];
static size_t sent;
static long in_vain;

/* A client that takes its time before it reads. */
static void *be_slow(void *argument)
{
    static char text[65536];
    int fd = *(int *)argument;
    size_t got = 0;
    sleep_until(in_ms(250));
    while (got < SIZE)
        got += (size_t)MUST(read(fd, text, sizeof(text)));
    return NULL;
}

/* Sends what is left. Whether that was all. */
static bool send_rest(int fd)
{
    while (sent < SIZE) {
        ssize_t size = send(fd, answer + sent, SIZE - sent, MSG_NOSIGNAL); /* finding */
        if (size >= 0) {
            sent += (size_t)size;
            continue;
        }
        if (errno != EAGAIN)
            exit(1);
        in_vain++;
#ifdef RIGHT
        return false;
#endif
    }
    return true;
}

int main(void)
{
    int fd, peer, epfd = MUST(epoll_create1(EPOLL_CLOEXEC));
    pthread_t client;
    connect_pair(&fd, &peer);
    struct epoll_event interest = {.events = EPOLLIN, .data.fd = fd}, event;
    MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &interest));
    tell(peer, "get");
    if (pthread_create(&client, NULL, be_slow, &peer) != 0)
        exit(1);
    bool is_sent = false;
    while (!is_sent) {
        char request[8];
        if (DELIVERED(epoll_wait(epfd, &event, 1, -1)) == 0)
            continue;
        if (event.events & EPOLLIN)
            MUST(read(fd, request, sizeof(request)));
        is_sent = send_rest(fd);
        interest.events = is_sent ? EPOLLIN : EPOLLOUT;
        MUST(epoll_ctl(epfd, EPOLL_CTL_MOD, fd, &interest));
    }
    pthread_join(client, NULL);
    MUST(epoll_ctl(epfd, EPOLL_CTL_DEL, fd, NULL));
    MUST(close(fd));
    MUST(close(peer));
    MUST(close(epfd));
    return report(in_vain > 3000, "%ld sends in vain", in_vain);
}
