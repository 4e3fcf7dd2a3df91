/* Reads an edge-triggered stream at its own pace: a part, a pause of 1.3 s by the timeout of its wait, the
 * next part. Nothing is left: each pause ends by itself. */
#define _GNU_SOURCE
#include "check.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PARTS = 3, PART = 1000, PAUSE_MS = 1300 };

int main(void)
{
    static char data[PARTS * PART], buffer[PART];
    int ends[2], received = 0, epfd = epoll_create1(EPOLL_CLOEXEC);
    CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
    struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data.fd = ends[0]};
    CHECK_EQ(epoll_ctl(epfd, EPOLL_CTL_ADD, ends[0], &event), 0);
    CHECK_EQ(write(ends[1], data, sizeof(data)), (ssize_t)sizeof(data));
    CHECK_EQ(epoll_wait(epfd, &event, 1, -1), 1);
    while (received < PARTS * PART) {
        ssize_t size = read(ends[0], buffer, sizeof(buffer));
        CHECK(size > 0);
        received += (int)size;
        CHECK_EQ(epoll_wait(epfd, &event, 1, PAUSE_MS), 0);
    }
    printf("received %d\n", received);
    return 0;
}
