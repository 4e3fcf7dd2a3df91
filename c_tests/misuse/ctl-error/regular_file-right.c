/* A regular file is always ready, so that there is nothing to register: it is read in every turn of
 * the loop, which does not sleep as long as there is such an input.
 *
 * expect: nothing
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

static bool is_always_ready(int fd)
{
    struct stat file;
    MUST(fstat(fd, &file));
    return S_ISREG(file.st_mode);
}

int main(void)
{
    int input = open_input(), received = 0, epfd = MUST(epoll_create1(EPOLL_CLOEXEC));
    struct epoll_event event, interest = {.events = EPOLLIN, .data.fd = input};
    char buffer[64];
    bool ready = is_always_ready(input);
    if (!ready)
        MUST(epoll_ctl(epfd, EPOLL_CTL_ADD, input, &interest));

    if (DELIVERED(epoll_wait(epfd, &event, 1, ready ? 0 : 1000)) == 1 || ready)
        received = MUST(read(input, buffer, sizeof(buffer)));

    MUST(close(input));
    MUST(close(epfd));
    return report(received < 5, "received %d of 5", received);
}
