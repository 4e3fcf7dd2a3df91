/* Leaves an edge-triggered socket half read, and sleeps: with the functions of other_functions.c. */
#define _GNU_SOURCE
#include "check.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

ssize_t other_read(int fd, void *buffer, size_t size);
int other_wait(int epfd, struct epoll_event *events, int maxevents, int timeout);

int main(void)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLET};
    char byte;
    int ends[2], epfd = epoll_create1(0);
    CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
    CHECK_EQ(epoll_ctl(epfd, EPOLL_CTL_ADD, ends[0], &event), 0);
    CHECK_EQ(write(ends[1], "abc", 3), 3);
    CHECK_EQ(other_wait(epfd, &event, 1, -1), 1);
    CHECK_EQ(other_read(ends[0], &byte, 1), 1);
    CHECK_EQ(other_wait(epfd, &event, 1, 2500), 0);
    return 0;
}
