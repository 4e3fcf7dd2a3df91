/* An event loop with a mistake, for `epshim check` to find: it reads an edge-triggered socket once,
 * and the request is longer than its buffer. Of the rest no event will tell. */
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

static const char request[] = "GET /index.html HTTP/1.1\r\n\r\n";

int main(void)
{
    struct epoll_event interest = {.events = EPOLLIN | EPOLLET}, event;
    char buffer[16];
    int ends[2], epfd = epoll_create1(EPOLL_CLOEXEC);

    if (epfd < 0 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) < 0 ||
        epoll_ctl(epfd, EPOLL_CTL_ADD, ends[0], &interest) < 0 ||
        write(ends[1], request, strlen(request)) < 0) {
        perror("stranded");
        return 1;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    while (epoll_wait(epfd, &event, 1, 1500) == 1)
        printf("read %zd of %zu bytes\n", read(ends[0], buffer, sizeof(buffer)), strlen(request));
    puts("nothing more has come");
    return 0;
}
