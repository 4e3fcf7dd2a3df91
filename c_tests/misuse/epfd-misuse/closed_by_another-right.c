/* Who closes a descriptor forgets its number, so that it cannot be closed again.
 *
 * expect: nothing
 */
#include "../loop.h"

static void close_and_forget(int *fd)
{
    if (*fd != -1)
        MUST(close(*fd));
    *fd = -1;
}

int main(void)
{
    int fd, peer, failed = 0, received = 0;
    connect_pair(&fd, &peer);
    struct epoll_event event, interest = {.events = EPOLLIN, .data.fd = fd};
    int mine = MUST(open("/dev/null", O_RDONLY | O_CLOEXEC));
    close_and_forget(&mine);
    int epfd = MUST(epoll_create1(EPOLL_CLOEXEC));
    close_and_forget(&mine);
    int other = MUST(open("/dev/null", O_RDONLY | O_CLOEXEC));

    tell(peer, "hello");
    failed += epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &interest) == -1;
    for (int i = 0; i < 5; i++) {
        char buffer[64];
        int count = epoll_wait(epfd, &event, 1, 200);
        failed += count == -1;
        if (count == 1)
            received += MUST(read(fd, buffer, sizeof(buffer)));
    }

    MUST(epoll_ctl(epfd, EPOLL_CTL_DEL, fd, NULL));
    MUST(close(epfd));
    MUST(close(other));
    MUST(close(fd));
    MUST(close(peer));
    return report(failed > 0 || received < 5, "received %d of 5, failed calls: %d", received,
                  failed);
}
