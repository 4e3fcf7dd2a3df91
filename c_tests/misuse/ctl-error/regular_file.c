/* Registers its input without asking what file it is. A regular file cannot be waited for (EPERM, epoll_ctl(2)):
 * with the input redirected from a file the loop waits for ever for what it could have read at
 * once.
 *
 * Right: a regular file is always ready, so that there is nothing to register. It is read in every
 * turn of the loop, which does not sleep as long as there is such an input.
 *
 * expect: ctl-error
 * after: https://github.com/chriskohlhoff/asio/issues/111
 * shows: hangs
 */
#include "../loop.h"

#include <sys/mman.h>
#include <sys/stat.h>

static int open_input(void)
{
    int file = MUST(memfd_create("input", MFD_CLOEXEC));
    MUST(write(file, "hello", 5));
    MUST(lseek(file, 0, SEEK_SET));
    return file;
}

#ifdef RIGHT
static bool is_always_ready(int fd)
{
    struct stat file;
    MUST(fstat(fd, &file));
    return S_ISREG(file.st_mode);
}
#endif

int main(void)
{
    int input = open_input(), received = 0, epfd = MUST(epoll_create1(EPOLL_CLOEXEC));
    struct epoll_event event, interest = {.events = EPOLLIN, .data.fd = input};
    char buffer[64];
    bool ready = false;
#ifndef RIGHT
    epoll_ctl(epfd, EPOLL_CTL_ADD, input, &interest); /* finding */
#else
    ready = is_always_ready(input);
    if (!ready)
        MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, input, &interest));
#endif

    if (DELIVERED(epoll_wait(epfd, &event, 1, ready ? 0 : 1000)) == 1 || ready)
        received = MUST(read(input, buffer, sizeof(buffer)));

    MUST(close(input));
    MUST(close(epfd));
    return report(received < 5, "received %d of 5", received);
}
