#define _GNU_SOURCE
/* One wait returns two clients that have left without a word. The handler of each closes it, and opens a file,
 * which gets the same number and is closed unread: nothing is lost with it. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define MUST(call)               \
    do {                         \
        if ((call) == -1) {      \
            perror(#call);       \
            exit(1);             \
        }                        \
    } while (0)

enum { CLIENTS = 2 };

static void open_file(int number)
{
    int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    if (fd != number) {
        fprintf(stderr, "the file is %d, not %d\n", fd, number);
        exit(1);
    }
}

int main(void)
{
    int epfd = epoll_create1(EPOLL_CLOEXEC);
    MUST(epfd);
    for (int i = 0; i < CLIENTS; i++) {
        int pair[2];
        MUST(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair));
        struct epoll_event interest = {.events = EPOLLIN | EPOLLRDHUP, .data.fd = pair[0]};
        MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, pair[0], &interest));
        MUST(close(pair[1]));
    }
    struct epoll_event events[CLIENTS];
    if (epoll_wait(epfd, events, CLIENTS, -1) != CLIENTS)
        return 1;
    for (int i = 0; i < CLIENTS; i++) {
        MUST(close(events[i].data.fd));
        open_file(events[i].data.fd);
    }
    for (int i = 0; i < CLIENTS; i++)
        MUST(close(events[i].data.fd));
    /* What was found of the closes is told now. */
    MUST(epoll_wait(epfd, events, CLIENTS, 1));
    MUST(close(epfd));
    return 0;
}
