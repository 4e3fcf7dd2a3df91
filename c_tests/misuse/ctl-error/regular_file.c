/* Registers its input, whatever it is. A regular file cannot be waited for (EPERM, epoll_ctl(2)):
 * with the input redirected from a file the loop waits for ever for what it could have read at
 * once.
 *
 * expect: ctl-error
 * after: https://github.com/chriskohlhoff/asio/issues/111
 * shows: hangs
 */
#include "../loop.h"

#include <sys/mman.h>

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
    epoll_ctl(epfd, EPOLL_CTL_ADD, input, &interest); /* finding */

    if (DELIVERED(epoll_wait(epfd, &event, 1, 1000)) == 1)
        received = MUST(read(input, buffer, sizeof(buffer)));

    MUST(close(input));
    MUST(close(epfd));
    return report(received < 5, "received %d of 5", received);
}
