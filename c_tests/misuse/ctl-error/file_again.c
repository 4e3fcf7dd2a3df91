/* Registers its input in every turn of its loop until that works. A regular file is refused each time
 * (EPERM, epoll_ctl(2)), and the input is never read.
 *
 * Right: takes EPERM for what it is, and reads the file without epoll: it is always ready.
 *
 * expect: ctl-error
 * after: https://github.com/chriskohlhoff/asio/issues/111
 * shows: hangs
 */
#include "../loop.h"

#include <sys/mman.h>

enum { TURNS = 4 };

static int open_input(void)
{
    int file = MUST(memfd_create("input", MFD_CLOEXEC));
    MUST(write(file, "hello", 5));
    MUST(lseek(file, 0, SEEK_SET));
    return file;
}

int main(void)
{
    int input = open_input(), received = 0, epfd = MUST(epoll_create1(EPOLL_CLOEXEC));
    struct epoll_event event, interest = {.events = EPOLLIN, .data.fd = input};
    char buffer[64];
    bool without_epoll = false;

    for (int turn = 0; turn < TURNS && received == 0; turn++) {
#ifndef RIGHT
        epoll_ctl(epfd, EPOLL_CTL_ADD, input, &interest); /* finding */
#else
        if (!without_epoll && epoll_ctl(epfd, EPOLL_CTL_ADD, input, &interest) < 0)
            without_epoll = errno == EPERM;
#endif
        int ready = DELIVERED(epoll_wait(epfd, &event, 1, without_epoll ? 0 : 200));
        if (ready == 1 || without_epoll)
            received = MUST(read(input, buffer, sizeof(buffer)));
    }

    MUST(close(input));
    MUST(close(epfd));
    return report(received < 5, "received %d of 5", received);
}
